"""When a message is tried again that could not be delivered, and when that is given up."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_MINUTE, _HOUR = 60.0, 3_600.0

WAITS: Sequence[float] = (
    5.0,
    5 * _MINUTE,
    30 * _MINUTE,
    2 * _HOUR,
    5 * _HOUR,
    10 * _HOUR,
    14 * _HOUR,
    20 * _HOUR,
    24 * _HOUR,
)
"""Seconds from each failed attempt to the next one, as the specification suggests: about three days altogether."""

JITTER = 0.2
"""By how much of itself a wait may be longer, so that what failed together is not tried again together."""

LONGEST_ASKED_FOR = 24 * _HOUR
"""How long an endpoint may have us wait, by `Retry-After`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The waits between attempts; `chance` gives a number from 0 to 1."""

    waits: Sequence[float] = WAITS
    chance: Callable[[], float] = random.random

    def wait_after(self, attempts: int, asked_for: float | None = None) -> float | None:
        """Seconds to wait after so many failed attempts, or as long as the endpoint asked for; None to give up."""
        if attempts > len(self.waits):
            return None
        wait = self.waits[attempts - 1] * (1 + JITTER * self.chance())
        return max(wait, min(asked_for or 0.0, LONGEST_ASKED_FOR))

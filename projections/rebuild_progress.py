"""How far a rebuild in the background is, in the log: seldom, and with about how long it takes still."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

EVERY_SECONDS = 10.0

_log = logging.getLogger(__name__)


class ProgressLog:
    """Is told how far the rebuild of a read model is, and says so every ten seconds at most; never of a short one."""

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._clock = clock
        self._begun = self._said = clock()

    def __call__(self, done: int, total: int) -> None:
        """Say it, if it was not said lately."""
        now = self._clock()
        if now - self._said < EVERY_SECONDS or not done:
            return
        self._said = now
        left = (now - self._begun) / done * max(total - done, 0)
        _log.info("rebuilding %s: %d of %d entries, about %.0f seconds left", self._name, done, total, left)

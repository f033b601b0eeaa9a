"""Points in time: which facts an answer is made from.

Every answer belongs to a moment: the position of the ledger up to which the register had recorded facts, and the
effective date by which they have to be true. The same moment has the same answer for ever.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

AsOf = int | datetime | date
"""A position, an instant with its offset from UTC, or a day in UTC, which means its end."""

_POSITION = re.compile(r"[0-9]{1,18}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}([.,]\d{1,6})?)?([Zz]|[+-]\d{2}:\d{2})")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The facts recorded up to `position` and true by `effective_on`.

    `recorded_at` is when the fact at the position was recorded; None before the first one.
    """

    position: int
    recorded_at: datetime | None
    effective_on: date


class MomentNotOver(Exception):
    """An instant or a day that has not come yet: what is recorded until then nobody knows."""

    def __init__(self, asked: AsOf, now: datetime) -> None:
        super().__init__(f"{_words(asked)} has not come yet: it is {_words(now)}")
        self.asked = asked
        self.now = now


class PositionAhead(Exception):
    """A position that the ledger has not reached."""

    def __init__(self, asked: int, head: int) -> None:
        super().__init__(f"position {asked} was asked about, the ledger's latest is {head}")
        self.asked = asked
        self.head = head


class ViewsBehind(Exception):
    """The read models did not get to a position in time; ask again."""

    def __init__(self, position: int) -> None:
        super().__init__(f"the read models did not reach position {position} in time")


def parse_as_of(text: str) -> AsOf:
    """A position (digits), a day (`2026-01-31`) or an instant (`2026-01-31T12:00:00Z`). Raises ValueError."""
    if _POSITION.fullmatch(text):
        return int(text)
    if _DAY.fullmatch(text):
        return date.fromisoformat(text)
    if _INSTANT.fullmatch(text):
        return datetime.fromisoformat(text.upper().replace(",", ".")).astimezone(UTC)
    raise ValueError(
        "neither a day such as 2026-01-31, nor an instant such as 2026-01-31T12:00:00Z, nor a position such as 1234"
    )


def end_of(day: date) -> datetime:
    """The last instant of a day in UTC; recorded time is told to the microsecond."""
    return datetime.combine(day, time.max, UTC)


def _words(asked: AsOf) -> str:
    return asked.isoformat(timespec="seconds") if isinstance(asked, datetime) else str(asked)

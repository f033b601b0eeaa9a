"""What moved between the opening and the closing of a period, by cause."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from domain.events import PledgeEvent
from domain.progress.report import Movement


def movements(_facts: Iterable[Sequence[PledgeEvent]], _before: date, _end: date) -> tuple[Movement, ...]:
    """The change of the ladder by cause."""
    return ()

"""The course of a pledge through the world: what it was at the end of each day on which something became true.

Facts are recorded in one order and true in another. What was true by a day is folded from the facts effective by
then, in the order of recording; `course` does that for every day at once, and folds anew only where a fact recorded
early became true late.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from domain.events import PledgeEvent
from domain.pledge import Pledge, fold


@dataclass(frozen=True, slots=True)
class Course:
    """A pledge's facts in the order of recording, the days on which any became true, and the pledge at their ends."""

    facts: tuple[PledgeEvent, ...]
    days: tuple[date, ...]
    states: tuple[Pledge | None, ...]

    def on(self, day: date) -> Pledge | None:
        """The pledge at the end of a day; None before its announcement."""
        n = bisect_right(self.days, day)
        return self.states[n - 1] if n else None


def course(facts: Sequence[PledgeEvent], until: date) -> Course:
    """The course of one pledge up to a day; facts that became true later are left out."""
    true = tuple(fact for fact in facts if fact.effective_on <= until)
    reached = list(_states(true))
    return Course(true, tuple(day for day, _ in reached), tuple(pledge for _, pledge in reached))


def _states(facts: Sequence[PledgeEvent]) -> Iterator[tuple[date, Pledge | None]]:
    by_day: dict[date, list[int]] = {}
    for n, fact in enumerate(facts):
        by_day.setdefault(fact.effective_on, []).append(n)
    pledge: Pledge | None = None
    latest = -1
    for day in sorted(by_day):
        numbers = by_day[day]
        if numbers[0] > latest:
            pledge = fold(pledge, (facts[n] for n in numbers))
        else:
            pledge = fold(None, (fact for fact in facts if fact.effective_on <= day))
        latest = max(latest, numbers[-1])
        yield day, pledge

"""What moved between the opening and the closing of a period, by cause."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from domain.difference import COUNT, WHOLE, Cause, PledgeDifference, Recorded, Side, changes, difference
from domain.events import PledgeEvent
from domain.ladder import RUNGS, ZERO, Ladder
from domain.progress.report import Movement


def movements(facts: Iterable[Sequence[PledgeEvent]], before: date, end: date) -> tuple[Movement, ...]:
    """What each cause changed from the end of one day to the end of another, in the order of the causes.

    `domain.difference` says which cause that is. `facts` are those of each pledge, in the order of recording.
    """
    by_cause: defaultdict[Cause, list[Ladder]] = defaultdict(list)
    counted: defaultdict[Cause, int] = defaultdict(int)
    for history in facts:
        if not (found := _difference(history, before, end)):
            continue
        for cause in {movement.cause for movement in found.movements}:
            change, pledges = _change(found, cause)
            if change != Ladder() or pledges:
                by_cause[cause].append(change)
                counted[cause] += pledges
    return tuple(
        Movement(
            cause=cause,
            pledges=len(by_cause[cause]),
            counted=counted[cause],
            change=sum(by_cause[cause], start=Ladder()),
        )
        for cause in Cause
        if cause in by_cause
    )


def _difference(history: Sequence[PledgeEvent], before: date, end: date) -> PledgeDifference | None:
    """How one pledge moved; its facts are numbered, since all of them belong to both moments' position."""
    recorded = [Recorded(number, fact) for number, fact in enumerate(history, start=1)]
    return difference(recorded, Side(len(recorded), before), Side(len(recorded), end))


def _change(found: PledgeDifference, cause: Cause) -> tuple[Ladder, int]:
    """By how much one cause moved a pledge's rungs, and whether it made it stand or fall."""
    moved = changes(movement for movement in found.movements if movement.cause is cause and movement.group == WHOLE)
    ladder = Ladder(**{rung: moved.get((WHOLE, f"{rung}_usd"), ZERO) for rung in RUNGS})
    return ladder, int(moved.get((WHOLE, COUNT), ZERO))

"""What moved between the opening and the closing of a period, by cause, and what moved by reclassification alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from domain.difference import COUNT, WHOLE, Cause, PledgeDifference, Recorded, Side, changes, difference
from domain.difference import Movement as Moved
from domain.events import PledgeEvent
from domain.ladder import RUNGS, ZERO, Ladder
from domain.progress.report import Movement, Reclassification
from domain.vocabulary import CountryGroup


def differences(facts: Iterable[Sequence[PledgeEvent]], before: date, end: date) -> list[PledgeDifference]:
    """How each pledge's figures went from the end of one day to the end of another.

    `facts` are those of each pledge, in the order of recording; they are numbered here, since all of them belong to
    the one position that both days are seen from.
    """
    found = []
    for history in facts:
        recorded = [Recorded(number, fact) for number, fact in enumerate(history, start=1)]
        found.append(difference(recorded, Side(len(recorded), before), Side(len(recorded), end)))
    return [each for each in found if each]


def movements(differences: Iterable[PledgeDifference]) -> tuple[Movement, ...]:
    """What each cause changed in the whole register, in the order of the causes; `domain.difference` knows them."""
    by_cause: defaultdict[Cause, list[Ladder]] = defaultdict(list)
    counted: defaultdict[Cause, int] = defaultdict(int)
    for each in differences:
        for cause in {movement.cause for movement in each.movements}:
            ladder, standing = _change(movement for movement in each.movements if movement.cause is cause)
            if standing or ladder != Ladder():
                by_cause[cause].append(ladder)
                counted[cause] += standing
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


def reclassifications(differences: Iterable[PledgeDifference]) -> tuple[Reclassification, ...]:
    """What changed because countries joined or left a group, by group."""
    moved = [m for each in differences for m in each.movements if m.cause is Cause.RECLASSIFIED]
    return tuple(
        _reclassification(group, of_group)
        for group in CountryGroup
        if (of_group := [movement for movement in moved if movement.measure.startswith(f"{group}_")])
    )


def _reclassification(group: CountryGroup, moved: Sequence[Moved]) -> Reclassification:
    ladder, standing = _change(moved, f"{group}_")
    countries = sorted({country for movement in moved for country in movement.countries})
    return Reclassification(group=group, countries=tuple(countries), pledges=standing, change=ladder)


def _change(moved: Iterable[Moved], of: str = "") -> tuple[Ladder, int]:
    """What movements come to: on each rung, and in the number of standing pledges; of a country group, if one is
    named."""
    sums = changes(movement for movement in moved if movement.group == WHOLE)
    ladder = Ladder(**{rung: sums.get((WHOLE, f"{of}{rung}_usd"), ZERO) for rung in RUNGS})
    return ladder, int(sums.get((WHOLE, f"{of}{COUNT}"), ZERO))

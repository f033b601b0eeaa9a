"""Why two answers differ: every movement of a figure between two moments, each with exactly one cause.

A pledge goes from the facts of one moment to those of the other in steps: first the date alone, then one fact after
another. What a step changes was caused by it, so the causes sum to the difference, whatever the facts are and however
the two moments lie to each other. Facts that only the earlier-named moment has are taken away, the latest first: each
has the same cause, with the opposite sign. Then those that only the other has are added, in ledger order.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from enum import StrEnum
from typing import assert_never

from domain import geography
from domain.counted import Counted, counted_of
from domain.dimensions import Dimension, Division, Key, keys
from domain.events import (
    Amended,
    Announced,
    ContributionQueried,
    ContributionVerified,
    Corrected,
    Declined,
    Fulfilled,
    PartiallyFulfilled,
    PledgeEvent,
    Reported,
    ScaledDown,
    ScaledUp,
    Validated,
    Withdrawn,
)
from domain.ladder import DIGITS, RUNGS, Ladder, is_published
from domain.pledge import Pledge, evolve
from domain.status import PledgeStatus
from domain.totals import attributed
from domain.vocabulary import CountryGroup


class Cause(StrEnum):
    """Why a figure moved, in the order in which it is told."""

    NEW = "new"
    VALIDATED = "validated"
    SCALED_UP = "scaled_up"
    SCALED_DOWN = "scaled_down"
    DELIVERED = "delivered"
    VERIFIED = "verified"
    QUERIED = "queried"
    CORRECTED = "corrected"
    AMENDED = "amended"
    WITHDRAWN = "withdrawn"
    DECLINED = "declined"
    REPORTED = "reported"
    FULFILLED = "fulfilled"
    RECLASSIFIED = "reclassified"


COUNT = "pledges"
_FIGURES = (COUNT, *(f"{rung}_usd" for rung in RUNGS))
MEASURES: tuple[str, ...] = (*_FIGURES, *(f"{group}_{figure}" for group in CountryGroup for figure in _FIGURES))
"""What is measured: pledges admitted and standing, US dollars on each rung, and the same of the pledges that touch a
least developed, a landlocked developing, or a small island developing country."""

Group = tuple[Key, ...]
WHOLE: Group = ()
"""The group of all pledges."""

Slot = tuple[Group, str]
Figures = Mapping[Slot, Decimal]


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two moments: the facts recorded up to a position and true by a date."""

    position: int
    effective_on: date

    def has(self, fact: Recorded) -> bool:
        """Whether the fact belongs to the moment."""
        return fact.position <= self.position and fact.event.effective_on <= self.effective_on


@dataclass(frozen=True, slots=True)
class Recorded:
    """A fact and its position in the ledger."""

    position: int
    event: PledgeEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """What one cause did to one figure of one pledge.

    `positions` are those of the deciding facts; a reclassification has none, but names the `countries` that joined
    or left a group, where it was that.
    """

    cause: Cause
    measure: str
    group: Group
    change: Decimal
    positions: tuple[int, ...] = ()
    countries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PledgeDifference:
    """What a pledge counts at either moment, and every movement between.

    `published` says whether it was in the published register at one of them at least.
    """

    reference: str
    published: bool
    opening: Figures
    closing: Figures
    movements: tuple[Movement, ...]


def difference(
    facts: Sequence[Recorded],
    opening: Side,
    closing: Side,
    division: Division | None = None,
    *,
    state: Pledge | None = None,
) -> PledgeDifference | None:
    """How a pledge's figures went from one moment to another; None for a pledge that neither knows.

    `facts` are all its facts, in ledger order; with a `state`, those alone that come after it. That has to be the state
    at the earlier-named moment, and one whose facts the other moment has too, without any other that is as early.
    """
    division = division or Division()
    first, *steps = _steps(state, facts, opening, closing)
    pledges = [step.pledge for step in (first, *steps)]
    known = pledges[-1] or pledges[0]
    if known is None:
        return None
    before, figures, moved = _dated(_counted(first.pledge), opening, closing, division)
    for step in steps:
        after = _figures(_counted(step.pledge), closing, division)
        moved.add(step.cause, step.position, figures, after)
        figures = after
    return PledgeDifference(
        reference=known.reference,
        published=any(pledge is not None and is_published(pledge) for pledge in (pledges[0], pledges[-1])),
        opening=before,
        closing=figures,
        movements=tuple(moved.told(lambda: _reclassified(first.pledge, opening, closing))),
    )


def undecided(status: PledgeStatus, opening: Side, closing: Side, division: Division) -> PledgeDifference:
    """The same of a pledge whose facts, and so whose status, are the same at both: only the date can move it."""
    before, after, moved = _dated(status, opening, closing, division)
    return PledgeDifference(
        reference=status.reference,
        published=status.published,
        opening=before,
        closing=after,
        movements=tuple(moved.told(lambda: _reclassified(status, opening, closing))),
    )


def _dated(
    counted: Counted | None, opening: Side, closing: Side, division: Division
) -> tuple[Figures, Figures, _Movements]:
    """The figures of the earlier-named moment's facts on its own day and on the other's, and what that moved."""
    before, moved = _figures(counted, opening, division), _Movements()
    if opening.effective_on == closing.effective_on:
        return before, before, moved
    after = _figures(counted, closing, division)
    moved.add(Cause.RECLASSIFIED, None, before, after)
    return before, after, moved


def cause_of(event: PledgeEvent) -> Cause:
    """What a fact is the cause of, if anything moves with it.

    A report or a closing moves no value, but moves a pledge from one part to another where totals are divided by
    lifecycle or by reporting.
    """
    match event:
        case Announced():
            return Cause.NEW
        case Validated():
            return Cause.VALIDATED
        case Declined():
            return Cause.DECLINED
        case ScaledUp():
            return Cause.SCALED_UP
        case ScaledDown():
            return Cause.SCALED_DOWN
        case PartiallyFulfilled():
            return Cause.DELIVERED
        case ContributionVerified():
            return Cause.VERIFIED
        case ContributionQueried():
            return Cause.QUERIED
        case Corrected():
            return Cause.CORRECTED
        case Amended():
            return Cause.AMENDED
        case Withdrawn():
            return Cause.WITHDRAWN
        case Reported():
            return Cause.REPORTED
        case Fulfilled():
            return Cause.FULFILLED
        case _:
            assert_never(event)


def added(each: Iterable[Figures]) -> Figures:
    """The figures together, exactly."""
    sums: defaultdict[Slot, Decimal] = defaultdict(Decimal)
    with localcontext(prec=DIGITS):
        for figures in each:
            for slot, amount in figures.items():
                sums[slot] += amount
    return dict(sums)


@dataclass(frozen=True, slots=True)
class _Step:
    """The pledge after a step, the cause of the step, and the position of its fact."""

    pledge: Pledge | None
    cause: Cause = Cause.RECLASSIFIED
    position: int | None = None


def _steps(state: Pledge | None, facts: Sequence[Recorded], opening: Side, closing: Side) -> Iterator[_Step]:
    """From the facts of one moment to those of the other, one at a time."""
    selection = _Selection(state, (fact for fact in facts if opening.has(fact)))
    yield _Step(selection.pledge)
    for fact in reversed(facts):
        if opening.has(fact) and not closing.has(fact):
            selection.take_away(fact)
            yield _Step(selection.pledge, cause_of(fact.event), fact.position)
    for fact in facts:
        if closing.has(fact) and not opening.has(fact):
            selection.add(fact)
            yield _Step(selection.pledge, cause_of(fact.event), fact.position)


class _Selection:
    """Some facts in ledger order, and the pledge after each, so that the last can come and go without a new fold.

    `state` is the pledge before all of them.
    """

    def __init__(self, state: Pledge | None, facts: Iterable[Recorded]) -> None:
        self._state = state
        self._facts = list(facts)
        self._pledges: list[Pledge | None] = []
        self._fold()

    @property
    def pledge(self) -> Pledge | None:
        return self._pledges[-1] if self._pledges else self._state

    def take_away(self, fact: Recorded) -> None:
        at = bisect_left(self._facts, fact.position, key=_position)
        del self._facts[at], self._pledges[at:]
        self._fold()

    def add(self, fact: Recorded) -> None:
        at = bisect_left(self._facts, fact.position, key=_position)
        self._facts.insert(at, fact)
        del self._pledges[at:]
        self._fold()

    def _fold(self) -> None:
        for fact in self._facts[len(self._pledges) :]:
            self._pledges.append(evolve(self.pledge, fact.event))


def _position(fact: Recorded) -> int:
    return fact.position


def _counted(pledge: Pledge | None) -> Counted | None:
    return counted_of(pledge) if pledge else None


def _figures(counted: Counted | None, side: Side, division: Division) -> Figures:
    return figures_of(counted, side.effective_on, division) if counted else {}


def figures_of(pledge: Counted, on: date, division: Division) -> Figures:
    """What a pledge counts on a day: in the whole, in the country groups, and in the parts it belongs to."""
    found = dict(of_whole(groups_touched(pledge, on), pledge.ladder, pledge.standing))
    if division.by:
        for part, share in attributed(pledge, division.by, on, division.attribution):
            found |= of_part(part, share, pledge.standing)
    return found


def groups_touched(pledge: Counted, on: date) -> tuple[CountryGroup, ...]:
    """The country groups that a pledge touches on a day."""
    touched = keys(pledge, Dimension.TARGET_GROUP, on)
    return tuple(group for group in CountryGroup if group in touched)


def of_whole(groups: Iterable[CountryGroup], ladder: Ladder, standing: int) -> Figures:
    """What pledges count in the whole that touch these country groups: so many that stand, and dollars on each rung."""
    found: dict[Slot, Decimal] = {}
    for prefix in ("", *(f"{group}_" for group in groups)):
        found |= _measured(WHOLE, prefix, ladder, standing)
    return found


def of_part(part: Group, ladder: Ladder, standing: int) -> Figures:
    """What pledges count in a part: so many that stand, and dollars on each rung."""
    return _measured(part, "", ladder, standing)


def _measured(group: Group, prefix: str, ladder: Ladder, standing: int) -> dict[Slot, Decimal]:
    amounts = {COUNT: Decimal(standing), **{f"{rung}_usd": getattr(ladder, rung) for rung in RUNGS}}
    return {(group, prefix + figure): amount for figure, amount in amounts.items() if amount}


def _reclassified(pledge: Pledge | Counted | None, opening: Side, closing: Side) -> Mapping[str, tuple[str, ...]]:
    """The pledge's countries that joined or left a group between the two dates, by group; under "" all of them."""
    countries = sorted(set(pledge.countries)) if pledge else ()
    moved = {
        country: geography.groups_of(country, opening.effective_on) ^ geography.groups_of(country, closing.effective_on)
        for country in countries
    }
    by_group = {str(group): tuple(c for c, changed in moved.items() if group in changed) for group in CountryGroup}
    return {**by_group, "": tuple(country for country, changed in moved.items() if changed)}


class _Movements:
    """Adds up what each cause did to each figure."""

    def __init__(self) -> None:
        self._changes: defaultdict[tuple[Cause, Slot], Decimal] = defaultdict(Decimal)
        self._positions: defaultdict[tuple[Cause, Slot], list[int]] = defaultdict(list)

    def add(self, cause: Cause, position: int | None, before: Figures, after: Figures) -> None:
        with localcontext(prec=DIGITS):
            for slot in {**before, **after}:
                change = after.get(slot, Decimal(0)) - before.get(slot, Decimal(0))
                if change:
                    self._changes[cause, slot] += change
                    if position is not None:
                        self._positions[cause, slot].append(position)

    def told(self, reclassified: Callable[[], Mapping[str, tuple[str, ...]]]) -> Iterator[Movement]:
        for (cause, (group, measure)), change in sorted(self._changes.items(), key=_in_order):
            if change:
                of_group = next((g for g in CountryGroup if measure.startswith(f"{g}_")), "")
                yield Movement(
                    cause=cause,
                    measure=measure,
                    group=group,
                    change=change,
                    positions=tuple(sorted(self._positions[cause, (group, measure)])),
                    countries=reclassified()[of_group] if cause is Cause.RECLASSIFIED else (),
                )


_CAUSES = list(Cause)


def _in_order(item: tuple[tuple[Cause, Slot], Decimal]) -> tuple[object, ...]:
    (cause, (group, measure)), _ = item
    return len(group), [str(key) for key in group], _CAUSES.index(cause), MEASURES.index(measure)


def changes(movements: Iterable[Movement]) -> Figures:
    """What the movements come to, by figure."""
    return added({(movement.group, movement.measure): movement.change} for movement in movements)

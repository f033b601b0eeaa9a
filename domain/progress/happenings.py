"""What happened to pledges in the period: kept, scaled up, scaled down, left, and not admitted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import TypeVar

from domain.events import Fulfilled, ScaledDown, ScaledUp, Withdrawn
from domain.ladder import sum_of
from domain.obligations import Names, called
from domain.pledge import Pledge
from domain.progress.portfolio import Passage
from domain.progress.report import Change, Changes, Period, Unnamed

Ending = TypeVar("Ending", Fulfilled, Withdrawn)


def changes(passages: Iterable[Passage], period: Period, names: Names) -> Changes:
    """What happened in the period. What a later fact undid, a reopened fulfilment say, is not listed."""
    all_ = list(passages)
    named = [passage for passage in all_ if passage.is_published]
    unnamed = [passage.closing for passage in all_ if not passage.is_published]
    return Changes(
        fulfilled=_in_order(_fulfilled(named, period, names)),
        scaled_up=_in_order(_scaled_up(named, period, names)),
        scaled_down=_in_order(_scaled_down(named, period, names)),
        withdrawn=_in_order(_withdrawn(named, period, names)),
        declined=_counted(pledge for pledge in unnamed if _within(pledge.declined_on, period)),
        withdrawn_before_admission=_counted(
            pledge for pledge in unnamed if not pledge.declined_on and _within(pledge.withdrawn_on, period)
        ),
    )


def waiting(passages: Iterable[Passage]) -> Unnamed:
    """The pledges that wait for BDT's decision when the period closes."""
    pledges = (passage.closing for passage in passages if not passage.is_published)
    return _counted(pledge for pledge in pledges if not pledge.declined_on and not pledge.withdrawn_on)


def _fulfilled(passages: Iterable[Passage], period: Period, names: Names) -> Iterator[Change]:
    for passage in passages:
        pledge = passage.closing
        if pledge.fulfilled_on and pledge.fulfilled_on in period and not pledge.withdrawn_on:
            fact = _last(passage, Fulfilled)
            yield _change(pledge, names, pledge.fulfilled_on, pledge.value_usd, fact.statement)


def _withdrawn(passages: Iterable[Passage], period: Period, names: Names) -> Iterator[Change]:
    for passage in passages:
        pledge = passage.closing
        if pledge.withdrawn_on and pledge.withdrawn_on in period:
            left = max(sum_of((pledge.value_usd, -pledge.delivered_usd)), Decimal(0))
            yield _change(pledge, names, pledge.withdrawn_on, left, _last(passage, Withdrawn).reason)


def _scaled_up(passages: Iterable[Passage], period: Period, names: Names) -> Iterator[Change]:
    for passage in passages:
        for fact in passage.course.facts:
            if isinstance(fact, ScaledUp) and fact.effective_on in period:
                added = sum_of((_difference(fact), *(target.usd for target in fact.new_targets)))
                yield _change(passage.closing, names, fact.effective_on, added, None)


def _scaled_down(passages: Iterable[Passage], period: Period, names: Names) -> Iterator[Change]:
    for passage in passages:
        for fact in passage.course.facts:
            if isinstance(fact, ScaledDown) and fact.effective_on in period:
                yield _change(passage.closing, names, fact.effective_on, _difference(fact), fact.reason)


def _difference(fact: ScaledUp | ScaledDown) -> Decimal:
    return sum_of(amount for change in fact.targets for amount in (change.after.usd, -change.before.usd))


def _change(pledge: Pledge, names: Names, on: date, usd: Decimal, reason: str | None) -> Change:
    return Change(
        reference=pledge.reference,
        title=pledge.title,
        lead=pledge.lead.organisation,
        lead_name=called(pledge.lead.organisation, names),
        on=on,
        usd=usd,
        reason=reason,
    )


def _last(passage: Passage, kind: type[Ending]) -> Ending:
    """The latest fact of a kind in the order of recording, which alone decides what the pledge is."""
    return next(fact for fact in reversed(passage.course.facts) if isinstance(fact, kind))


def _in_order(found: Iterable[Change]) -> tuple[Change, ...]:
    return tuple(sorted(found, key=lambda change: (change.on, change.reference)))


def _within(day: date | None, period: Period) -> bool:
    return day is not None and day in period


def _counted(pledges: Iterable[Pledge]) -> Unnamed:
    promised = [pledge.value_usd for pledge in pledges]
    return Unnamed(len(promised), sum_of(promised))

"""From what somebody states to what can be recorded: codes known, amounts exact, money with its dollars fixed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from domain import geography, vocabulary
from domain.circumstances import Circumstances
from domain.commands import ContributionStatement, TargetStatement
from domain.currencies import currencies
from domain.pledge import Pledge
from domain.refusals import (
    BeforeAnnouncement,
    ContributionAlreadyRecorded,
    DateInFuture,
    DuplicateTargets,
    EndBeforeStart,
    ExchangeRateMissing,
    MeasureMismatch,
    NotPositive,
    PillarOutsideFocusArea,
    UnacceptableAmount,
    UnacceptableText,
    UnknownCodes,
    UnknownTarget,
)
from domain.values import MONEY, USD, Contribution, Money, StatedMoney, Target, UsdRate

LARGEST_AMOUNT = Decimal(10) ** 15
"""Amounts stay below this, a thousand times the world's yearly aid: sums then stay exact."""

QUANTITY_PLACES = 6
RATE_PLACES = 12
USD_PLACES = 2
UNLISTED_PLACES = 6  # a currency, such as the SDR, for which ISO 4217 names no smallest unit

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


def require_codes(**codes: Iterable[object]) -> None:
    """Refuse codes outside the vocabulary, all of them at once; fields are `countries`, `pillars`, …"""
    known: Mapping[str, Iterable[object]] = {
        "countries": geography.countries(),
        "pillars": vocabulary.pillars(),
        "sdgs": vocabulary.sdgs(),
        "wsis_lines": vocabulary.wsis_lines(),
    }
    unknown = {field: [str(code) for code in given if code not in known[field]] for field, given in codes.items()}
    unknown = {field: missing for field, missing in unknown.items() if missing}
    if unknown:
        raise UnknownCodes(unknown)


def require_pillars_of(focus_area: vocabulary.FocusArea, pillars: Iterable[str]) -> None:
    """Refuse a pillar that is a theme of another focus area."""
    for pillar in pillars:
        if vocabulary.pillars()[pillar].focus_area != focus_area:
            raise PillarOutsideFocusArea(pillar, focus_area)


def require_order(start: date | None, end: date | None, field: str) -> None:
    """Refuse a period that ends before it begins."""
    if start and end and end < start:
        raise EndBeforeStart(start, end, field=field)


def require_past(on: date, at: Circumstances, field: str) -> date:
    """The date, refused where it has not come yet."""
    if on > at.today:
        raise DateInFuture(on, at.today, field=field)
    return on


def require_since_announcement(on: date, pledge: Pledge, at: Circumstances, field: str) -> date:
    """The date, refused where it has not come yet or lies before the announcement."""
    require_past(on, at, field)
    if on < pledge.announced_on:
        raise BeforeAnnouncement(on, pledge.announced_on, field=field)
    return on


def reference(given: str | None) -> str:
    """The reference, refused where it could not stand in an address."""
    if given is None or not _REFERENCE.fullmatch(given):
        raise UnacceptableText("reference", "is not a reference: letters, digits, '.', '_' and '-', at most 40")
    return given


def targets(statements: Sequence[TargetStatement], on: date, at: Circumstances, field: str) -> tuple[Target, ...]:
    """The targets as they can be recorded, money at the rate of the day `on` unless a rate is given."""
    _require_measures(statements, field)
    seen: set[str] = set()
    for statement in statements:
        if statement.id in seen:
            raise DuplicateTargets(statement.id, field=field)
        seen.add(statement.id)
    return tuple(_target(s, on, at, f"{field}.{i}") for i, s in enumerate(statements))


def _require_measures(statements: Sequence[TargetStatement], field: str) -> None:
    measures = {f"{field}.{i}.measure": s.measure for i, s in enumerate(statements)}
    unknown = {path: [measure] for path, measure in measures.items() if measure not in vocabulary.measures()}
    if unknown:
        raise UnknownCodes(unknown)


def _target(stated: TargetStatement, on: date, at: Circumstances, field: str) -> Target:
    _require_measure(stated, field)
    value = stated.value
    return Target(
        id=stated.id,
        measure=stated.measure,
        value=money(value, on, at, f"{field}.value")
        if isinstance(value, StatedMoney)
        else quantity(value, f"{field}.value"),
        baseline=_baseline(stated, field),
        due_on=stated.due_on,
    )


def _require_measure(stated: TargetStatement, field: str) -> None:
    if isinstance(stated.value, StatedMoney) != (stated.measure == MONEY):
        raise MeasureMismatch(stated.id, stated.measure, field=f"{field}.value")


def _baseline(stated: TargetStatement, field: str) -> Decimal:
    baseline = exact(stated.baseline, QUANTITY_PLACES, f"{field}.baseline")
    if baseline < 0:
        raise UnacceptableAmount(f"{baseline:f}", "is below zero", field=f"{field}.baseline")
    if baseline and isinstance(stated.value, StatedMoney):
        raise UnacceptableAmount(f"{baseline:f}", "is no baseline: money starts from zero", field=f"{field}.baseline")
    if not isinstance(stated.value, StatedMoney) and stated.value <= baseline:
        raise UnacceptableAmount(f"{stated.value:f}", "is not above the baseline", field=f"{field}.value")
    return baseline


def contributions(
    statements: Sequence[ContributionStatement],
    pledge: Pledge,
    at: Circumstances,
    *,
    replaces: str | None = None,
) -> tuple[Contribution, ...]:
    """The contributions as they can be recorded, each with an id of its own."""
    taken = {*pledge.contributions, *pledge.corrected, *(s.id for s in statements if s.id)}
    free = (id for n in range(1, len(taken) + len(statements) + 2) if (id := f"c{n}") not in taken)
    seen: set[str] = set()
    recorded = []
    for i, stated in enumerate(statements):
        field = f"contributions.{i}" if replaces is None else "replacement"
        id = stated.id or next(free)
        if id in seen or id in pledge.contributions or id in pledge.corrected:
            raise ContributionAlreadyRecorded(id, field=f"{field}.id")
        seen.add(id)
        recorded.append(_contribution(stated, id, pledge, at, field, replaces))
    return tuple(recorded)


def _contribution(
    stated: ContributionStatement,
    id: str,
    pledge: Pledge,
    at: Circumstances,
    field: str,
    replaces: str | None,
) -> Contribution:
    target = pledge.target(stated.target)
    if target is None:
        raise UnknownTarget(stated.target, [t.id for t in pledge.targets], field=f"{field}.target")
    if isinstance(stated.amount, StatedMoney) != isinstance(target.value, Money):
        raise MeasureMismatch(target.id, target.measure, field=f"{field}.amount")
    require_since_announcement(stated.effective_on, pledge, at, f"{field}.effective_on")
    if stated.country is not None and stated.country not in geography.countries():
        raise UnknownCodes({f"{field}.country": [stated.country]})
    return Contribution(
        id=id,
        target=target.id,
        amount=_delivered(stated.amount, stated.effective_on, at, field),
        effective_on=stated.effective_on,
        description=stated.description,
        evidence=stated.evidence,
        country=stated.country,
        replaces=replaces,
    )


def _delivered(amount: StatedMoney | Decimal, on: date, at: Circumstances, field: str) -> Money | Decimal:
    if isinstance(amount, StatedMoney):
        return money(amount, on, at, f"{field}.amount")
    return quantity(amount, f"{field}.quantity")


def money(stated: StatedMoney, on: date, at: Circumstances, field: str) -> Money:
    """Money above zero, exact in its currency, with its dollars fixed at the given or the published rate."""
    currency = currencies().get(stated.currency)
    if currency is None:
        raise UnknownCodes({f"{field}.currency": [stated.currency]})
    places = UNLISTED_PLACES if currency.minor_units is None else currency.minor_units
    amount = positive(exact(stated.amount, places, f"{field}.amount"), f"{field}.amount")
    fixed = Money.at(amount, stated.currency, _rate(stated, on, at, field))
    # The sums of dollars must stay exact as well, whatever rate was given.
    exact(fixed.usd, USD_PLACES, f"{field}.usd_rate.rate")
    return fixed


def _rate(stated: StatedMoney, on: date, at: Circumstances, field: str) -> UsdRate | None:
    if stated.currency == USD:
        return None
    rate = stated.usd_rate or at.rates(stated.currency, on)
    if rate is None:
        raise ExchangeRateMissing(stated.currency, on, field=f"{field}.usd_rate")
    positive(exact(rate.rate, RATE_PLACES, f"{field}.usd_rate.rate"), f"{field}.usd_rate.rate")
    require_past(rate.on, at, f"{field}.usd_rate.on")
    return rate


def quantity(amount: Decimal, field: str) -> Decimal:
    """A count above zero, with at most six decimal places."""
    return positive(exact(amount, QUANTITY_PLACES, field), field)


def positive(amount: Decimal, field: str) -> Decimal:
    """The amount, refused at zero and below."""
    if amount <= 0:
        raise NotPositive(f"{amount:f}", field=field)
    return amount


def exact(amount: Decimal, places: int, field: str) -> Decimal:
    """The amount in plain decimal notation, refused where it is no number, too large or too fine."""
    if not amount.is_finite():
        raise UnacceptableAmount(str(amount), "is not a number", field=field)
    if abs(amount) >= LARGEST_AMOUNT:
        raise UnacceptableAmount(str(amount), f"is not below {LARGEST_AMOUNT:,f}", field=field)
    exponent = amount.as_tuple().exponent
    assert isinstance(exponent, int), "a finite decimal has one"
    if -exponent > places and amount != round(amount, places):
        raise UnacceptableAmount(str(amount), f"has more than {places} decimal places", field=field)
    return Decimal(f"{round(amount, places) if -exponent > places else amount:f}")

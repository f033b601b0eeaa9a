"""The pledge: what it is after its facts, and what follows from it.

`evolve` alone says what a fact changes. It is total: a selection of the facts by effective date may lack some
of them, and is folded all the same. Everything else here is derived, never stored as truth.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal
from enum import StrEnum
from functools import reduce
from operator import attrgetter
from typing import Any, assert_never
from uuid import UUID

from domain.events import (
    Amended,
    Announced,
    ContributionQueried,
    ContributionVerified,
    Corrected,
    Declined,
    Description,
    Fulfilled,
    PartiallyFulfilled,
    PledgeEvent,
    Reported,
    ScaledDown,
    ScaledUp,
    TargetChange,
    Validated,
    Withdrawn,
)
from domain.values import CENT, Contribution, Money, Party, Source, Target
from domain.vocabulary import (
    Additionality,
    BeneficiaryGroup,
    FocusArea,
    Lifecycle,
    PledgeType,
    SelfAssessment,
)

SHARE_STEP = Decimal("0.0001")

_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
"""More digits than any amount has, and half to even where something is rounded."""


class Standing(StrEnum):
    """How far a contribution is on the ladder of value."""

    REPORTED = "reported"
    VERIFIED = "verified"
    QUERIED = "queried"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedContribution:
    """A contribution that counts, and whether BDT checked it."""

    contribution: Contribution
    standing: Standing = Standing.REPORTED


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedReport:
    """The period a report covered, and how the pledger saw itself."""

    period_start: date
    period_end: date
    self_assessment: SelfAssessment


@dataclass(frozen=True, slots=True, kw_only=True)
class Pledge:
    """A pledge as it is after its facts."""

    id: UUID
    version: int
    reference: str
    announced_on: date
    title: str
    description: str
    lead: Party
    type: PledgeType
    focus_area: FocusArea
    partners: tuple[Party, ...] = ()
    pillars: tuple[str, ...] = ()
    targets: tuple[Target, ...] = ()
    countries: tuple[str, ...] = ()
    beneficiary_groups: tuple[BeneficiaryGroup, ...] = ()
    sdgs: tuple[int, ...] = ()
    wsis_lines: tuple[str, ...] = ()
    starts_on: date | None = None
    ends_on: date | None = None
    occasion: str | None = None
    additionality: Additionality | None = None
    source: Source | None = None
    scaled_up: bool = False
    validated_on: date | None = None
    declined_on: date | None = None
    fulfilled_on: date | None = None
    withdrawn_on: date | None = None
    superseded_by: str | None = None
    contributions: Mapping[str, RecordedContribution] = field(default_factory=dict)
    corrected: frozenset[str] = frozenset()
    reports: tuple[RecordedReport, ...] = ()

    @property
    def lifecycle(self) -> Lifecycle:
        """Where the pledge is in its life."""
        if self.declined_on:
            return Lifecycle.DECLINED
        if self.withdrawn_on:
            return Lifecycle.WITHDRAWN
        if self.fulfilled_on:
            return Lifecycle.FULFILLED
        if not self.validated_on:
            return Lifecycle.ANNOUNCED
        return Lifecycle.IN_PROGRESS if self.contributions or self.reports else Lifecycle.VALIDATED

    def target(self, id: str) -> Target | None:
        """The target with this id, if there is one."""
        return next((target for target in self.targets if target.id == id), None)

    def delivered(self, target: Target, *, verified: bool = False) -> Decimal:
        """What counts towards a target, in its own unit or currency; only what BDT verified, if asked.

        Money in another currency is reckoned through US dollars, at the target's own rate.
        """
        towards = (
            counted.contribution.amount
            for counted in self.contributions.values()
            if counted.contribution.target == target.id and (not verified or counted.standing is Standing.VERIFIED)
        )
        return reduce(_EXACT.add, [reckon(amount, target) for amount in towards], Decimal(0))

    def share(self, target: Target) -> Decimal:
        """How much of the target is delivered: 1 is all of it, more is over-fulfilment; to four places."""
        return share_of(self.delivered(target), target.promised)

    def missing(self, target: Target) -> Decimal:
        """What is left to deliver, in the target's own unit or currency; zero when it is met."""
        return max(target.promised - self.delivered(target), Decimal(0))

    @property
    def parties(self) -> tuple[Party, ...]:
        """The lead, and the partners after it."""
        return (self.lead, *self.partners)

    @property
    def value_usd(self) -> Decimal:
        """The promised US dollars."""
        return sum((target.usd for target in self.targets), Decimal(0))

    @property
    def delivered_usd(self) -> Decimal:
        """The delivered US dollars, each contribution at its own fixed rate."""
        return self._usd(verified=False)

    @property
    def verified_usd(self) -> Decimal:
        """The delivered US dollars whose evidence BDT checked."""
        return self._usd(verified=True)

    def _usd(self, *, verified: bool) -> Decimal:
        amounts = [
            counted.contribution.amount
            for counted in self.contributions.values()
            if not verified or counted.standing is Standing.VERIFIED
        ]
        return sum([amount.usd for amount in amounts if isinstance(amount, Money)], Decimal(0))


_FIELDS = tuple(field.name for field in fields(Pledge))
_values = attrgetter(*_FIELDS)


def share_of(part: Decimal, whole: Decimal) -> Decimal:
    """`part` of `whole`, of 1, to four places. Raises decimal.DecimalException where there is no whole."""
    return _EXACT.divide(part, whole).quantize(SHARE_STEP, context=_EXACT)


def reckon(amount: Money | Decimal, target: Target) -> Decimal:
    """An amount in a target's unit: the same currency as it is, another through US dollars, to the cent.

    A count towards money or money towards a count, which no decision lets through, counts nothing.
    """
    promised = target.value
    if isinstance(amount, Money):
        if not isinstance(promised, Money):
            return Decimal(0)
        if amount.currency == promised.currency:
            return amount.amount
        rate = promised.usd_rate.rate if promised.usd_rate else Decimal(1)
        return _EXACT.divide(amount.usd, rate).quantize(CENT, context=_EXACT)
    return Decimal(0) if isinstance(promised, Money) else amount


def evolve(pledge: Pledge | None, event: PledgeEvent) -> Pledge | None:
    """The pledge after `event`. Total: before the announcement there is nothing, whatever is said of it."""
    if isinstance(event, Announced):
        return _announced(event)
    if pledge is None:
        return None
    stated = dict(zip(_FIELDS, _values(pledge), strict=True))
    return Pledge(**{**stated, "version": event.originator_version, **_changes(pledge, event)})


def fold(pledge: Pledge | None, events: Iterable[PledgeEvent]) -> Pledge | None:
    """The pledge after all of `events`, in ledger order."""
    return reduce(evolve, events, pledge)


def _changes(pledge: Pledge, event: PledgeEvent) -> dict[str, Any]:
    """What a fact changes in a pledge, by the names of its fields."""
    match event:
        case Announced():
            return {}
        case Validated(effective_on=on):
            return {"validated_on": on}
        case Declined(effective_on=on):
            return {"declined_on": on}
        case ScaledUp():
            return _scaled_up(pledge, event)
        case ScaledDown(targets=changes):
            return {"targets": _with_changes(pledge.targets, changes)}
        case PartiallyFulfilled(contributions=contributions):
            return {"contributions": _with_contributions(pledge.contributions, contributions)}
        case Reported():
            report = RecordedReport(
                period_start=event.period_start,
                period_end=event.period_end,
                self_assessment=event.self_assessment,
            )
            return {"reports": (*pledge.reports, report)}
        case Fulfilled(effective_on=on):
            return {"fulfilled_on": on}
        case ContributionVerified(contribution=id):
            return _with_standing(pledge, id, Standing.VERIFIED)
        case ContributionQueried(contribution=id):
            return _with_standing(pledge, id, Standing.QUERIED)
        case Corrected():
            return _corrected(pledge, event)
        case Amended(after=after):
            return stated(after)
        case Withdrawn(effective_on=on, superseded_by=other):
            return {"withdrawn_on": on, "superseded_by": other}
        case _:
            assert_never(event)


def stated(description: Description) -> dict[str, Any]:
    """The fields of a description that are given, by name."""
    values = ((f.name, getattr(description, f.name)) for f in fields(description))
    return {name: value for name, value in values if value is not None}


def _announced(event: Announced) -> Pledge:
    return Pledge(
        id=event.originator_id,
        version=event.originator_version,
        reference=event.reference,
        announced_on=event.effective_on,
        title=event.title,
        description=event.description,
        lead=event.lead,
        type=event.type,
        focus_area=event.focus_area,
        partners=event.partners,
        pillars=event.pillars,
        targets=event.targets,
        countries=event.countries,
        beneficiary_groups=event.beneficiary_groups,
        sdgs=event.sdgs,
        wsis_lines=event.wsis_lines,
        starts_on=event.starts_on,
        ends_on=event.ends_on,
        occasion=event.occasion,
        additionality=event.additionality,
        source=event.source,
    )


def _scaled_up(pledge: Pledge, event: ScaledUp) -> dict[str, Any]:
    return {
        "scaled_up": True,
        "targets": (*_with_changes(pledge.targets, event.targets), *event.new_targets),
        "countries": (*pledge.countries, *(c for c in event.new_countries if c not in pledge.countries)),
        "ends_on": event.ends_on or pledge.ends_on,
    }


def _with_changes(targets: tuple[Target, ...], changes: Iterable[TargetChange]) -> tuple[Target, ...]:
    after = {change.after.id: change.after for change in changes}
    return tuple(after.get(target.id, target) for target in targets)


def _with_contributions(
    counted: Mapping[str, RecordedContribution], contributions: Iterable[Contribution]
) -> dict[str, RecordedContribution]:
    return {**counted, **{c.id: RecordedContribution(contribution=c) for c in contributions}}


def _with_standing(pledge: Pledge, id: str, standing: Standing) -> dict[str, Any]:
    counted = pledge.contributions.get(id)
    if counted is None:
        return {}
    return {"contributions": {**pledge.contributions, id: replace(counted, standing=standing)}}


def _corrected(pledge: Pledge, event: Corrected) -> dict[str, Any]:
    left = {id: counted for id, counted in pledge.contributions.items() if id != event.contribution}
    return {
        "contributions": _with_contributions(left, (event.replacement,) if event.replacement else ()),
        "corrected": pledge.corrected | {event.contribution},
        "fulfilled_on": None if event.reopens else pledge.fulfilled_on,
    }

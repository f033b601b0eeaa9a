"""What goes out: pledges, organisations and events as documents.

Every document can be made again from the same facts, to the byte: what it says about a day says so of the day it
was made for (`effective_on`), never of "now".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal, localcontext
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, PlainSerializer, WithJsonSchema

from audit.envelope import format_instant
from domain import geography, schedule, values
from domain.currencies import currencies
from domain.organisation import Organisation
from domain.pledge import Pledge, RecordedContribution, Standing
from domain.values import USD
from domain.vocabulary import (
    Additionality,
    BeneficiaryGroup,
    CountryGroup,
    FocusArea,
    Lifecycle,
    PledgeType,
    Region,
    ReportingHealth,
    ScheduleHealth,
    Sector,
    SelfAssessment,
)

Names = Mapping[UUID, str]
"""What organisations are called, by id."""

DecimalText = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$")]
Instant = Annotated[
    datetime,
    PlainSerializer(format_instant, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


class UsdRate(BaseModel):
    """The rate that fixed a US dollar equivalent."""

    rate: DecimalText
    on: date
    source: str


class Money(BaseModel):
    """An amount in a currency, with the US dollars it was fixed at."""

    amount: DecimalText
    currency: str
    usd: DecimalText
    usd_rate: UsdRate | None


class Sum(BaseModel):
    """What amounts to a currency, without a rate of its own."""

    amount: DecimalText
    currency: str


class Party(BaseModel):
    """An organisation as it was when it joined the pledge; `share` is its part of the value, of 1."""

    id: UUID
    name: str | None
    sector: Sector
    country: str | None
    region: Region | None
    share: DecimalText | None


class Target(BaseModel):
    """What was promised and what is delivered of it; `share` is 1 where all of it is."""

    id: str
    measure: str
    value: Money | DecimalText
    baseline: DecimalText
    due_on: date | None
    delivered: Sum | DecimalText
    verified: Sum | DecimalText
    share: DecimalText


class Evidence(BaseModel):
    """Where a document can be seen."""

    url: str
    sha256: str | None
    title: str | None


class Contribution(BaseModel):
    """One act of fulfilment that counts; `amount` for money, `quantity` for what is counted."""

    id: str
    target: str
    amount: Money | None
    quantity: DecimalText | None
    effective_on: date
    description: str | None
    evidence: list[Evidence]
    country: str | None
    standing: Standing
    replaces: str | None


class Report(BaseModel):
    """A period reported on."""

    period_start: date
    period_end: date
    self_assessment: SelfAssessment


class Source(BaseModel):
    """The line of another register that the pledge was imported from."""

    register_: str = Field(alias="register")
    record: str
    line: int


class PledgeDocument(BaseModel):
    """A pledge as it stands, reckoned for the day `effective_on`."""

    reference: str
    version: int
    lifecycle: Lifecycle
    scaled_up: bool
    lead: Party
    partners: list[Party]
    title: str
    description: str
    type: PledgeType
    focus_area: FocusArea
    pillars: list[str]
    targets: list[Target]
    contributions: list[Contribution]
    reports: list[Report]
    countries: list[str]
    regions: list[Region]
    target_groups: list[CountryGroup]
    beneficiary_groups: list[BeneficiaryGroup]
    sdgs: list[int]
    wsis_lines: list[str]
    announced_on: date
    validated_on: date | None
    declined_on: date | None
    fulfilled_on: date | None
    withdrawn_on: date | None
    superseded_by: str | None
    starts_on: date | None
    ends_on: date | None
    occasion: str | None
    additionality: Additionality | None
    source: Source | None
    value_usd: DecimalText
    delivered_usd: DecimalText
    verified_usd: DecimalText
    reporting_health: ReportingHealth
    next_report_due_on: date | None
    schedule_health: ScheduleHealth
    position: int
    recorded_at: Instant
    effective_on: date


class OrganisationDocument(BaseModel):
    """A stakeholder as it stands."""

    id: UUID
    version: int
    name: str
    sector: Sector
    country: str | None
    region: Region | None
    website: str | None
    active: bool
    position: int
    recorded_at: Instant


class EventDocument(BaseModel):
    """A fact that was recorded."""

    type: str
    position: int
    version: int
    recorded_at: Instant
    effective_on: date
    event_id: UUID
    summary: str


class ActorDocument(BaseModel):
    """Who acted: a role and its organisation, never a person."""

    role: str
    organisation: UUID | None = None


class HistoryItem(BaseModel):
    """A fact as the history tells it, with what was recorded."""

    position: int
    version: int
    type: str
    recorded_at: Instant
    effective_on: date
    actor: ActorDocument
    summary: str
    data: dict[str, Any]


def pledge_document(pledge: Pledge, names: Names, *, position: int, recorded_at: datetime, on: date) -> PledgeDocument:
    """The pledge after the entry at `position`, reckoned for the day `on`."""
    schedule_ = schedule.reporting_schedule(pledge)
    return PledgeDocument(
        reference=pledge.reference,
        version=pledge.version,
        lifecycle=pledge.lifecycle,
        scaled_up=pledge.scaled_up,
        lead=_party(pledge.lead, names),
        partners=[_party(partner, names) for partner in pledge.partners],
        title=pledge.title,
        description=pledge.description,
        type=pledge.type,
        focus_area=pledge.focus_area,
        pillars=list(pledge.pillars),
        targets=[_target(pledge, target) for target in pledge.targets],
        contributions=[_contribution(recorded) for recorded in pledge.contributions.values()],
        reports=[
            Report(period_start=r.period_start, period_end=r.period_end, self_assessment=r.self_assessment)
            for r in pledge.reports
        ],
        countries=list(pledge.countries),
        regions=sorted(geography.regions_of(pledge.countries)),
        target_groups=_target_groups(pledge.countries, on),
        beneficiary_groups=list(pledge.beneficiary_groups),
        sdgs=list(pledge.sdgs),
        wsis_lines=list(pledge.wsis_lines),
        announced_on=pledge.announced_on,
        validated_on=pledge.validated_on,
        declined_on=pledge.declined_on,
        fulfilled_on=pledge.fulfilled_on,
        withdrawn_on=pledge.withdrawn_on,
        superseded_by=pledge.superseded_by,
        starts_on=pledge.starts_on,
        ends_on=pledge.ends_on,
        occasion=pledge.occasion,
        additionality=pledge.additionality,
        source=_source(pledge.source),
        value_usd=in_currency(pledge.value_usd, USD),
        delivered_usd=in_currency(pledge.delivered_usd, USD),
        verified_usd=in_currency(pledge.verified_usd, USD),
        reporting_health=schedule.reporting_health(pledge, on),
        next_report_due_on=schedule_.due_on if schedule_ else None,
        schedule_health=schedule.schedule_health(pledge, on),
        position=position,
        recorded_at=recorded_at,
        effective_on=on,
    )


def organisation_document(organisation: Organisation, *, position: int, recorded_at: datetime) -> OrganisationDocument:
    """The organisation after the entry at `position`."""
    return OrganisationDocument(
        id=organisation.id,
        version=organisation.version,
        name=organisation.name,
        sector=organisation.sector,
        country=organisation.country,
        region=organisation.region,
        website=organisation.website,
        active=organisation.active,
        position=position,
        recorded_at=recorded_at,
    )


def parties(pledges: Iterable[Pledge]) -> set[UUID]:
    """The organisations that lead or share these pledges."""
    return {party.organisation for pledge in pledges for party in (pledge.lead, *pledge.partners)}


def in_currency(amount: Decimal, currency: str) -> str:
    """The amount in plain decimal notation, with the decimals its currency has at least."""
    known = currencies().get(currency)
    places = (known.minor_units if known else None) or 0
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and -exponent < places:
        with localcontext(prec=80):
            amount = amount.quantize(Decimal(1).scaleb(-places))
    return f"{amount:f}"


def _party(party: values.Party, names: Names) -> Party:
    return Party(
        id=party.organisation,
        name=names.get(party.organisation),
        sector=party.sector,
        country=party.country,
        region=party.region,
        share=None if party.share is None else f"{party.share:f}",
    )


def _target(pledge: Pledge, target: values.Target) -> Target:
    return Target(
        id=target.id,
        measure=target.measure,
        value=_amount(target.value),
        baseline=f"{target.baseline:f}",
        due_on=target.due_on,
        delivered=_sum(pledge.delivered(target), target),
        verified=_sum(pledge.delivered(target, verified=True), target),
        share=f"{pledge.share(target):f}",
    )


def _amount(amount: values.Money | Decimal) -> Money | str:
    return _money(amount) if isinstance(amount, values.Money) else f"{amount:f}"


def _money(money: values.Money) -> Money:
    rate = money.usd_rate
    return Money(
        amount=in_currency(money.amount, money.currency),
        currency=money.currency,
        usd=in_currency(money.usd, USD),
        usd_rate=UsdRate(rate=f"{rate.rate:f}", on=rate.on, source=rate.source) if rate else None,
    )


def _sum(total: Decimal, target: values.Target) -> Sum | str:
    if not isinstance(target.value, values.Money):
        return f"{total:f}"
    return Sum(amount=in_currency(total, target.value.currency), currency=target.value.currency)


def _contribution(recorded: RecordedContribution) -> Contribution:
    given = recorded.contribution
    return Contribution(
        id=given.id,
        target=given.target,
        amount=_money(given.amount) if isinstance(given.amount, values.Money) else None,
        quantity=None if isinstance(given.amount, values.Money) else f"{given.amount:f}",
        effective_on=given.effective_on,
        description=given.description,
        evidence=[Evidence(url=item.url, sha256=item.sha256, title=item.title) for item in given.evidence],
        country=given.country,
        standing=recorded.standing,
        replaces=given.replaces,
    )


def _target_groups(countries: Iterable[str], on: date) -> list[CountryGroup]:
    return sorted({group for country in countries for group in geography.groups_of(country, on)})


def _source(source: values.Source | None) -> Source | None:
    return Source(register=source.register, record=source.record, line=source.line) if source else None

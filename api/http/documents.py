"""The documents that go out, as their readers know them.

Amounts are decimal strings; what may be missing is null, so that a field is always there.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, PlainSerializer, WithJsonSchema

from audit.envelope import format_instant
from domain.pledge import Standing
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


class MomentDocument(BaseModel):
    """The facts an answer is made from: those recorded up to `position`, at `as_of`, and true by `effective_on`.

    The same position and effective date have the same answer for ever.
    """

    position: int
    as_of: Instant | None
    effective_on: date


class PledgeReading(PledgeDocument):
    """A pledge as it stands, or as it stood at the moment that was asked about, which then is named."""

    moment: MomentDocument | None = None


class OrganisationReading(OrganisationDocument):
    """A stakeholder as it stands, or as it stood at the moment that was asked about, which then is named."""

    moment: MomentDocument | None = None


class EventDocument(BaseModel):
    """A fact that was recorded."""

    type: str
    position: int
    version: int
    recorded_at: Instant
    effective_on: date
    event_id: UUID
    summary: str
    proof: str = Field(description="Where it is proven, within a second or two, that the fact is in the signed ledger")


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
    proof: str = Field(description="Where it is proven that the fact is in the signed ledger")

"""Snapshots as their readers know them, and the address at which one can be taken again."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel, Field

from api.http.documents import DecimalText, EventDocument, Instant
from domain.dimensions import Attribution, Dimension
from domain.events import SnapshotIdentity
from domain.vocabulary import (
    BeneficiaryGroup,
    CountryGroup,
    FocusArea,
    Lifecycle,
    PledgeType,
    Region,
    ReportingHealth,
    ScheduleHealth,
    Sector,
)
from infrastructure.publications import PublishedSnapshot


class LadderDocument(BaseModel):
    """US dollars on each rung; the rungs are never added to each other."""

    announced_usd: DecimalText
    validated_usd: DecimalText
    delivered_usd: DecimalText
    verified_usd: DecimalText


class TotalDocument(LadderDocument):
    """Totals of pledges.

    `pledges` are those admitted and not withdrawn; `organisations`, `countries`, `reporting` and `reported` are of
    these, `lifecycle` is of every pledge. `response_rate` is `reported` of `pledges`.
    """

    pledges: int
    organisations: int
    countries: int
    lifecycle: dict[Lifecycle, int]
    reporting: dict[ReportingHealth, int]
    reported: int
    response_rate: DecimalText | None


class GroupDocument(TotalDocument):
    """The totals of the pledges with these keys; null is the key of what a pledge does not state."""

    key: dict[Dimension, str | int | None]


class LeadDocument(BaseModel):
    """The lead organisation: its name as of the moment, the rest as it was when it announced the pledge."""

    id: UUID
    name: str | None
    sector: Sector
    country: str | None
    region: Region | None


class PledgeStatusDocument(LadderDocument):
    """A pledge's status on the effective date; `delivered_share` is of `value_usd`."""

    reference: str
    version: int
    lifecycle: Lifecycle
    scaled_up: bool
    lead: LeadDocument
    title: str
    type: PledgeType
    focus_area: FocusArea
    pillars: list[str]
    countries: list[str]
    regions: list[Region]
    target_groups: list[CountryGroup]
    beneficiary_groups: list[BeneficiaryGroup]
    sdgs: list[int]
    wsis_lines: list[str]
    announced_on: date
    value_usd: DecimalText
    delivered_share: DecimalText | None
    reports: int
    reporting_health: ReportingHealth
    next_report_due_on: date | None
    schedule_health: ScheduleHealth


class SnapshotDocument(BaseModel):
    """The status of every pledge in the published register, and totals, at one moment.

    `digest` is the SHA-256 of the canonical JSON (RFC 8785) of the document without `digest`.
    """

    position: int
    as_of: Instant | None
    effective_on: date
    rules_version: int
    group_by: list[Dimension]
    attribution: Attribution
    totals: TotalDocument
    groups: list[GroupDocument]
    pledges: list[PledgeStatusDocument]
    digest: str


class PublishedSnapshotDocument(BaseModel):
    """A published snapshot: what it is of, when it was published, and where it can be taken again."""

    id: UUID
    title: str
    position: int
    as_of: Instant | None
    effective_on: date
    rules_version: int
    group_by: list[Dimension]
    attribution: Attribution
    digest: str
    published_at: Instant
    published_position: int = Field(description="The position of the fact that it was published")
    published: str = Field(description="The address of its bytes, which never change")
    regenerated: str = Field(description="The address that takes the same snapshot from the register as it is now")


class PublicationList(BaseModel):
    """A part of the list of published snapshots, the newest first."""

    items: list[PublishedSnapshotDocument]
    next: str | None


class PublicationAnswer(BaseModel):
    """A snapshot that was published, and the fact that says so."""

    snapshot: PublishedSnapshotDocument
    events: list[EventDocument]


def published_document(published: PublishedSnapshot) -> PublishedSnapshotDocument:
    """The published snapshot as lists and answers tell it."""
    entry, fact = published.entry, published.fact
    return PublishedSnapshotDocument(
        id=fact.originator_id,
        title=fact.title,
        position=fact.snapshot.position,
        as_of=published.as_of,
        effective_on=fact.snapshot.effective_on,
        rules_version=fact.snapshot.rules_version,
        group_by=[Dimension(name) for name in fact.snapshot.group_by],
        attribution=Attribution(fact.snapshot.attribution),
        digest=fact.snapshot.digest,
        published_at=entry.recorded_at,
        published_position=entry.position,
        published=f"/v1/snapshots/{fact.originator_id}",
        regenerated=address_of(fact.snapshot),
    )


def address_of(snapshot: SnapshotIdentity) -> str:
    """The address at which anybody takes the same snapshot again."""
    asked = {"as_of": snapshot.position, "effective_on": snapshot.effective_on.isoformat()}
    grouped = {"group_by": ",".join(snapshot.group_by)} if snapshot.group_by else {}
    return f"/v1/snapshots/status?{urlencode({**asked, **grouped, 'attribution': snapshot.attribution}, safe=',')}"

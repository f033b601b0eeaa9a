"""What snapshots look like, for the description of the service; `audit.snapshot` makes them."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from pydantic import BaseModel

from api.http.documents import DecimalText, Instant
from domain.dimensions import Attribution, Dimension
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


class TotalDocument(BaseModel):
    """Totals of the pledges that are admitted and not withdrawn; announced ones stand beside them.

    `response_rate` is `reported` out of `pledges`, of 1; `lifecycle` counts every pledge, admitted or not.
    """

    pledges: int
    organisations: int
    countries: int
    announced_usd: DecimalText
    validated_usd: DecimalText
    delivered_usd: DecimalText
    verified_usd: DecimalText
    lifecycle: dict[Lifecycle, int]
    reporting: dict[ReportingHealth, int]
    reported: int
    response_rate: DecimalText | None


class GroupDocument(TotalDocument):
    """Totals of a part: its key in each dimension, null where a pledge states none."""

    key: dict[Dimension, str | int | None]


class Lead(BaseModel):
    """The lead organisation, by the name it had."""

    id: UUID
    name: str | None


class StatusDocument(BaseModel):
    """An admitted pledge as it stood at the moment."""

    reference: str
    version: int
    title: str
    lead: Lead
    sector: Sector
    pledger_region: Region | None
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
    lifecycle: Lifecycle
    scaled_up: bool
    value_usd: DecimalText
    announced_usd: DecimalText
    validated_usd: DecimalText
    delivered_usd: DecimalText
    verified_usd: DecimalText
    delivered_share: DecimalText | None
    reports: int
    reporting: ReportingHealth
    next_report_due_on: date | None
    schedule: ScheduleHealth


class TotalsDocument(BaseModel):
    """The totals at a moment: the same position, effective date and grouping give the same bytes for ever.

    `digest` is the SHA-256 of the canonical JSON (RFC 8785) of the document without it. `root` is that of the Merkle
    tree of the entries it was made from, in base64, as checkpoints write it; `tree_size` is their number.
    """

    position: int
    tree_size: int
    root: str
    as_of: Instant | None
    effective_on: date
    rules_version: int
    group_by: list[Dimension]
    attribution: Attribution
    totals: TotalDocument
    groups: list[GroupDocument]
    digest: str


class SnapshotDocument(TotalsDocument):
    """The register at a moment: totals, and every pledge that was admitted, by reference."""

    pledges: list[StatusDocument]

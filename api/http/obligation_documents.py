"""Obligations to report, as documents."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from api.http.documents import Instant
from domain.obligations import Obligation
from domain.vocabulary import FocusArea, Region, ReportingHealth, Sector


class ObligationDocument(BaseModel):
    """A report that is owed, since when, and the period to report on."""

    model_config = ConfigDict(extra="forbid")

    reference: str
    title: str
    lead: UUID
    lead_name: str
    sector: Sector
    pledger_region: Region | None
    regions: list[Region]
    focus_area: FocusArea
    health: ReportingHealth
    due_on: date
    overdue_on: date
    silent_on: date
    days_since_due: int
    last_reported_until: date | None
    period_start: date
    period_end: date


class ObligationList(BaseModel):
    """Every report that is owed at the moment and asked about: by lead, the longest owed first."""

    items: list[ObligationDocument]
    position: int
    as_of: Instant | None
    effective_on: date


def obligation_document(owed: Obligation) -> ObligationDocument:
    """The obligation as a document."""
    return ObligationDocument.model_validate(owed, from_attributes=True)

"""What pledgers learned, as their progress reports tell it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from domain.vocabulary import FocusArea, PledgeType, Region, Sector


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A good practice of a published pledge, and the period of the report that tells it.

    `number` is its place among the stories of the pledge, from 1, in the order in which they were reported.
    """

    reference: str
    pledge_title: str
    lead: UUID
    lead_name: str
    sector: Sector
    pledger_region: Region | None
    focus_area: FocusArea
    type: PledgeType
    period_start: date
    period_end: date
    number: int
    title: str
    text: str

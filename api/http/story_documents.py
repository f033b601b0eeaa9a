"""Good practices as documents."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from api.http.documents import Instant
from domain.good_practices import Story
from domain.vocabulary import FocusArea, PledgeType, Region, Sector


class StoryDocument(BaseModel):
    """A good practice in the pledger's own words, and the period of the report that tells it.

    `number` is its place among the stories of the pledge, in the order in which they were reported.
    """

    model_config = ConfigDict(extra="forbid")

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


class StoryList(BaseModel):
    """A part of the good practices at a moment, those of the latest periods first."""

    items: list[StoryDocument]
    next: str | None
    position: int
    as_of: Instant | None
    effective_on: date


def story_document(story: Story) -> StoryDocument:
    """The story as a document."""
    return StoryDocument.model_validate(asdict(story))

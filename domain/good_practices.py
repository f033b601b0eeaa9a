"""What pledgers learned, as their progress reports tell it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from domain.events import Reported
from domain.ladder import is_published
from domain.obligations import Names, called
from domain.pledge import Pledge
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


def stories(pledge: Pledge, reports: Iterable[Reported], names: Names) -> Iterator[Story]:
    """The good practices that the reports on a pledge tell, in order; none of a pledge that is not published."""
    if not is_published(pledge):
        return
    told = ((report, practice) for report in reports for practice in report.good_practices)
    for number, (report, practice) in enumerate(told, start=1):
        yield Story(
            reference=pledge.reference,
            pledge_title=pledge.title,
            lead=pledge.lead.organisation,
            lead_name=called(pledge.lead.organisation, names),
            sector=pledge.lead.sector,
            pledger_region=pledge.lead.region,
            focus_area=pledge.focus_area,
            type=pledge.type,
            period_start=report.period_start,
            period_end=report.period_end,
            number=number,
            title=practice.title,
            text=practice.text,
        )

"""Which reports are owed, by whom and since when, on a day.

The rules of when a report falls due are `domain.schedule`'s. Only pledges that stand, admitted and not withdrawn, are
in the queue: of the others the public knows nothing, or nobody waits for a report.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from domain.vocabulary import FocusArea, Region, ReportingHealth, Sector


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """A report that is owed.

    `sector` and `pledger_region` are the lead's, `regions` are those of implementation. `days_since_due` counts from the day on which it fell due: 0 on that day. `last_reported_until` is the end of the
    latest period reported on; None where there is none. What is asked for is a report from `period_start` to
    `period_end`, both included: from the day after the last report (from the announcement, without one) to the day
    of the question.
    """

    reference: str
    title: str
    lead: UUID
    lead_name: str
    sector: Sector
    pledger_region: Region | None
    regions: tuple[Region, ...]
    focus_area: FocusArea
    health: ReportingHealth
    due_on: date
    overdue_on: date
    silent_on: date
    days_since_due: int
    last_reported_until: date | None
    period_start: date
    period_end: date

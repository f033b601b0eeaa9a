"""What of a pledge is counted in totals: its codes, its dollars, and its report's dates.

As large for a pledge with a hundred contributions as for one with none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from domain.ladder import Ladder, is_published, is_standing, ladder_of
from domain.pledge import Pledge
from domain.schedule import ReportingSchedule, reporting_schedule
from domain.values import Party
from domain.vocabulary import FocusArea, Lifecycle, PledgeType, ReportingHealth


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A pledge as totals count it.

    `published` says that BDT admitted it, `standing` that it was not withdrawn either. `reports` is how many progress
    reports there are; `reporting` when the next one falls due, None for a pledge that owes none.
    """

    lead: Party
    partners: tuple[Party, ...]
    type: PledgeType
    focus_area: FocusArea
    pillars: tuple[str, ...]
    countries: tuple[str, ...]
    beneficiary_groups: tuple[str, ...]
    sdgs: tuple[int, ...]
    wsis_lines: tuple[str, ...]
    announced_on: date
    lifecycle: Lifecycle
    published: bool
    standing: bool
    ladder: Ladder
    reports: int
    reporting: ReportingSchedule | None

    def reporting_health(self, on: date) -> ReportingHealth:
        """Where the pledger stands with its reports on a day; a closed pledge owes none, so none is due."""
        return self.reporting.health(on) if self.reporting else ReportingHealth.NOT_DUE


def counted_of(pledge: Pledge) -> Counted:
    """What of the pledge is counted."""
    return Counted(**counted_fields(pledge))


def counted_fields(pledge: Pledge) -> dict[str, Any]:
    """The fields of what is counted, for those that add to them."""
    return {
        "lead": pledge.lead,
        "partners": pledge.partners,
        "type": pledge.type,
        "focus_area": pledge.focus_area,
        "pillars": pledge.pillars,
        "countries": pledge.countries,
        "beneficiary_groups": pledge.beneficiary_groups,
        "sdgs": pledge.sdgs,
        "wsis_lines": pledge.wsis_lines,
        "announced_on": pledge.announced_on,
        "lifecycle": pledge.lifecycle,
        "published": is_published(pledge),
        "standing": is_standing(pledge),
        "ladder": ladder_of(pledge),
        "reports": len(pledge.reports),
        "reporting": reporting_schedule(pledge),
    }

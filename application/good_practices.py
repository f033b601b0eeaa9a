"""What pledgers learned and share with each other, as of a moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from application.moments import Moment
from application.ports import Register
from application.reporting_duties import names_at
from audit.envelope import Entry
from domain.events import Reported
from domain.good_practices import Story, stories
from domain.vocabulary import FocusArea, PledgeType, Region, Sector


class ReportingRegister(Register, Protocol):
    """A register that tells the progress reports apart from the other facts."""

    def reports(self, until: int) -> Iterator[Entry]:
        """All progress reports recorded up to a position, in ledger order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interest:
    """Which stories are asked about: any of the values of each criterion will do, none means all.

    `words` must all occur in the story, the pledge's title, its reference or the lead's name, in any case.
    """

    focus_area: tuple[FocusArea, ...] = ()
    type: tuple[PledgeType, ...] = ()
    sector: tuple[Sector, ...] = ()
    pledger_region: tuple[Region, ...] = ()
    lead: tuple[UUID, ...] = ()
    words: tuple[str, ...] = ()

    def includes(self, story: Story) -> bool:
        """Whether a story meets every criterion."""
        criteria = ("focus_area", "type", "sector", "pledger_region", "lead")
        if any((wanted := getattr(self, name)) and getattr(story, name) not in wanted for name in criteria):
            return False
        told = (story.title, story.text, story.pledge_title, story.reference, story.lead_name)
        text = "\n".join(told).casefold()
        return all(word.casefold() in text for word in self.words)


class GoodPractices:
    """Collects the stories of a register."""

    def __init__(self, register: ReportingRegister) -> None:
        self._register = register

    def stories(self, at: Moment, interest: Interest) -> list[Story]:
        """The stories of published pledges at a moment that are asked about, those of the latest periods first."""
        reports: defaultdict[UUID, list[Reported]] = defaultdict(list)
        for entry in self._register.reports(at.position):
            if isinstance(entry.event, Reported) and entry.event.effective_on <= at.effective_on:
                reports[entry.event.originator_id].append(entry.event)
        names = names_at(self._register, at)
        told = (
            story
            for pledge in self._register.pledges(at)
            for story in stories(pledge, reports.get(pledge.id, ()), names)
            if interest.includes(story)
        )
        return sorted(told, key=lambda story: (-story.period_end.toordinal(), story.reference, story.number))

"""The periodic progress report, made from the ledger as of a moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from uuid import UUID

from application.moments import AsOf
from application.ports import Register
from audit.envelope import Entry
from audit.snapshot import RULES_VERSION
from domain.events import PledgeEvent, Registered, Renamed
from domain.progress.making import progress_report
from domain.progress.report import Period, ProgressReport


class ProgressReports:
    """Makes progress reports: the same for the same position and period, whenever and wherever."""

    def __init__(self, register: Register) -> None:
        self._register = register

    def make(self, period: Period, as_of: AsOf | None = None) -> ProgressReport:
        """The report for a period as the register tells it as of a moment; now, without one.

        A period that is not over is reported on as far as it went. Raises MomentNotOver and PositionAhead.
        """
        at = self._register.resolve(as_of, period.end)
        facts, names = gathered(self._register.entries(at.position), period.end)
        return progress_report(
            period, facts, names, position=at.position, recorded_at=at.recorded_at, rules_version=RULES_VERSION
        )


def gathered(entries: Iterable[Entry], on: date) -> tuple[dict[UUID, list[PledgeEvent]], dict[UUID, str]]:
    """The facts by pledge, and what organisations were called on a day; as first registered where that came later."""
    facts: defaultdict[UUID, list[PledgeEvent]] = defaultdict(list)
    names: dict[UUID, str] = {}
    for entry in entries:
        event = entry.event
        if isinstance(event, PledgeEvent):
            facts[event.originator_id].append(event)
        elif isinstance(event, Registered) or (isinstance(event, Renamed) and event.effective_on <= on):
            names[event.originator_id] = event.name
    return facts, names

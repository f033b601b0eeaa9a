"""Who owes a progress report at a moment, and the words that remind them of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from uuid import UUID

from application.moments import Moment
from application.ports import Register
from domain.obligations import Obligation, obligations
from domain.text import one_line
from domain.vocabulary import Region, ReportingHealth, Sector


@dataclass(frozen=True, slots=True, kw_only=True)
class Debts:
    """Which obligations are asked about: any of the values of each criterion will do, none means all.

    `region` is where a pledge is implemented, `pledger_region` the lead's.
    """

    health: tuple[ReportingHealth, ...] = ()
    lead: tuple[UUID, ...] = ()
    sector: tuple[Sector, ...] = ()
    region: tuple[Region, ...] = ()
    pledger_region: tuple[Region, ...] = ()

    def include(self, owed: Obligation) -> bool:
        """Whether an obligation meets every criterion."""
        return (
            _meets(owed.health, self.health)
            and _meets(owed.lead, self.lead)
            and _meets(owed.sector, self.sector)
            and _meets(owed.pledger_region, self.pledger_region)
            and (not self.region or bool(set(self.region) & set(owed.regions)))
        )


@dataclass(frozen=True, slots=True)
class Reminder:
    """A mail to whoever owes a report: its subject and its text, in English."""

    subject: str
    text: str


class ReportingDuties:
    """Tells who owes which report."""

    def __init__(self, register: Register) -> None:
        self._register = register

    def owed(self, at: Moment, debts: Debts) -> tuple[Obligation, ...]:
        """The reports owed at a moment that are asked about, by lead, the longest owed first."""
        found = obligations(self._register.pledges(at), names_at(self._register, at), at.effective_on)
        return tuple(filter(debts.include, found))


def names_at(register: Register, at: Moment) -> Mapping[UUID, str]:
    """What every organisation was called at a moment; where it joined the register later than the effective date,
    as happens to those of an imported register, what it was called when the register knew it."""
    known_by = max(at.effective_on, at.recorded_at.astimezone(UTC).date()) if at.recorded_at else at.effective_on
    found = {**register.organisations(replace(at, effective_on=known_by)), **register.organisations(at)}
    return {id: organisation.name for id, organisation in found.items()}


def reminder(owed: Obligation) -> Reminder:
    """The mail that asks for a report; whoever sends it adds a greeting and a name."""
    last = (
        f"The latest report that we have covers the time up to {owed.last_reported_until}."
        if owed.last_reported_until
        else "We have not received a report on this pledge yet."
    )
    lead, title = one_line(owed.lead_name), one_line(owed.title)
    since = "today" if owed.days_since_due == 0 else f"since {owed.due_on}, which is {_days(owed.days_since_due)} ago"
    return Reminder(
        subject=f"Progress report due: {owed.reference} {title}",
        text=(
            f"{lead} leads the Partner2Connect pledge {owed.reference}, “{title}”."
            f" A progress report on it has been due {since}. {last}"
            f" Please report on the time from {owed.period_start} to {owed.period_end}: what was delivered, what"
            " stands in the way, what comes next, and what others can learn from it."
        ),
    )


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _meets(value: object, wanted: tuple[object, ...]) -> bool:
    return not wanted or value in wanted

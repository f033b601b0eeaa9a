"""Which reports are owed, by whom and since when, on a day.

The rules of when a report falls due are `domain.schedule`'s. Only pledges that stand, admitted and not withdrawn, are
in the queue: of the others the public knows nothing, or nobody waits for a report.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from domain import geography
from domain.ladder import is_standing
from domain.pledge import Pledge
from domain.schedule import ReportingSchedule, reported_until, reporting_schedule
from domain.vocabulary import FocusArea, Region, ReportingHealth, Sector

Names = Mapping[UUID, str]
"""What organisations are called, by id; who is not in it goes by its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """A report that is owed.

    `sector` and `pledger_region` are the lead's, `regions` are those of implementation. `days_since_due` counts from
    the day on which the report fell due: 0 on that day. `last_reported_until` is the end of the latest period reported
    on; None where there is none. What is asked for is a report from `period_start` to `period_end`, both included:
    from the day after the last report (from the announcement, without one) to the day of the question.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """What of a pledge says which reports its lead owes, and when: of one that stands and is not closed.

    `reported_until` is the end of the latest period reported on; None where there is none.
    """

    reference: str
    title: str
    lead: UUID
    sector: Sector
    pledger_region: Region | None
    regions: tuple[Region, ...]
    focus_area: FocusArea
    announced_on: date
    reported_until: date | None
    schedule: ReportingSchedule


def duty_of(pledge: Pledge) -> Duty | None:
    """The duty to report on a pledge; None for one that does not stand, and for one that is closed."""
    schedule = reporting_schedule(pledge) if is_standing(pledge) else None
    if schedule is None:
        return None
    return Duty(
        reference=pledge.reference,
        title=pledge.title,
        lead=pledge.lead.organisation,
        sector=pledge.lead.sector,
        pledger_region=pledge.lead.region,
        regions=tuple(sorted(geography.regions_of(pledge.countries))),
        focus_area=pledge.focus_area,
        announced_on=pledge.announced_on,
        reported_until=reported_until(pledge),
        schedule=schedule,
    )


def obligations(pledges: Iterable[Pledge], names: Names, on: date) -> tuple[Obligation, ...]:
    """Every report that is owed on a day: by the name of the lead, the longest owed first."""
    return owed_of(filter(None, map(duty_of, pledges)), names, on)


def owed_of(duties: Iterable[Duty], names: Names, on: date) -> tuple[Obligation, ...]:
    """Every report that is owed on a day by duty: by the name of the lead, the longest owed first."""
    owed = (owed_by(duty, names, on) for duty in duties)
    return tuple(sorted((o for o in owed if o), key=_urgency))


def obligation(pledge: Pledge, names: Names, on: date) -> Obligation | None:
    """The report that a pledge's lead owes on a day, if it owes one."""
    duty = duty_of(pledge)
    return owed_by(duty, names, on) if duty else None


def owed_by(duty: Duty, names: Names, on: date) -> Obligation | None:
    """The report that is owed on a day by duty, if one is."""
    schedule, latest = duty.schedule, duty.reported_until
    health = schedule.health(on)
    if health is ReportingHealth.NOT_DUE:
        return None
    return Obligation(
        reference=duty.reference,
        title=duty.title,
        lead=duty.lead,
        lead_name=called(duty.lead, names),
        sector=duty.sector,
        pledger_region=duty.pledger_region,
        regions=duty.regions,
        focus_area=duty.focus_area,
        health=health,
        due_on=schedule.due_on,
        overdue_on=schedule.overdue_on,
        silent_on=schedule.silent_on,
        days_since_due=(on - schedule.due_on).days,
        last_reported_until=latest,
        period_start=latest + timedelta(days=1) if latest else duty.announced_on,
        period_end=on,
    )


def called(organisation: UUID, names: Names) -> str:
    """The name of an organisation, or its id where the register does not tell."""
    return names.get(organisation) or str(organisation)


def in_order_of_leads(leads: Iterable[UUID], names: Names) -> list[UUID]:
    """The organisations in the order in which what they owe is told: by name."""
    return sorted(leads, key=lambda lead: _by_name(called(lead, names), lead))


def _urgency(owed: Obligation) -> tuple[tuple[str, UUID], date, str]:
    return _by_name(owed.lead_name, owed.lead), owed.due_on, owed.reference


def _by_name(name: str, organisation: UUID) -> tuple[str, UUID]:
    return name.casefold(), organisation

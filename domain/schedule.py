"""When reports fall due, and how a pledge stands against its time. Every answer is for a date.

The first report is due twelve months after the announcement, then one a year, counted from the end of the
latest period reported on. A report that is a year late is overdue, two years late means silence; a pledge that
never reported once its first report was due is a bucket of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache

from domain.pledge import SHARE_STEP, Pledge
from domain.vocabulary import Lifecycle, ReportingHealth, ScheduleHealth

TOLERANCE = Decimal("0.10")
"""Delivery this close to the share of time elapsed is on schedule (of 1)."""

WHOLE = Decimal(1)
CLOSED = frozenset({Lifecycle.DECLINED, Lifecycle.WITHDRAWN, Lifecycle.FULFILLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportingSchedule:
    """From which day on the next report is due, overdue, and missed for so long that the pledger is silent."""

    due_on: date
    overdue_on: date
    silent_on: date
    never_reported: bool

    def health(self, on: date) -> ReportingHealth:
        """Where the pledger stands with its reports on a day."""
        if on < self.due_on:
            return ReportingHealth.NOT_DUE
        if self.never_reported:
            return ReportingHealth.NEVER_REPORTED
        if on < self.overdue_on:
            return ReportingHealth.DUE
        return ReportingHealth.OVERDUE if on < self.silent_on else ReportingHealth.SILENT


def reporting_schedule(pledge: Pledge) -> ReportingSchedule | None:
    """When the pledge's next report falls due; None for a pledge that was closed and owes none."""
    if pledge.lifecycle in CLOSED:
        return None
    latest = reported_until(pledge)
    return _schedule_from(latest or pledge.announced_on, never_reported=latest is None)


def reported_until(pledge: Pledge) -> date | None:
    """The end of the latest period reported on; None where there is none."""
    return max((report.period_end for report in pledge.reports), default=None)


@lru_cache(maxsize=10_000)  # many pledges are announced or reported on up to the same day
def _schedule_from(day: date, *, never_reported: bool) -> ReportingSchedule:
    due_on = years_after(day, 1)
    return ReportingSchedule(
        due_on=due_on,
        overdue_on=years_after(due_on, 1),
        silent_on=years_after(due_on, 2),
        never_reported=never_reported,
    )


def reporting_health(pledge: Pledge, on: date) -> ReportingHealth:
    """Where the pledger stands with its reports on a day; a closed pledge owes none, so none is due."""
    schedule = reporting_schedule(pledge)
    return schedule.health(on) if schedule else ReportingHealth.NOT_DUE


def years_after(day: date, years: int) -> date:
    """The same day some years later; 28 February for a 29th that the year lacks."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def schedule_health(pledge: Pledge, on: date) -> ScheduleHealth:
    """The share of the targets delivered against the share of the time elapsed, on a day."""
    return held_against(measured_time(pledge), delivered_share(pledge), on)


def held_against(time: tuple[date, date] | None, delivered: Decimal, on: date) -> ScheduleHealth:
    """A share delivered against the share of a time that has gone by on a day; without a time it cannot be measured."""
    if time is None:
        return ScheduleHealth.UNMEASURED
    start, end = time
    if on > end:
        return ScheduleHealth.ON_SCHEDULE if delivered >= WHOLE else ScheduleHealth.PAST_END
    return _against(delivered, elapsed_share(start, end, on))


def measured_time(pledge: Pledge) -> tuple[date, date] | None:
    """From when to when delivery is held against the time gone by; None without targets, or without an end after the
    start."""
    if not pledge.targets:
        return None
    start, end = pledge.starts_on or pledge.announced_on, _end(pledge)
    return (start, end) if end and end > start else None


def delivered_share(pledge: Pledge) -> Decimal:
    """The mean over the targets of what is delivered of each, none counted for more than the whole; 0 without any."""
    if not pledge.targets:
        return Decimal(0)
    shares = [min(pledge.share(target), WHOLE) for target in pledge.targets]
    return (sum(shares, Decimal(0)) / len(shares)).quantize(SHARE_STEP, rounding=ROUND_HALF_EVEN)


def elapsed_share(start: date, end: date, on: date) -> Decimal:
    """How much of the time from `start` to `end` has gone by on a day, from 0 to 1."""
    days = Decimal((on - start).days) / Decimal((end - start).days)
    return min(max(days, Decimal(0)), WHOLE).quantize(SHARE_STEP, rounding=ROUND_HALF_EVEN)


def _against(delivered: Decimal, elapsed: Decimal) -> ScheduleHealth:
    if delivered > elapsed + TOLERANCE:
        return ScheduleHealth.AHEAD
    if delivered < elapsed - TOLERANCE:
        return ScheduleHealth.BEHIND
    return ScheduleHealth.ON_SCHEDULE


def _end(pledge: Pledge) -> date | None:
    due = [target.due_on for target in pledge.targets if target.due_on]
    return pledge.ends_on or max(due, default=None)

"""When reports fall due, and how a pledge stands against its time."""

from datetime import date
from decimal import Decimal

import pytest

from domain.pledge import Pledge
from domain.schedule import elapsed_share, reporting_health, reporting_schedule, schedule_health, years_after
from domain.vocabulary import ReportingHealth, ScheduleHealth
from tests.given import (
    announced,
    contributed,
    contribution,
    declined,
    fulfilled,
    given,
    reported,
    schools,
    validated,
    withdrawn,
)

NEVER_REPORTED = given(announced(on=date(2022, 6, 7)), validated()).pledge
REPORTED = given(announced(on=date(2022, 6, 7)), reported(date(2022, 6, 7), date(2023, 5, 31))).pledge


@pytest.mark.parametrize(
    ("on", "health"),
    [
        (date(2022, 6, 7), ReportingHealth.NOT_DUE),
        (date(2023, 6, 6), ReportingHealth.NOT_DUE),
        (date(2023, 6, 7), ReportingHealth.NEVER_REPORTED),
        (date(2026, 1, 1), ReportingHealth.NEVER_REPORTED),
    ],
)
def test_the_first_report_is_due_a_year_after_the_announcement(on: date, health: ReportingHealth):
    assert NEVER_REPORTED is not None
    assert reporting_health(NEVER_REPORTED, on) is health


@pytest.mark.parametrize(
    ("on", "health"),
    [
        (date(2024, 5, 30), ReportingHealth.NOT_DUE),
        (date(2024, 5, 31), ReportingHealth.DUE),
        (date(2025, 5, 30), ReportingHealth.DUE),
        (date(2025, 5, 31), ReportingHealth.OVERDUE),
        (date(2026, 5, 30), ReportingHealth.OVERDUE),
        (date(2026, 5, 31), ReportingHealth.SILENT),
    ],
)
def test_the_next_report_is_due_a_year_after_the_last_period_then_overdue_then_silence(
    on: date, health: ReportingHealth
):
    assert REPORTED is not None
    assert reporting_health(REPORTED, on) is health


def test_the_latest_period_counts_in_whatever_order_the_reports_came():
    pledge = given(
        announced(on=date(2022, 6, 7)),
        reported(date(2023, 6, 1), date(2024, 5, 31)),
        reported(date(2022, 6, 7), date(2023, 5, 31)),
    ).pledge
    assert pledge is not None
    schedule = reporting_schedule(pledge)
    assert schedule is not None
    assert schedule.due_on == date(2025, 5, 31)


@pytest.mark.parametrize("end", [fulfilled(), withdrawn(), declined()])
def test_a_closed_pledge_owes_no_report(end):
    pledge = given(announced(on=date(2022, 6, 7)), end).pledge
    assert pledge is not None
    assert reporting_schedule(pledge) is None
    assert reporting_health(pledge, date(2030, 1, 1)) is ReportingHealth.NOT_DUE


def test_a_year_after_a_leap_day_is_the_last_of_february():
    assert years_after(date(2024, 2, 29), 1) == date(2025, 2, 28)
    assert years_after(date(2024, 2, 29), 4) == date(2028, 2, 29)


def _pledge(delivered: int, **more) -> Pledge:
    history = [announced(schools(100), starts_on=date(2024, 1, 1), ends_on=date(2026, 1, 1), **more)]
    facts = [contributed(contribution("c1", delivered))] if delivered else []
    pledge = given(*history, *facts).pledge
    assert pledge is not None
    return pledge


@pytest.mark.parametrize(
    ("delivered", "on", "health"),
    [
        (0, date(2024, 1, 1), ScheduleHealth.ON_SCHEDULE),
        (0, date(2024, 12, 31), ScheduleHealth.BEHIND),
        (40, date(2024, 12, 31), ScheduleHealth.ON_SCHEDULE),
        (59, date(2024, 12, 31), ScheduleHealth.ON_SCHEDULE),
        (60, date(2024, 12, 31), ScheduleHealth.AHEAD),
        (39, date(2024, 12, 31), ScheduleHealth.BEHIND),
        (99, date(2026, 1, 2), ScheduleHealth.PAST_END),
        (100, date(2026, 1, 2), ScheduleHealth.ON_SCHEDULE),
        (500, date(2026, 1, 2), ScheduleHealth.ON_SCHEDULE),
    ],
)
def test_delivery_is_held_against_the_time_gone_by(delivered: int, on: date, health: ScheduleHealth):
    # 2024-12-31 is day 365 of 731, just under one half.
    assert schedule_health(_pledge(delivered), on) is health


def test_one_target_overfilled_does_not_make_up_for_another():
    history = announced(schools(10), schools(10, id="more"), starts_on=date(2024, 1, 1), ends_on=date(2025, 1, 1))
    pledge = given(history, contributed(contribution("c1", 100, on=date(2024, 5, 1)))).pledge
    assert pledge is not None
    assert schedule_health(pledge, date(2024, 12, 31)) is ScheduleHealth.BEHIND


@pytest.mark.parametrize("history", [announced(ends_on=date(2026, 1, 1)), announced(schools(10))])
def test_without_targets_or_without_an_end_nothing_is_measured(history):
    pledge = given(history).pledge
    assert pledge is not None
    assert schedule_health(pledge, date(2025, 1, 1)) is ScheduleHealth.UNMEASURED


def test_without_an_end_of_its_own_a_pledge_ends_with_its_last_target():
    history = announced(schools(10, due_on=date(2025, 1, 1)), schools(10, id="b", due_on=date(2024, 6, 1)))
    pledge = given(history).pledge
    assert pledge is not None
    assert schedule_health(pledge, date(2025, 1, 2)) is ScheduleHealth.PAST_END
    assert schedule_health(pledge, date(2024, 12, 1)) is ScheduleHealth.BEHIND


def test_time_gone_by_stays_between_nothing_and_all():
    start, end = date(2024, 1, 1), date(2024, 1, 11)
    shares = [elapsed_share(start, end, date(2024, 1, day)) for day in (1, 6, 11, 31)]
    assert shares == [Decimal(0), Decimal("0.5"), Decimal(1), Decimal(1)]
    assert elapsed_share(start, end, date(2023, 1, 1)) == 0

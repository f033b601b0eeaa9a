"""Who owes a report, since when, and on which period."""

from __future__ import annotations

from datetime import date
from typing import Any

from domain.events import PledgeEvent
from domain.obligations import Obligation, obligation, obligations
from domain.pledge import Pledge
from domain.vocabulary import Region, ReportingHealth
from tests.given import announced, fulfilled, given, party, reported, validated, withdrawn
from tests.portfolios import NAMES

ANNOUNCED = date(2022, 5, 1)


def pledge(*more: PledgeEvent, reference: str = "P2C-2022-000001", on: date = ANNOUNCED, **said: Any) -> Pledge:
    found = given(announced(on=on, reference=reference, **said), validated(on), *more).pledge
    assert found is not None
    return found


def owed(pledge: Pledge, on: date) -> Obligation:
    found = obligation(pledge, NAMES, on)
    assert found is not None
    return found


def test_nothing_is_owed_until_the_day_a_report_is_due() -> None:
    assert obligation(pledge(), NAMES, date(2023, 4, 30)) is None

    first = owed(pledge(), date(2023, 5, 1))
    assert (first.due_on, first.days_since_due) == (date(2023, 5, 1), 0)


def test_without_a_report_the_time_since_the_announcement_is_asked_for() -> None:
    never = owed(pledge(countries=("KEN", "BGD")), date(2024, 5, 11))

    assert never.health is ReportingHealth.NEVER_REPORTED
    assert (never.overdue_on, never.silent_on) == (date(2024, 5, 1), date(2025, 5, 1))
    assert never.days_since_due == 376
    assert never.last_reported_until is None
    assert (never.period_start, never.period_end) == (ANNOUNCED, date(2024, 5, 11))
    assert never.lead_name == "Lead"
    assert never.pledger_region is Region.AFRICA
    assert never.regions == (Region.AFRICA, Region.ASIA_PACIFIC)


def test_after_a_report_the_time_since_its_period_is_asked_for() -> None:
    late = owed(pledge(reported(ANNOUNCED, date(2022, 12, 31))), date(2025, 1, 15))

    assert late.health is ReportingHealth.OVERDUE
    assert late.last_reported_until == date(2022, 12, 31)
    assert (late.period_start, late.period_end) == (date(2023, 1, 1), date(2025, 1, 15))


def test_only_who_stands_owes_anything() -> None:
    on = date(2030, 1, 1)
    unadmitted = given(announced(on=ANNOUNCED)).pledge
    assert unadmitted is not None

    for settled in (pledge(fulfilled(date(2023, 1, 1))), pledge(withdrawn(date(2023, 1, 1))), unadmitted):
        assert obligation(settled, NAMES, on) is None


def test_the_queue_is_by_organisation_and_the_longest_owed_comes_first() -> None:
    queue = obligations(
        [
            pledge(reference="P2C-2022-000001", lead=party("Other")),
            pledge(reference="P2C-2022-000002", on=date(2022, 6, 1)),
            pledge(reference="P2C-2022-000003"),
        ],
        NAMES,
        date(2024, 1, 1),
    )

    assert [(one.lead_name, one.reference[-1]) for one in queue] == [("Lead", "3"), ("Lead", "2"), ("Other", "1")]

"""The day is the database's, whatever this machine's clock says."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import time_machine

from infrastructure.bootstrap import Service, open_on
from infrastructure.clock import DatabaseClock
from infrastructure.database import open_pool
from infrastructure.readiness import examine

A_DAY = timedelta(days=1)


def wrong_by(off: timedelta) -> time_machine.travel:
    return time_machine.travel(datetime.now(UTC) + off, tick=True)


@pytest.mark.parametrize("off", [A_DAY, -A_DAY])
def test_the_day_is_the_databases(service: Service, off: timedelta) -> None:
    today = datetime.now(UTC).date()
    with wrong_by(off):
        service.clock.measure()

        assert service.today() == today != datetime.now(UTC).date()
        assert service.clock.skew == pytest.approx(-off.total_seconds(), abs=1)


def test_a_clock_that_is_set_after_the_measurement_changes_nothing(service: Service) -> None:
    now = service.clock.now()
    with wrong_by(A_DAY):
        assert service.clock.now() - now < timedelta(minutes=1)
        assert service.clock.skew == pytest.approx(-A_DAY.total_seconds(), abs=1)


def test_what_was_measured_is_kept_while_the_database_is_away(empty_ledger: str) -> None:
    today = datetime.now(UTC).date()
    with wrong_by(A_DAY):
        with open_pool(empty_ledger) as pool:
            clock = DatabaseClock(pool)
            clock.measure()
        with pytest.raises(psycopg.OperationalError):
            clock.measure()

        assert clock.today() == today


def test_a_wrong_clock_is_told_once_until_it_was_right_again(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    for off in (A_DAY, A_DAY, timedelta(0), A_DAY):
        with wrong_by(off), caplog.at_level(logging.WARNING, "infrastructure.clock"):
            service.clock.measure()

    assert len([record for record in caplog.records if "differ by 8640" in record.getMessage()]) == 2


@pytest.mark.parametrize(("seconds", "parts"), [(50, []), (70, ["clock"])])
def test_a_machine_that_is_more_than_a_minute_wrong_is_not_ready(
    service: Service, seconds: int, parts: list[str]
) -> None:
    with wrong_by(timedelta(seconds=seconds)):
        assert [fault.part for fault in examine(service).faults] == parts


def test_a_day_that_is_given_counts_more(empty_ledger: str) -> None:
    day = datetime(2031, 2, 3, tzinfo=UTC).date()
    with open_on(empty_ledger, today=lambda: day) as service:
        assert service.today() == day

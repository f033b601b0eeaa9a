"""Moments: an instant is one position, today and for ever."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.moments import Moment, MomentNotOver, PositionAhead, ViewsBehind, parse_as_of
from infrastructure.bootstrap import Service
from infrastructure.locks import APPEND_LOCK
from tests.given import TODAY
from tests.projections.ledgers import append, registered


def moments(service: Service, *as_of: int | datetime | date) -> list[int]:
    """The positions that these mean."""
    return [service.register.resolve(asked, TODAY).position for asked in as_of]


@pytest.fixture
def caught_up(service: Service) -> Service:
    """A service whose read models follow."""
    service.projections.start()
    return service


def test_an_instant_means_the_last_fact_recorded_by_it(caught_up: Service):
    entries = [entry for _ in range(3) for entry in append(caught_up, [[registered()]])]
    tick = timedelta(microseconds=1)
    instants = [entry.recorded_at for entry in entries]

    assert moments(caught_up, *instants) == [1, 2, 3]
    assert moments(caught_up, *(instant - tick for instant in instants)) == [0, 1, 2]
    assert moments(caught_up, instants[0].date() - timedelta(days=1)) == [0]
    assert caught_up.register.resolve(2, None) == Moment(
        position=2, recorded_at=instants[1], effective_on=instants[1].astimezone(UTC).date()
    )


def test_an_append_that_is_under_way_is_waited_for(caught_up: Service, empty_ledger: str):
    [first] = append(caught_up, [[registered()]])
    opened, finish = threading.Event(), threading.Event()

    def hold_the_turn() -> None:
        with psycopg.connect(empty_ledger) as connection, connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (APPEND_LOCK,))
            opened.set()
            finish.wait(10)

    with ThreadPoolExecutor(2) as threads:
        holding = threads.submit(hold_the_turn)
        opened.wait(10)
        asking = threads.submit(moments, caught_up, datetime.now(UTC) - timedelta(microseconds=10))
        with pytest.raises(TimeoutError):
            asking.result(timeout=0.5)
        finish.set()
        holding.result(10)
        assert asking.result(10) == [first.position]


def test_what_has_not_come_yet_is_refused(caught_up: Service):
    append(caught_up, [[registered()]])
    with pytest.raises(MomentNotOver):
        moments(caught_up, datetime.now(UTC) + timedelta(minutes=1))
    with pytest.raises(MomentNotOver):
        moments(caught_up, datetime.now(UTC).date() + timedelta(days=1))
    with pytest.raises(PositionAhead):
        moments(caught_up, 2)


def test_an_instant_that_is_just_coming_is_waited_for(caught_up: Service):
    [entry] = append(caught_up, [[registered()]])
    soon = datetime.now(UTC) + timedelta(seconds=0.4)
    assert moments(caught_up, soon) == [entry.position]
    assert datetime.now(UTC) > soon


def test_before_the_first_fact_nothing_is_so(caught_up: Service):
    moment = caught_up.register.resolve(0, None)
    assert (moment.position, moment.recorded_at) == (0, None)
    assert list(caught_up.register.pledges(moment)) == []
    assert list(caught_up.register.entries(0)) == []


def test_the_facts_come_in_ledger_order_up_to_the_position(caught_up: Service):
    entries = append(caught_up, [[registered()] for _ in range(5)])
    assert list(caught_up.register.entries(3)) == entries[:3]


@given(st.text(max_size=30))
def test_whatever_is_typed_is_a_moment_or_no_value(text: str):
    try:
        meant = parse_as_of(text)
    except ValueError:
        return
    assert isinstance(meant, int | datetime | date)


def test_the_three_forms_of_a_moment():
    assert parse_as_of("17") == 17
    assert parse_as_of("2026-01-31") == date(2026, 1, 31)
    assert parse_as_of("2026-01-31T12:00:00+02:00") == datetime(2026, 1, 31, 10, tzinfo=UTC)
    assert parse_as_of("2026-01-31t12:00:00.5z") == datetime(2026, 1, 31, 12, 0, 0, 500_000, tzinfo=UTC)


def test_read_models_that_stand_still_are_not_waited_for_for_ever(service: Service, monkeypatch: pytest.MonkeyPatch):
    append(service, [[registered()]])  # nobody tells the read models
    monkeypatch.setattr("infrastructure.register.CATCH_UP_WITHIN_SECONDS", 0.1)
    with pytest.raises(ViewsBehind, match="position 1"):
        service.register.resolve(None, None)

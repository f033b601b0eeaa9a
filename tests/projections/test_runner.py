"""The runner: one active at a time, woken by appends, stopped by nothing but `stop`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg import Cursor
from psycopg.rows import DictRow

import projections.runner
from audit.envelope import Entry
from infrastructure.bootstrap import Service, open_on
from infrastructure.database import open_pool
from projections.catalogue import READ_MODELS
from projections.database import ELECTION_LOCK
from projections.runner import ProjectionRunner, ReadModelFailed
from tests.projections.ledgers import append, busy_life, facts, forget, registered, runner, tables
from tests.superuser import superuser

ORGANISATIONS = next(model for model in READ_MODELS if model.name == "organisations")
TIMELINE = next(model for model in READ_MODELS if model.name == "timeline")
SOON = 15.0


def soon(condition: Callable[[], bool], within: float = SOON) -> bool:
    """Whether it becomes true in time."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture
def running(service: Service) -> Iterator[ProjectionRunner]:
    """The service's own runner, active."""
    service.projections.start()
    assert soon(lambda: service.projections.leading)
    yield service.projections
    service.projections.stop()


@pytest.fixture
def other(empty_ledger: str, service: Service) -> Iterator[Service]:
    """The same database, served by another process as far as anybody can tell."""
    with open_on(empty_ledger) as other:
        yield other


def leader(service: Service) -> int | None:
    """The backend that holds the election lock."""
    with service.pool.connection() as connection:
        row = connection.execute(
            "SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database"
            " WHERE locktype = 'advisory' AND objid = %s AND objsubid = 1 AND granted AND datname = current_database()",
            (ELECTION_LOCK,),
        ).fetchone()
    return row["pid"] if row else None


def terminate(service: Service, pid: int | None) -> None:
    with superuser(service) as connection:
        connection.execute("SELECT pg_terminate_backend(%s)", (pid,))


def test_an_append_wakes_the_runner(service: Service, running: ProjectionRunner, monkeypatch):
    monkeypatch.setattr(projections.runner, "LOOK_ANYWAY_SECONDS", 600.0)
    time.sleep(0.5)  # so that it has begun to wait for long
    for group in facts():
        position = append(service, [group])[-1].position
        assert running.wait_until(position, SOON)
        assert service.projections.status()["pledge_status"].position == position


def test_what_no_notification_tells_of_is_found_all_the_same(service: Service, monkeypatch):
    monkeypatch.setattr(projections.runner, "LOOK_ANYWAY_SECONDS", 0.2)
    deaf = runner(service.pool, channel="nobody_speaks_here")
    deaf.start()
    try:
        assert soon(lambda: deaf.leading)
        time.sleep(0.5)
        assert deaf.wait_until(append(service, facts())[-1].position, SOON)
    finally:
        deaf.stop()


def test_an_idle_runner_does_nothing(service: Service, running: ProjectionRunner):
    assert running.wait_until(append(service, facts())[-1].position, SOON)
    assert soon(lambda: _worked_within(0.5) < 0.02), "it comes to rest"
    assert _worked_within(2) < 0.1


def _worked_within(seconds: float) -> float:
    before = time.process_time()
    time.sleep(seconds)
    return time.process_time() - before


def test_entries_gather_while_nobody_waits_for_them(service: Service, running: ProjectionRunner, monkeypatch):
    monkeypatch.setattr(projections.runner, "GATHER_SECONDS", 600.0)
    first, *others = facts()
    time.sleep(0.5)  # so that it waits for the first
    shown = append(service, [first])[-1].position
    assert soon(lambda: _positions(service) == {shown})

    latest = append(service, others)[-1].position
    time.sleep(0.5)
    assert _positions(service) == {shown}
    assert running.wait_until(latest, SOON)
    assert _positions(service) == {latest}


def _positions(service: Service) -> set[int]:
    return {status.position for status in service.projections.status().values()}


def test_of_two_runners_one_is_active_and_the_other_takes_over_when_it_stops(service: Service, other: Service):
    service.projections.start()
    assert soon(lambda: service.projections.leading)
    other.projections.start()
    time.sleep(1.5)
    assert (service.projections.leading, other.projections.leading) == (True, False)

    service.projections.stop()

    assert soon(lambda: other.projections.leading)
    assert other.projections.wait_until(append(service, facts())[-1].position, SOON)


def test_when_the_active_runners_connection_is_cut_somebody_goes_on(service: Service, other: Service):
    for each in (service, other):
        each.projections.start()
    assert soon(lambda: service.projections.leading or other.projections.leading)
    for group in facts():
        before = leader(service)
        terminate(service, before)
        position = append(service, [group])[-1].position
        assert other.projections.wait_until(position, SOON)
        assert leader(service) != before
        # One that lost its connection can apply nothing more, but may take a moment to know it.
        assert soon(lambda: [service.projections.leading, other.projections.leading].count(True) == 1)
    one_after_the_other = {model.name: tables(service.pool, model) for model in READ_MODELS}

    for model in READ_MODELS:
        service.projections.rebuild(model.name, lambda done, total: None)

    assert {model.name: tables(service.pool, model) for model in READ_MODELS} == one_after_the_other


def test_a_runner_that_lost_its_connection_in_the_middle_of_a_batch_leaves_nothing_of_it(service: Service):
    append(service, facts())
    cut = threading.Event()

    def change_and_be_cut_off(cursor: Cursor[DictRow], entries: Sequence[Entry]) -> None:
        ORGANISATIONS.apply(cursor, entries)
        if not cut.is_set():
            cut.set()
            terminate(service, cursor.connection.info.backend_pid)
            cursor.execute("SELECT pg_sleep(30)")

    unlucky = runner(service.pool, replace(ORGANISATIONS, apply=change_and_be_cut_off))
    with pytest.raises(psycopg.OperationalError):
        unlucky.catch_up()

    page = service.organisations.page()
    assert (page.position, page.items) == (0, ())
    unlucky.catch_up()
    assert len(service.organisations.page().items) == 2


def test_the_thread_survives_what_ends_every_connection(service: Service, running: ProjectionRunner):
    for group in facts():
        with superuser(service) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        assert running.wait_until(append(service, [group])[-1].position, SOON)
    assert running.problem is None


def test_a_read_model_that_fails_stands_still_says_why_and_lets_the_others_go_on(service: Service):
    def fails_on_the_second_pledge(cursor: Cursor[DictRow], entries: Sequence[Entry]) -> None:
        if any(getattr(entry.event, "reference", None) == "T-2" for entry in entries):
            raise ZeroDivisionError("nobody thought of this")
        TIMELINE.apply(cursor, entries)

    entries = append(service, [busy_life("T-1"), busy_life("T-2")])
    faulty = runner(service.pool, replace(TIMELINE, apply=fails_on_the_second_pledge), ORGANISATIONS)
    faulty.start()
    try:
        assert faulty.wait_until(entries[-1].position, SOON, "organisations")
        assert soon(lambda: faulty.status()["timeline"].error is not None)
        status = faulty.status()
        assert status["timeline"].position == 5, "right before the entry it fails on"
        assert status["timeline"].lag == 5
        assert "position 6" in (status["timeline"].error or "")
        assert "nobody thought of this" in (status["timeline"].error or "")
        assert status["organisations"].error is None
        assert not faulty.wait_until(6, 0.1, "timeline")
        assert faulty.wait_until(append(service, [[registered()]])[-1].position, SOON, "organisations")
    finally:
        faulty.stop()

    service.projections.catch_up()

    assert [item.version for item in service.timeline.history("T-2").items] == [1, 2, 3, 4, 5]
    assert service.projections.status()["timeline"].error is None


def test_a_failed_read_model_is_tried_again(service: Service, monkeypatch):
    monkeypatch.setattr("projections.following.FIRST_RETRY_SECONDS", 0.1)
    attempts: list[float] = []

    def fails_three_times(cursor: Cursor[DictRow], entries: Sequence[Entry]) -> None:
        attempts.append(time.monotonic())
        if len(attempts) < 6:  # each batch is tried as a whole, then entry by entry
            raise ConnectionError("not yet")
        TIMELINE.apply(cursor, entries)

    position = append(service, [busy_life("T-1")])[-1].position
    patient = runner(service.pool, replace(TIMELINE, apply=fails_three_times))
    patient.start()
    try:
        assert patient.wait_until(position, SOON)
        assert attempts[5] - attempts[0] >= 0.3, "later and later"
        assert patient.status()["timeline"].error is None
    finally:
        patient.stop()


def test_a_read_model_without_room_is_tried_again_soon_and_no_entry_is_blamed(service: Service, monkeypatch):
    monkeypatch.setattr("projections.following.FIRST_RETRY_SECONDS", 0.1)
    attempts: list[float] = []

    def finds_no_room_eight_times(cursor: Cursor[DictRow], entries: Sequence[Entry]) -> None:
        attempts.append(time.monotonic())
        if len(attempts) <= 8:
            raise psycopg.errors.DiskFull("no space left on device")
        TIMELINE.apply(cursor, entries)

    position = append(service, [busy_life("T-1")])[-1].position
    patient = runner(service.pool, replace(TIMELINE, apply=finds_no_room_eight_times))
    patient.start()
    try:
        assert soon(lambda: patient.status()["timeline"].error is not None)
        assert "position" not in (patient.status()["timeline"].error or "")
        assert patient.wait_until(position, SOON), "not later and later, which would take 25 seconds"
    finally:
        patient.stop()


def test_bytes_that_nobody_can_read_are_not_passed_over(service: Service):
    position = append(service, [busy_life("T-1")])[-1].position
    with service.pool.connection() as connection:
        connection.execute(
            "INSERT INTO ledger.events VALUES (gen_random_uuid(), 1, 'pledge.announced.v1', 'rubbish', %s, now())",
            (position + 1,),
        )
    append(service, [busy_life("T-2")])

    with pytest.raises(ReadModelFailed, match=f"position {position + 1}"):
        service.projections.catch_up()

    for status in service.projections.status().values():
        assert status.position == position
        assert f"position {position + 1}" in (status.error or "")


def test_catching_up_waits_for_the_active_runner(service: Service, other: Service):
    service.projections.start()
    assert soon(lambda: service.projections.leading)
    for group in facts():
        position = append(service, [group])[-1].position
        assert other.projections.catch_up() == position
        assert other.projections.status()["pledge_status"].position == position
    assert service.projections.leading


def test_catching_up_does_not_wait_for_ever_for_a_runner_that_cannot(service: Service, other: Service):
    def fails(cursor: Cursor[DictRow], entries: Sequence[Entry]) -> None:
        raise ZeroDivisionError("nobody thought of this")

    append(service, facts())
    faulty = runner(service.pool, *(replace(m, apply=fails) if m is TIMELINE else m for m in READ_MODELS))
    faulty.start()
    try:
        assert soon(lambda: faulty.leading)
        with pytest.raises(ReadModelFailed, match="nobody thought of this"):
            other.projections.catch_up()
    finally:
        faulty.stop()


def test_many_wait_for_another_process_with_two_connections_between_them(service: Service, empty_ledger: str):
    with open_pool(empty_ledger, largest=2) as small, ThreadPoolExecutor(60) as threads:
        waiting = runner(small)
        position = append(service, facts())[-1].position
        answers = [threads.submit(waiting.wait_until, position, SOON) for _ in range(60)]
        time.sleep(0.3)
        assert not any(answer.done() for answer in answers)
        service.projections.catch_up()
        assert all(answer.result() for answer in answers)


def test_waiting_ends_in_time(service: Service, running: ProjectionRunner):
    before = time.monotonic()
    assert not running.wait_until(1, 0.3)
    assert 0.25 < time.monotonic() - before < SOON


def test_waiting_for_what_is_there_takes_no_time(service: Service):
    position = append(service, facts())[-1].position
    service.projections.catch_up()
    before = time.monotonic()
    assert service.projections.wait_until(position, SOON)
    assert service.projections.wait_until(0, 0)
    assert time.monotonic() - before < SOON / 2


def test_starting_twice_is_starting_once_and_a_stopped_runner_can_be_started_again(service: Service):
    service.projections.start()
    service.projections.start()
    assert soon(lambda: service.projections.leading)
    assert [thread.name for thread in threading.enumerate()].count("projections") == 1
    service.projections.stop()
    service.projections.stop()
    assert leader(service) is None
    service.projections.start()
    assert service.projections.wait_until(append(service, facts())[-1].position, SOON)


SLOW_RUNNER = """
import sys, time
from dataclasses import replace
from infrastructure.bootstrap import open_on
from projections.catalogue import READ_MODELS
from tests.superuser import superuser
from tests.projections.ledgers import runner

def slowly(model):
    def apply(cursor, entries):
        model.apply(cursor, entries)
        time.sleep(0.05)  # changed, not committed: here it is most likely to be killed
    return replace(model, apply=apply)

with open_on(sys.argv[1]) as service:
    runner(service.pool, *map(slowly, READ_MODELS), batch=3).catch_up()
"""


def test_a_runner_that_is_killed_in_the_middle_is_resumed_exactly_where_it_was(service: Service, empty_ledger: str):
    append(service, [busy_life(f"T-{n}") for n in range(40)])
    with subprocess.Popen(
        [sys.executable, "-c", SLOW_RUNNER, empty_ledger], cwd=Path(__file__).parents[2], env=dict(os.environ)
    ) as process:
        assert soon(lambda: service.projections.status()["timeline"].position >= 30)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    killed_at = {name: status.position for name, status in service.projections.status().items()}
    assert all(20 <= position < 200 for position in killed_at.values()), killed_at

    service.projections.start()  # it takes over from the dead one
    assert service.projections.wait_until(200, SOON)
    service.projections.stop()

    for model in READ_MODELS:
        resumed = tables(service.pool, model)
        forget(service.pool, model)
        service.projections.catch_up()
        assert tables(service.pool, model) == resumed

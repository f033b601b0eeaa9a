"""Rebuilding: beside what is being served, exchanged in one moment, refused to the second who wants it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from psycopg import Cursor
from psycopg.rows import DictRow

from audit.envelope import Envelopes, Unreadable
from domain.events import AnyEvent
from infrastructure.bootstrap import Service
from projections import tracking
from projections.catalogue import READ_MODELS
from projections.histories import OneByOne
from projections.ledger_entries import EntryReader
from projections.pinning import Point
from projections.pledge_status.filters import PledgeFilters
from projections.portfolio.view import PortfolioView
from projections.read_model import ReadModel
from projections.rebuild import RebuildUnderWay, Shadow, rebuild
from projections.tracking import CannotApply
from projections.transparency.view import TransparencyView
from tests.given import TODAY
from tests.projections.ledgers import append, busy_life, facts, forget, registered, renamed, runner, tables
from tests.projections.test_runner import SOON, soon

every_read_model = pytest.mark.parametrize("model", READ_MODELS, ids=lambda model: model.name)

REBUILDS, READS = 6, 40
"""How often a read model is rebuilt at least, and read meanwhile, while others write."""


def quietly(done: int, total: int) -> None:
    """Tell nobody."""


def leftovers(service: Service) -> list[str]:
    with service.pool.connection() as connection:
        rows = connection.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname LIKE '%rebuild' OR nspname LIKE '%retired'"
        ).fetchall()
    return [row["nspname"] for row in rows]


@contextmanager
def in_background(*work: Callable[[], None]) -> Iterator[Sequence[Future[None]]]:
    """Do all of it again and again meanwhile; what any of it raises, which ends it, is raised here."""
    enough = threading.Event()

    def again_and_again(once: Callable[[], None]) -> None:
        while not enough.is_set():
            once()

    with ThreadPoolExecutor(len(work)) as threads:
        running = [threads.submit(again_and_again, once) for once in work]
        try:
            yield running
        finally:
            enough.set()
        for each in running:
            each.result()


@every_read_model
def test_readers_and_writers_notice_nothing_of_a_rebuild(service: Service, model: ReadModel):
    lead = registered("Lead")
    append(service, [[lead], *(busy_life(f"T-{n:04d}") for n in range(50))])
    service.projections.catch_up()
    service.projections.start()
    numbers, versions, seen, reads = count(), count(2), [0], [0]
    portfolio, tree = PortfolioView(service.pool), TransparencyView(service.pool)

    def write() -> None:
        append(service, [busy_life(f"W-{next(numbers):04d}"), [renamed(lead, "Lead", version=next(versions))]])
        time.sleep(0.02)

    def read() -> None:
        page = service.pledges.page(PledgeFilters(), on=TODAY, limit=51)
        organisations = service.organisations.page()
        positions = {
            "pledge_status": page.position,
            "organisations": organisations.position,
            "timeline": service.timeline.history("T-0001").position,
            "portfolio": portfolio.position(),
            "transparency": tree.size(),
        }
        position = positions[model.name]
        assert position >= seen[0], "never back"
        seen[0] = position
        assert len(page.items) == 51 or page.items[-1].pledge.reference == "T-0049"
        assert [row.organisation.name for row in organisations.items] == ["Lead"]
        assert len(service.timeline.history("T-0001").items) == 5
        portfolio.totals(Point(portfolio.position(), TODAY))
        assert tree.root(tree.size())
        assert max(row.position for row in page.items) <= page.position, "rows and position belong together"
        reads[0] += 1

    with in_background(write, read) as working:
        rebuilds = 0
        while (rebuilds < REBUILDS or reads[0] < READS) and not any(each.done() for each in working):
            service.projections.rebuild(model.name, quietly)
            rebuilds += 1

    assert service.projections.wait_until(service.ledger.position, SOON)
    status = service.projections.status()
    assert {name: s.error for name, s in status.items()} == dict.fromkeys(status)
    service.projections.stop()
    followed = tables(service.pool, model)
    forget(service.pool, model)
    service.projections.catch_up()
    assert tables(service.pool, model) == followed


@every_read_model
def test_what_is_appended_while_it_builds_is_in_it(service: Service, model: ReadModel):
    append(service, facts())
    service.projections.catch_up()
    more: Iterator[list[list[AnyEvent]]] = iter([[[*busy_life("L-1")]], [[*busy_life("L-2")]], [[registered("Late")]]])

    def append_more(done: int, total: int) -> None:
        append(service, next(more, []))

    service.projections.rebuild(model.name, append_more)

    assert next(more, None) is None
    assert service.projections.status()[model.name].lag == 0


@every_read_model
def test_old_and_new_are_never_mixed_and_nothing_is_left_behind(service: Service, model: ReadModel):
    append(service, facts())
    service.projections.catch_up()
    service.projections.rebuild(model.name, quietly)
    assert leftovers(service) == []


def test_progress_is_told_from_nothing_to_everything(service: Service):
    position = append(service, facts())[-1].position
    told: list[tuple[int, int]] = []
    service.projections.rebuild("timeline", lambda done, total: told.append((done, total)))
    assert told[0] == (0, position)
    assert told[-1] == (position, position)
    assert told == sorted(told)


def test_while_one_rebuilds_another_is_refused_and_everybody_can_see_it(service: Service):
    append(service, facts())
    service.projections.catch_up()
    asked: list[str] = []

    def ask_for_another(done: int, total: int) -> None:
        if not asked:
            asked.append("once")
            assert {name: s.rebuilding for name, s in service.projections.status().items()} == {
                "pledge_status": False,
                "timeline": True,
                "organisations": False,
                "portfolio": False,
                "transparency": False,
            }
            with pytest.raises(RebuildUnderWay, match="timeline is being rebuilt"):
                service.projections.rebuild("timeline", quietly)
            service.projections.rebuild("organisations", quietly)

    service.projections.rebuild("timeline", ask_for_another)

    assert asked
    assert not service.projections.status()["timeline"].rebuilding
    service.projections.rebuild("timeline", quietly)


def test_a_rebuild_that_fails_leaves_what_is_served_as_it_was(service: Service):
    append(service, facts())
    service.projections.catch_up()
    model = READ_MODELS[0]
    before = tables(service.pool, model)

    def fails(cursor: Cursor[DictRow], entries: object) -> None:
        raise ZeroDivisionError

    for failing in (replace(model, apply=fails, builder=None), replace(model, builder=lambda: OneByOne(fails))):
        with pytest.raises((ZeroDivisionError, CannotApply)):
            rebuild(service.pool, [failing], Envelopes(), quietly)
        assert tables(service.pool, model) == before

    service.projections.rebuild(model.name, quietly)
    assert tables(service.pool, model) == before
    assert leftovers(service) == []


def test_a_rebuild_does_not_pass_over_bytes_that_nobody_can_read(service: Service):
    position = append(service, facts())[-1].position
    service.projections.catch_up()
    before = tables(service.pool, READ_MODELS[1])
    with service.pool.connection() as connection:
        connection.execute(
            "INSERT INTO ledger.events VALUES (gen_random_uuid(), 1, 'pledge.announced.v1', 'rubbish', %s, now())",
            (position + 1,),
        )

    with pytest.raises(Unreadable, match=f"position {position + 1}"):
        service.projections.rebuild("timeline", quietly)

    assert tables(service.pool, READ_MODELS[1]) == before


def test_an_unknown_read_model_cannot_be_rebuilt(service: Service):
    with pytest.raises(KeyError):
        service.projections.rebuild("weather", quietly)


KILLED = """
import sys, time
from infrastructure.bootstrap import open_on

def report(done, total):
    if done:
        print(done, flush=True)
        time.sleep(60)

with open_on(sys.argv[1]) as service:
    service.projections.rebuild("timeline", report)
"""


def test_a_rebuild_that_was_killed_is_nothing_to_the_next_one(service: Service, empty_ledger: str):
    position = append(service, facts())[-1].position
    service.projections.catch_up()
    before = tables(service.pool, READ_MODELS[1])
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, empty_ledger],
        cwd=Path(__file__).parents[2],
        env=dict(os.environ),
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert int(process.stdout.readline()) == position
        assert leftovers(service) == ["timeline_rebuild"]
        process.send_signal(signal.SIGKILL)
    assert soon(lambda: not service.projections.status()["timeline"].rebuilding)

    service.projections.rebuild("timeline", quietly)

    assert tables(service.pool, READ_MODELS[1]) == before
    assert leftovers(service) == []


def test_a_runner_rebuilds_what_another_version_built_while_the_others_go_on(service: Service):
    append(service, facts())
    service.projections.catch_up()
    building, go_on = threading.Event(), threading.Event()
    timeline = READ_MODELS[1]

    def waits(cursor: Cursor[DictRow], entries: object) -> None:
        building.set()
        assert go_on.wait(SOON)
        timeline.apply(cursor, entries)  # type: ignore[arg-type]

    newer_timeline = replace(timeline, apply=waits, builder=None, version=timeline.version + 1)
    newer = runner(service.pool, READ_MODELS[0], newer_timeline)
    newer.start()
    try:
        assert building.wait(SOON)
        position = append(service, [busy_life("T-9")])[-1].position
        assert newer.wait_until(position, SOON, "pledge_status")
        assert newer.status()["timeline"].rebuilding
        assert len(service.timeline.history("T-1").items) == 5, "served from the old tables meanwhile"
        assert not newer.wait_until(position, 0.2, "timeline")
        go_on.set()
        assert newer.wait_until(position, SOON, "timeline")
        assert len(service.timeline.history("T-9").items) == 5
    finally:
        go_on.set()
        newer.stop()


def test_an_older_runner_leaves_what_a_newer_version_built_alone_and_says_so(service: Service):
    append(service, facts())
    service.projections.start()
    assert service.projections.wait_until(service.ledger.position, SOON)
    timeline = READ_MODELS[1]
    newer = replace(timeline, version=timeline.version + 1)
    rebuild(service.pool, [newer], Envelopes(), quietly)
    built = tables(service.pool, timeline)

    position = append(service, [busy_life("T-9")])[-1].position

    assert service.projections.wait_until(position, SOON, "pledge_status")
    assert soon(lambda: service.projections.status()["timeline"].error is not None)
    assert "restart" in (service.projections.status()["timeline"].error or "")
    assert built.pop("tracking")
    after = tables(service.pool, timeline)
    assert after.pop("tracking")
    assert after == built


def test_a_long_ledger_without_read_models_is_rebuilt_rather_than_followed(service: Service, monkeypatch):
    monkeypatch.setattr("projections.read_model.FOLLOWED_FROM_THE_START", 3)
    append(service, facts())
    service.projections.catch_up()
    before = {model.name: tables(service.pool, model) for model in READ_MODELS}
    for model in READ_MODELS:
        forget(service.pool, model)

    service.projections.prepare()
    assert service.timeline.latest(1) == (), "there, if empty"
    service.projections.start()

    assert service.projections.wait_until(service.ledger.position, SOON)
    assert {model.name: tables(service.pool, model) for model in READ_MODELS} == before


@contextmanager
def right_before_the_exchange(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> Iterator[None]:
    """Let something happen, once, when the new tables have caught up and are about to take over."""
    exchange = Shadow._exchange
    left = [happens]

    def late(shadow: Shadow) -> None:
        if left:
            left.pop()()
        exchange(shadow)

    with monkeypatch.context() as patched:
        patched.setattr(Shadow, "_exchange", late)
        yield
    assert not left


@every_read_model
def test_what_was_applied_in_the_last_moment_is_not_lost(service: Service, model: ReadModel, monkeypatch):
    append(service, facts())
    service.projections.catch_up()

    def one_more() -> None:
        append(service, [busy_life("L-1"), [registered("Late")]])
        service.projections.catch_up()

    with right_before_the_exchange(monkeypatch, one_more):
        service.projections.rebuild(model.name, quietly)

    assert service.projections.status()[model.name].lag == 0


@every_read_model
def test_a_batch_that_is_being_applied_comes_before_the_exchange(service: Service, model: ReadModel, monkeypatch):
    position = append(service, facts())[-1].position
    service.projections.catch_up()
    committed = threading.Event()

    with ThreadPoolExecutor(1) as threads, service.pool.connection() as connection:

        def commit_later() -> None:
            time.sleep(0.3)
            connection.execute("COMMIT")
            committed.set()

        def begin_a_batch() -> None:
            append(service, [busy_life("L-1"), [registered("Late")]])
            connection.execute("BEGIN")
            tracking.apply(connection, model, EntryReader(Envelopes(), 1_000).after(connection, position))
            threads.submit(commit_later)

        with right_before_the_exchange(monkeypatch, begin_a_batch):
            service.projections.rebuild(model.name, quietly)

    assert committed.is_set()
    assert service.projections.status()[model.name].lag == 0


def test_who_has_found_some_of_the_old_tables_finds_all_of_them(service: Service):
    append(service, facts())
    service.projections.catch_up()
    which = "SELECT tableoid, positions FROM pledge_status.pledges LIMIT 1"

    with ThreadPoolExecutor(1) as threads, service.pool.connection() as reader:
        old = reader.execute(which).fetchone()
        with reader.transaction():
            reader.execute("SELECT position FROM pledge_status.tracking")
            rebuilding = threads.submit(service.projections.rebuild, "pledge_status", quietly)
            assert soon(lambda: leftovers(service) == ["pledge_status_rebuild"])
            time.sleep(1.5)
            assert reader.execute(which).fetchone() == old
        rebuilding.result()
        new = reader.execute(which).fetchone()

    assert old
    assert new
    assert old["tableoid"] != new["tableoid"]

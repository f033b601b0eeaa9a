"""Appends of an event loop's handlers: tried on the loop, and left to the writer where anything is not as expected."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any, cast
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError

from application.ledger import LedgerBusy, Recorded, TokenWorthless
from application.ports import Commit
from audit.envelope import Envelopes
from domain import organisation
from domain.events import AnyEvent
from domain.vocabulary import Role
from infrastructure import loop_writer
from infrastructure.append_transaction import append_as_expected
from infrastructure.append_writer import LARGEST_GROUP, AppendWriter
from infrastructure.appends import Append
from infrastructure.bootstrap import Service
from infrastructure.event_store import LedgerRecorder
from infrastructure.locks import APPEND_LOCK
from infrastructure.loop_connection import LoopConnection
from infrastructure.loop_session import LoopSession
from tests.infrastructure.test_event_store import receipt, registered, renamed, stored

SOON = 10.0


def begin(service: Service, events: Sequence[AnyEvent], **others: Any) -> asyncio.Future[Sequence[Recorded]]:
    """An append that a handler begins, with whatever else is to be recorded with it, or has to be so for it."""
    return service.ledger.begin_on_loop(Commit(events=events, **others))


async def positions(*begun: Awaitable[Sequence[Recorded]]) -> list[int]:
    """Where they are recorded."""
    return [entries[-1].position for entries in await asyncio.wait_for(asyncio.gather(*begun), SOON)]


def session_of(service: Service) -> LoopSession:
    return cast("LedgerRecorder", service.ledger.recorder)._appending


async def connected(service: Service) -> LoopConnection:
    """The connection of the loop's own, once it has one."""
    session = session_of(service)
    await until(lambda: session.connection() is not None)
    return cast("LoopConnection", session.connection())


async def until(so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(SOON):
        while not so():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.001)


@asynccontextmanager
async def another_append_under_way(service: Service, conninfo: str) -> AsyncIterator[None]:
    """What is begun inside waits for its end; the first of them has a statement of its own already."""
    connection = await connected(service)
    with psycopg.connect(conninfo) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", (APPEND_LOCK,))
        first = begin(service, [registered("The first")])
        await until(connection.lock.locked)
        yield
        other.commit()
    await positions(first)


@contextmanager
def only_on_the_loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing may be left to the writer."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("an append was left to the writer")

    with monkeypatch.context() as patched:
        patched.setattr(AppendWriter, "submit", refuse)
        yield


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(cast("Any", scenario()))


def test_those_who_wait_share_one_statement_and_need_no_thread(
    service: Service, empty_ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_writer, "TURN_WITHIN_SECONDS", SOON)

    async def scenario() -> None:
        with only_on_the_loop(monkeypatch):
            async with another_append_under_way(service, empty_ledger):
                begun = [begin(service, [registered(str(n))]) for n in range(5)]
            assert await positions(*begun) == [2, 3, 4, 5, 6]

    run(scenario)
    with service.pool.connection() as connection:
        rows = connection.execute("SELECT xmin::text FROM ledger.events ORDER BY notification_id").fetchall()
    first, *others = [row["xmin"] for row in rows]
    assert len(set(others)) == 1
    assert first not in others


def test_until_there_is_a_connection_and_for_each_loop_anew_the_writer_makes_them(service: Service) -> None:
    async def scenario() -> None:
        before = begin(service, [registered()])
        await connected(service)
        after = begin(service, [registered()])
        await positions(before, after)

    run(scenario)
    run(scenario)
    assert [position for position, _, _ in stored(service)] == [1, 2, 3, 4]


def test_one_that_was_overtaken_fails_alone(service: Service, empty_ledger: str) -> None:
    history, late = registered("Taken twice"), registered("Late")

    async def scenario() -> None:
        async with another_append_under_way(service, empty_ledger):
            winner = begin(service, [history], receipts=[receipt("k", history)])
            loser = begin(service, [replace(history, command_id=uuid4())])
            same_key = begin(service, [late], receipts=[receipt("k", late)])
            follower = begin(service, [renamed(history)])
        assert await positions(winner, follower) == [2, 3]
        for overtaken in (loser, same_key):
            with pytest.raises(IntegrityError):
                await overtaken

    run(scenario)
    assert len(stored(service)) == 3


def test_one_that_another_process_overtook_fails_alone(service: Service) -> None:
    history = registered()
    service.ledger.append([history])
    service.ledger.append([renamed(history)])

    async def scenario() -> None:
        await connected(service)
        overtaken = begin(service, [renamed(history, name="Other")])
        others = [begin(service, [registered(str(n))]) for n in range(3)]
        assert await positions(*others) == [3, 4, 5]
        with pytest.raises(IntegrityError):
            await overtaken

    run(scenario)


def test_one_whose_token_is_worth_nothing_fails_alone(service: Service) -> None:
    good, revoked = (service.credentials.issue(Role.BDT)[0].id for _ in range(2))
    service.credentials.revoke(revoked)

    async def scenario() -> None:
        await connected(service)
        worthless = begin(service, [registered()], credential=revoked)
        assert await positions(begin(service, [registered()], credential=good)) == [1]
        with pytest.raises(TokenWorthless):
            await worthless

    run(scenario)


def test_one_that_the_database_refuses_fails_alone(service: Service) -> None:
    recorder = cast("LedgerRecorder", service.ledger.recorder)
    unfit = Envelopes().unstamped(registered())._replace(type="\0")

    async def scenario() -> None:
        await connected(service)
        refused = recorder.append_on_loop(Append(facts=[unfit]))
        assert await positions(begin(service, [registered()])) == [1]
        with pytest.raises(psycopg.DataError):
            await refused

    run(scenario)


def test_who_has_left_has_nothing_recorded(service: Service, empty_ledger: str) -> None:
    async def scenario() -> None:
        async with another_append_under_way(service, empty_ledger):
            left = begin(service, [registered("Left")])
            stayed = begin(service, [registered("Stayed")])
            left.cancel()
        assert await positions(stayed) == [2]

    run(scenario)
    assert len(stored(service)) == 2


def test_who_waits_for_the_lock_for_long_is_told_when_there_is_no_time_left(
    service: Service, empty_ledger: str
) -> None:
    async def scenario() -> None:
        async with another_append_under_way(service, empty_ledger):
            hurried = begin(service, [registered()], within=0.6)
            patient = begin(service, [registered()])
            with pytest.raises(LedgerBusy):
                await asyncio.wait_for(hurried, SOON)
            assert not patient.done()
        await positions(patient)

    run(scenario)
    assert len(stored(service)) == 2


def test_more_than_a_group_may_have_is_committed_in_parts(service: Service, empty_ledger: str) -> None:
    async def scenario() -> None:
        async with another_append_under_way(service, empty_ledger):
            begun = [begin(service, [registered(str(n)) for n in range(LARGEST_GROUP // 2)]) for _ in range(3)]
        await positions(*begun)

    run(scenario)
    assert len(stored(service)) == 1 + 3 * (LARGEST_GROUP // 2)


def test_a_session_that_was_ended_meanwhile_is_replaced(service: Service, empty_ledger: str) -> None:
    async def scenario() -> None:
        before = await connected(service)
        end_session(empty_ledger, before)
        await asyncio.sleep(0.05)
        assert await positions(begin(service, [registered()])) == [1]
        assert await connected(service) is not before
        assert await positions(begin(service, [registered()])) == [2]

    run(scenario)


def test_what_a_lost_session_had_under_way_is_recorded_once(service: Service, empty_ledger: str) -> None:
    async def scenario() -> None:
        connection = await connected(service)
        with psycopg.connect(empty_ledger) as other:
            other.execute("SELECT pg_advisory_xact_lock(%s)", (APPEND_LOCK,))
            begun = begin(service, [registered()])
            await until(connection.lock.locked)
            end_session(empty_ledger, connection)
            other.commit()
        assert await positions(begun) == [1]

    run(scenario)
    assert len(stored(service)) == 1


@pytest.mark.parametrize("fault", [psycopg.OperationalError("the line is dead"), ZeroDivisionError()])
def test_an_append_whose_answer_was_lost_is_told_as_it_was_stored(
    service: Service, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    history = registered()

    async def lose_the_answer(*given: Any, **named: Any) -> None:
        await append_as_expected(*given, **named)
        raise fault

    async def scenario() -> None:
        await connected(service)
        monkeypatch.setattr("infrastructure.loop_writer.append_as_expected", lose_the_answer)
        assert await positions(begin(service, [history], receipts=[receipt("k", history)])) == [1]

    run(scenario)
    assert len(stored(service)) == 1


def test_nobody_waits_for_a_database_that_has_fallen_silent(
    service: Service, empty_ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_writer, "TURN_WITHIN_SECONDS", SOON)

    async def scenario() -> None:
        connection = await connected(service)
        with psycopg.connect(empty_ledger) as other:
            other.execute("SELECT pg_advisory_xact_lock(%s)", (APPEND_LOCK,))
            connection.hopeless = lambda: True
            begun = begin(service, [registered()], within=0.6)
            with pytest.raises(LedgerBusy):
                await asyncio.wait_for(begun, SOON)
            assert connection.closed

    run(scenario)


def test_pledges_and_organisations_are_read_on_the_loop_once_it_has_a_connection(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = registered()
    service.ledger.append([history, renamed(history)])
    recorder = cast("LedgerRecorder", service.ledger.recorder)

    def refuse(_: object) -> None:
        raise AssertionError("a thread was needed")

    async def scenario() -> None:
        in_a_thread = await service.ledger.organisations_on_loop([history.originator_id, uuid4()])
        await until(lambda: recorder._reading.connection() is not None)
        monkeypatch.setattr(recorder, "of_each", refuse)
        on_the_loop = await service.ledger.organisations_on_loop([history.originator_id, uuid4()])
        expected = service.ledger.organisation(history.originator_id)
        assert in_a_thread == on_the_loop == {history.originator_id: expected}

    run(scenario)


def test_histories_of_very_many_facts_are_folded_in_a_thread(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    history = registered()
    service.ledger.append([history, renamed(history)])
    fold_it, folded_by = organisation.fold, list[str]()

    def fold(*given: Any) -> Any:
        folded_by.append(threading.current_thread().name)
        return fold_it(*given)

    async def scenario() -> None:
        monkeypatch.setattr("application.ledger.organisations.fold", fold)
        for largest in (2, 1):
            monkeypatch.setattr("application.ledger.FOLDED_ON_LOOP", largest)
            found = await service.ledger.organisations_on_loop([history.originator_id])
            assert found[history.originator_id].name == "New"

    run(scenario)
    assert folded_by[0] == threading.current_thread().name != folded_by[1]


def end_session(conninfo: str, connection: LoopConnection) -> None:
    """Let the server end the session of a connection."""
    with psycopg.connect(conninfo, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (connection.info.backend_pid,))

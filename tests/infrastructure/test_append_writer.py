"""Group commit: who waits is committed with the others who wait, and fails for itself alone."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from queue import SimpleQueue
from typing import Any, cast
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError
from psycopg.rows import DictRow

from application.ledger import LedgerBusy, Recorded, TokenWorthless
from application.ports import Commit
from audit.envelope import Envelopes
from domain.events import AnyEvent, Registered
from domain.vocabulary import Role
from infrastructure import append_writer
from infrastructure.append_writer import LARGEST_GROUP
from infrastructure.appends import Append
from infrastructure.bootstrap import Service, open_on
from infrastructure.event_store import LedgerRecorder
from infrastructure.locks import APPEND_LOCK
from tests.infrastructure.test_event_store import receipt, registered, renamed, stored


def begin(service: Service, events: Sequence[AnyEvent], **others: Any) -> Future[Sequence[Recorded]]:
    """An append that is begun, with whatever else is to be recorded with it, or has to be so for it."""
    return service.ledger.begin(Commit(events=events, **others))


@contextmanager
def another_append_under_way(service: Service, conninfo: str) -> Iterator[None]:
    """What is begun inside waits for its end; the first of them has a transaction of its own already."""
    with psycopg.connect(conninfo) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", (APPEND_LOCK,))
        first = begin(service, [registered("The first")])
        while service.ledger.waiting:
            threading.Event().wait(0.001)
        yield
        other.commit()
    first.result(10)


def transactions(service: Service) -> list[str]:
    """The transaction that stored each entry, in order."""
    with service.pool.connection() as connection:
        rows = connection.execute("SELECT xmin::text FROM ledger.events ORDER BY notification_id").fetchall()
    return [row["xmin"] for row in rows]


def test_those_who_wait_share_one_transaction(service: Service, empty_ledger: str) -> None:
    with another_append_under_way(service, empty_ledger):
        begun = [begin(service, [registered(str(n))]) for n in range(5)]
    assert [begun.result(10)[0].position for begun in begun] == [2, 3, 4, 5, 6]
    first, *others = transactions(service)
    assert len(set(others)) == 1
    assert first not in others


def test_a_writer_keeps_its_connection_until_it_rests(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    moves: SimpleQueue[str] = SimpleQueue()
    draw, give_back = service.pool.getconn, service.pool.putconn

    def drawn(timeout: float | None = None) -> psycopg.Connection[DictRow]:
        if threading.current_thread().name == "appends":
            moves.put("drawn")
        return draw(timeout)

    def given_back(connection: psycopg.Connection[DictRow]) -> None:
        give_back(connection)
        if threading.current_thread().name == "appends":
            moves.put("given back")

    def append() -> None:
        begin(service, [registered("One more")]).result(10)

    monkeypatch.setattr(service.pool, "getconn", drawn)
    monkeypatch.setattr(service.pool, "putconn", given_back)
    monkeypatch.setattr(append_writer, "REST_AFTER_SECONDS", 60)
    for _ in range(5):
        append()
    assert moves.get(timeout=10) == "drawn"
    assert moves.empty()
    monkeypatch.setattr(append_writer, "REST_AFTER_SECONDS", 0.01)
    append()
    assert moves.get(timeout=10) == "given back"
    append()
    assert moves.get(timeout=10) == "drawn"


def test_one_that_was_overtaken_fails_alone(service: Service, empty_ledger: str) -> None:
    history = registered("Taken twice")
    with another_append_under_way(service, empty_ledger):
        winner = begin(service, [history], receipts=[receipt("k", history)])
        loser = begin(service, [replace(history, command_id=uuid4())])
        late = registered("Late")
        same_key = begin(service, [late], receipts=[receipt("k", late)])
        follower = begin(service, [renamed(history)])
    assert [winner.result(10)[0].position, follower.result(10)[0].position] == [2, 3]
    for overtaken in (loser, same_key):
        with pytest.raises(IntegrityError):
            overtaken.result(10)
    assert [envelope["type"] for _, _, envelope in stored(service)][1:] == [
        "organisation.registered.v1",
        "organisation.renamed.v1",
    ]


def test_one_that_was_decided_on_what_is_no_longer_so_fails_alone(service: Service, empty_ledger: str) -> None:
    seen = registered("Seen")
    service.ledger.append([seen])
    with another_append_under_way(service, empty_ledger):
        before = begin(service, [registered()], seen={seen.originator_id: 1})
        begin(service, [renamed(seen)])
        after = begin(service, [registered()], seen={seen.originator_id: 1})
        on_the_new_one = begin(service, [registered()], seen={seen.originator_id: 2})
        on_nothing = begin(service, [registered()], seen={uuid4(): 0})
    assert [
        before.result(10)[0].position,
        on_the_new_one.result(10)[0].position,
        on_nothing.result(10)[0].position,
    ] == [3, 5, 6]
    with pytest.raises(IntegrityError):
        after.result(10)


def test_one_whose_token_is_worth_nothing_fails_alone(service: Service, empty_ledger: str) -> None:
    good, revoked, expired = (service.credentials.issue(Role.BDT)[0].id for _ in range(3))
    service.credentials.revoke(revoked)
    with service.pool.connection() as connection:
        connection.execute("UPDATE ledger.credentials SET expires_at = clock_timestamp() WHERE id = %s", (expired,))
    worthless = (revoked, expired, uuid4())

    for token in worthless:
        with pytest.raises(TokenWorthless):
            begin(service, [registered()], credential=token).result(10)
    with another_append_under_way(service, empty_ledger):
        begun = {token: begin(service, [registered()], credential=token) for token in (*worthless, good)}

    for token in worthless:
        with pytest.raises(TokenWorthless):
            begun[token].result(10)
    assert begun[good].result(10)[0].position == 2


def test_a_history_has_no_gap(service: Service) -> None:
    history = registered()
    with pytest.raises(IntegrityError):
        service.ledger.append([renamed(history)])
    with pytest.raises(IntegrityError):
        service.ledger.append([history, renamed(history, version=3)])
    assert stored(service) == []


def test_one_that_the_database_refuses_fails_alone(service: Service, empty_ledger: str) -> None:
    recorder = cast("LedgerRecorder", service.ledger.recorder)
    unfit = Envelopes().unstamped(registered())._replace(type="\0")
    with another_append_under_way(service, empty_ledger):
        before = begin(service, [registered()])
        refused = recorder.append(Append(facts=[unfit]))
        after = begin(service, [registered()])
    assert [before.result(10)[0].position, after.result(10)[0].position] == [2, 3]
    with pytest.raises(psycopg.DataError):
        refused.result(10)


def test_a_large_append_has_a_transaction_of_its_own(service: Service, empty_ledger: str) -> None:
    with another_append_under_way(service, empty_ledger):
        small = begin(service, [registered("Small")])
        large = begin(service, [registered(str(n)) for n in range(LARGEST_GROUP)])
        next_one = begin(service, [registered("Next")])
    assert [small.result(10)[0].position, large.result(30)[-1].position, next_one.result(10)[0].position] == [
        2,
        LARGEST_GROUP + 2,
        LARGEST_GROUP + 3,
    ]
    of_small, of_large, of_next = (transactions(service)[n] for n in (1, 2, -1))
    assert len({of_small, of_large, of_next}) == 3


def test_who_gives_up_before_the_turn_comes_has_nothing_recorded(service: Service, empty_ledger: str) -> None:
    with another_append_under_way(service, empty_ledger):
        given_up = begin(service, [registered("Given up")])
        kept = begin(service, [registered("Kept")])
        assert given_up.cancel()
    assert kept.result(10)[0].position == 2
    with pytest.raises(CancelledError):
        given_up.result(10)


def test_who_has_less_time_gives_up_and_the_others_wait_on(service: Service, empty_ledger: str) -> None:
    with another_append_under_way(service, empty_ledger):
        hurried = begin(service, [registered()], within=0.1)
        patient = begin(service, [registered()])
        with pytest.raises(LedgerBusy):
            hurried.result(10)
        assert not patient.done()
    assert patient.result(10)[0].position == 2


def test_whoever_waits_is_answered_before_the_writer_stops(service: Service, empty_ledger: str) -> None:
    with ThreadPoolExecutor(1) as background:
        with another_append_under_way(service, empty_ledger):
            begun = [begin(service, [registered(str(n))]) for n in range(3)]
            stopping = background.submit(service.ledger.stop)
            threading.Event().wait(0.1)
        stopping.result(10)
    assert [one.result(0)[0].position for one in begun] == [2, 3, 4]
    assert service.ledger.append([registered("Begins another writer")])


def test_a_fault_is_told_to_whoever_waits_and_the_writer_goes_on(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(service.metrics.appends, "committed", fail)
        with pytest.raises(ZeroDivisionError):
            begin(service, [registered()]).result(10)
    assert begin(service, [registered()]).result(10)


def test_two_processes_share_one_order_without_gaps(empty_ledger: str) -> None:
    """Each has a writer of its own; the lock of the ledger is between them."""
    with open_on(empty_ledger) as one, open_on(empty_ledger) as other:

        def write(writer: int) -> list[int]:
            ledger = (one, other)[writer % 2].ledger
            positions = []
            for n in range(20):
                first: Registered = registered(f"{writer}-{n}")
                positions += [e.position for e in ledger.append([first, renamed(first)])]
            return positions

        with ThreadPoolExecutor(8) as writers:
            positions = list(writers.map(write, range(8)))
        assert sorted(itertools.chain(*positions)) == list(range(1, 8 * 20 * 2 + 1))
        times = [recorded_at for _, recorded_at, _ in stored(one)]
        assert all(earlier <= later for earlier, later in itertools.pairwise(times))

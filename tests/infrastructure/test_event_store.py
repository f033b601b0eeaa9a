"""The event store: appends in one order, stamped by one clock, stored once."""

from __future__ import annotations

import itertools
import json
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError

from application.ledger import Ledger, LedgerBusy
from application.ports import Receipt
from audit.envelope import Envelopes, Unreadable, stamp
from domain.events import Registered, Renamed
from domain.vocabulary import Sector
from infrastructure.append_transaction import INSERTED_AT_ONCE
from infrastructure.bootstrap import Service, open_on
from infrastructure.locks import APPEND_LOCK
from tests.faults.cut import cutting_proxy
from tests.given import ACTOR, TODAY


def registered(name: str = "Fibre for All") -> Registered:
    """A fact that starts a history of its own."""
    return Registered(
        originator_id=uuid4(),
        originator_version=1,
        effective_on=TODAY,
        actor=ACTOR,
        command_id=uuid4(),
        name=name,
        sector=Sector.PRIVATE_SECTOR,
    )


def renamed(after: Registered, version: int = 2, name: str = "New") -> Renamed:
    """A fact that follows in the same history."""
    return Renamed(
        originator_id=after.originator_id,
        originator_version=version,
        effective_on=TODAY,
        actor=ACTOR,
        command_id=uuid4(),
        name=name,
        former_name=after.name,
    )


def receipt(key: str, event: Registered) -> Receipt:
    """The receipt of a command that caused one fact."""
    return Receipt(
        scope="test",
        idempotency_key=key,
        fingerprint=b"f",
        stream_id=event.originator_id,
        first_version=1,
        last_version=1,
    )


def stored(service: Service) -> list[tuple[int, datetime, dict[str, object]]]:
    """Position, recorded time and envelope of every entry, in order."""
    with service.pool.connection() as connection:
        rows = connection.execute("SELECT * FROM ledger.events ORDER BY notification_id").fetchall()
    return [(row["notification_id"], row["recorded_at"], json.loads(bytes(row["state"]))) for row in rows]


def test_what_is_appended_is_read_back_as_it_was_stored(service: Service):
    first = registered()
    entries = service.ledger.append([first, renamed(first)])
    assert [entry.position for entry in entries] == [1, 2]
    assert service.ledger.entries(first.originator_id) == entries
    assert service.ledger.entries(first.originator_id, first=2) == entries[1:]
    organisation = service.ledger.organisation(first.originator_id)
    assert organisation is not None
    assert (organisation.name, organisation.version) == ("New", 2)
    earlier = service.ledger.organisation(first.originator_id, version=1)
    assert earlier is not None
    assert earlier.name == "Fibre for All"


def test_the_bytes_say_the_recorded_time_of_the_databases_clock(service: Service):
    with service.pool.connection() as connection:
        before = connection.execute("SELECT clock_timestamp() AS now").fetchone()
        (entry,) = service.ledger.append([registered()])
        after = connection.execute("SELECT clock_timestamp() AS now").fetchone()
    assert before is not None
    assert after is not None
    assert before["now"] <= entry.recorded_at <= after["now"]
    ((_, column, envelope),) = stored(service)
    assert column == entry.recorded_at
    assert envelope["recorded_at"] == entry.recorded_at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def test_the_stored_bytes_are_the_envelope_with_its_recorded_time(service: Service):
    facts = [registered("Fibre for All"), registered("Télé 網路 😀"), registered('"recorded_at":"0000-00-00T00:00"')]
    entries = service.ledger.append(facts)
    with service.pool.connection() as connection:
        rows = connection.execute("SELECT state FROM ledger.events ORDER BY notification_id").fetchall()
    assert [bytes(row["state"]) for row in rows] == [
        stamp(Envelopes().write(fact), entry.recorded_at) for fact, entry in zip(facts, entries, strict=True)
    ]


def test_an_import_of_very_many_is_recorded_at_one_instant_without_a_gap(service: Service):
    service.ledger.append([registered("Before")])
    entries = service.ledger.append([registered(str(n)) for n in range(2 * INSERTED_AT_ONCE + 1)])
    assert [entry.position for entry in entries] == list(range(2, 2 * INSERTED_AT_ONCE + 3))
    assert [(position, at) for position, at, _ in stored(service)][1:] == [
        (entry.position, entries[0].recorded_at) for entry in entries
    ]


def test_an_append_after_its_sessions_were_ended_is_made_once(service: Service, empty_ledger: str):
    database = psycopg.conninfo.conninfo_to_dict(empty_ledger)["dbname"]
    with psycopg.connect(empty_ledger, autocommit=True, dbname="postgres") as operator:
        for position in range(1, 6):
            operator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (database,))
            (entry,) = service.ledger.append([registered()])
            assert entry.position == position
    assert len(stored(service)) == 5


def test_the_librarys_own_log_reads_the_ledger_in_order(service: Service):
    first = registered()
    service.ledger.append([first, renamed(first)])
    notifications = service.ledger.notification_log.select(start=1, limit=10)
    assert [n.id for n in notifications] == [1, 2]
    assert [n.topic for n in notifications] == ["organisation.registered.v1", "organisation.renamed.v1"]


def test_a_version_is_taken_once_and_a_conflict_stores_nothing(service: Service):
    first, other = registered(), registered("Other")
    service.ledger.append([first])
    with pytest.raises(IntegrityError):
        service.ledger.append([other, replace(first, command_id=uuid4(), name="Impostor")])
    assert service.ledger.organisation(other.originator_id) is None
    assert service.ledger.position == 1


def test_a_refused_append_leaves_no_gap(service: Service):
    first = registered()
    service.ledger.append([first])
    for _ in range(3):
        with pytest.raises(IntegrityError):
            service.ledger.append([registered(), replace(first, command_id=uuid4())])
    (entry,) = service.ledger.append([registered()])
    assert entry.position == 2


def test_an_idempotency_key_is_taken_once_together_with_its_facts(service: Service):
    first, second = registered(), registered("Second")
    service.ledger.append([first], receipts=[receipt("k", first)])
    with pytest.raises(IntegrityError):
        service.ledger.append([second], receipts=[receipt("k", second)])
    assert service.ledger.organisation(second.originator_id) is None


def test_an_append_whose_acknowledgement_was_lost_is_answered_once_and_stored_once(empty_ledger: str):
    event = registered()
    with (
        tempfile.TemporaryDirectory(prefix="p2c-", dir="/tmp") as folder,
        cutting_proxy(empty_ledger, Path(folder)) as (proxy, through_proxy),
        open_on(through_proxy) as service,
    ):
        proxy.arm()
        (entry,) = service.ledger.append([event], receipts=[receipt("k", event)])
        assert proxy.cuts == 1
        assert entry.position == 1
        assert service.ledger.entries(event.originator_id) == (entry,)
        assert len(stored(service)) == 1


def test_an_append_that_another_overtook_is_no_lost_acknowledgement(empty_ledger: str):
    event = registered()
    with (
        tempfile.TemporaryDirectory(prefix="p2c-", dir="/tmp") as folder,
        cutting_proxy(empty_ledger, Path(folder)) as (proxy, through_proxy),
        open_on(through_proxy) as service,
    ):
        service.ledger.append([replace(event, command_id=uuid4(), name="Faster")])
        proxy.arm()
        with pytest.raises(IntegrityError):
            service.ledger.append([event])
        assert [envelope["data"]["name"] for _, _, envelope in stored(service)] == ["Faster"]  # type: ignore[index]


def test_positions_of_concurrent_writers_become_visible_in_order(service: Service):
    """A reader that follows the ledger meets every position, whoever commits first."""
    done = threading.Event()
    seen: list[int] = []

    def follow() -> None:
        while not done.is_set() or len(seen) < service.ledger.position:
            news = service.ledger.notification_log.select(start=(seen[-1] if seen else 0) + 1, limit=10)
            seen.extend(n.id for n in news)

    def write(writer: int) -> None:
        for n in range(15):
            first = registered(f"{writer}-{n}")
            service.ledger.append([first, renamed(first)] if n % 3 else [first])

    reader = threading.Thread(target=follow)
    reader.start()
    with ThreadPoolExecutor(8) as writers:
        list(writers.map(write, range(8)))
    done.set()
    reader.join(30)
    assert seen == list(range(1, 8 * 25 + 1))
    times = [recorded_at for _, recorded_at, _ in stored(service)]
    assert all(earlier <= later for earlier, later in itertools.pairwise(times))


def test_the_facts_of_one_append_stand_together(service: Service):
    def write(writer: int) -> list[int]:
        first = registered(str(writer))
        return [e.position for e in service.ledger.append([first, renamed(first), renamed(first, 3, "Newest")])]

    with ThreadPoolExecutor(8) as writers:
        positions = list(writers.map(write, range(16)))
    assert all([b - a for a, b in itertools.pairwise(own)] == [1, 1] for own in positions)


def test_recorded_time_does_not_run_backwards_when_the_databases_clock_does(service: Service):
    service.ledger.append([registered()])
    ahead = datetime.now().astimezone() + timedelta(hours=1)
    with service.pool.connection() as connection:
        connection.execute(
            "INSERT INTO ledger.events (originator_id, originator_version, topic, state, notification_id,"
            " recorded_at) SELECT gen_random_uuid(), 1, topic, state, 2, %s FROM ledger.events",
            (ahead,),
        )
    (entry,) = service.ledger.append([registered()])
    assert entry.position == 3
    assert entry.recorded_at == ahead


def test_an_append_that_gets_no_turn_in_time_says_so_and_stores_nothing(service: Service, empty_ledger: str):
    with psycopg.connect(empty_ledger) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", (APPEND_LOCK,))
        with pytest.raises(LedgerBusy):
            service.ledger.append([registered()])
        other.rollback()
    assert service.ledger.position == 0
    assert service.ledger.append([registered()])


def test_an_append_waits_for_the_one_before_it(service: Service, empty_ledger: str):
    with psycopg.connect(empty_ledger) as other, ThreadPoolExecutor(1) as background:
        other.execute("SELECT pg_advisory_xact_lock(%s)", (APPEND_LOCK,))
        waiting = background.submit(service.ledger.append, [registered()])
        threading.Event().wait(0.3)
        assert not waiting.done()
        other.commit()
        assert waiting.result(timeout=30)


@pytest.mark.parametrize(
    "tampering",
    [
        "SET topic = 'organisation.renamed.v1'",
        "SET originator_version = 7",
        "SET originator_id = gen_random_uuid()",
        "SET state = convert_to(replace(convert_from(state, 'UTF8'), '\"version\":1', '\"version\":2'), 'UTF8')",
    ],
)
def test_a_row_whose_columns_disagree_with_its_bytes_is_not_believed(service: Service, tampering: str):
    service.ledger.append([registered()])
    with service.pool.connection() as connection, connection.transaction():
        connection.execute("SET LOCAL ROLE NONE")
        connection.execute("ALTER TABLE ledger.events DISABLE TRIGGER USER")
        row = connection.execute(f"UPDATE ledger.events {tampering} RETURNING originator_id".encode()).fetchone()
    assert row is not None
    with pytest.raises(Unreadable):
        service.ledger.organisation(row["originator_id"])


def test_a_database_that_is_gone_is_reported_within_seconds(empty_ledger: str):
    with open_on(empty_ledger) as service:
        ledger: Ledger = service.ledger
        with psycopg.connect(empty_ledger, autocommit=True, dbname="postgres") as server:
            name = psycopg.conninfo.conninfo_to_dict(empty_ledger)["dbname"]
            server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
            server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
            with pytest.raises(LedgerBusy):
                ledger.append([registered()])
            server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())
        assert ledger.append([registered()])

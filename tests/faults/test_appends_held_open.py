"""Other sessions append, hold their transaction open, and then roll back or are killed, beside clients that write.

One behaves as an append does, one holds the ledger's lock for longer than anybody waits, and one ignores the lock and
takes the next position, which nobody else can have until it has gone.

It passes when writing goes on as soon as each of them has gone, and clients that wait meanwhile are told so in time;
when every position is there and the read models, which follow all the while, have got to the last one, without a
stall; and when nothing is lost, as for a service that is killed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from infrastructure.locks import APPEND_LOCK
from infrastructure.settings import Settings
from tests.faults.load import Load, clients_at_work, prepared
from tests.faults.serving import require_ends_well, serving
from tests.faults.verdict import require_nothing_lost
from tests.service_process import data_folder

PROGRESS_WITHIN_SECONDS = 10
ANSWERED_WITHIN_SECONDS = 5

HELD_SECONDS = 1.0
LONGER_THAN_ANYBODY_WAITS = 5.0

Session = psycopg.Connection[Any]

_INSERT_AT_THE_END = """
INSERT INTO ledger.events (originator_id, originator_version, topic, state, notification_id, recorded_at)
SELECT gen_random_uuid(), 1, topic, state, notification_id + 1, clock_timestamp()
FROM ledger.events ORDER BY notification_id DESC LIMIT 1
"""


def appending(session: Session) -> None:
    """As an append: takes the lock, and the next position."""
    session.execute("SELECT pg_advisory_xact_lock(%s)", (APPEND_LOCK,))
    session.execute(_INSERT_AT_THE_END)


def out_of_turn(session: Session) -> None:
    """Takes the next position without the lock; others may be faster a few times."""
    while True:
        try:
            session.execute(_INSERT_AT_THE_END)
        except psycopg.errors.UniqueViolation:
            session.rollback()
        else:
            return


def roll_back(session: Session, database: str) -> None:
    session.rollback()


def vanish(session: Session, database: str) -> None:
    """End without a word, as a process that is killed does."""
    session.pgconn.finish()


def be_terminated(session: Session, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", (session.info.backend_pid,))
    session.close()


@pytest.fixture
def folder() -> Iterator[Path]:
    with data_folder() as folder:
        yield folder


def require_told_in_time(load: Load) -> None:
    assert {answer.status for answer in load.answers} == {201, 503}
    slowest = max(load.answers, key=lambda answer: answer.seconds)
    assert slowest.seconds < ANSWERED_WITHIN_SECONDS, slowest


def test_nobody_is_skipped_and_nothing_stalls(folder: Path, empty_ledger: str) -> None:
    settings = Settings(data_dir=folder, database_url=empty_ledger)
    target = prepared(settings)
    with serving(settings) as service, clients_at_work(service.address, target) as load:

        def hold(
            begin: Callable[[Session], None], end: Callable[[Session, str], None], seconds: float = HELD_SECONDS
        ) -> None:
            with psycopg.connect(empty_ledger) as session:
                begin(session)
                time.sleep(seconds)
                assert httpx.get(f"{service.address}/v1/pledges", timeout=5).status_code == 200
                end(session, empty_ledger)
                load.require_progress(PROGRESS_WITHIN_SECONDS)

        for end in (roll_back, vanish, be_terminated):
            hold(appending, end)
            hold(out_of_turn, end)
        hold(appending, roll_back, LONGER_THAN_ANYBODY_WAITS)
        load.stop()
        head = max(position for client in load.clients for at in client.acknowledged.values() for position in at)
        read = httpx.get(f"{service.address}/v1/pledges", headers={"Ledger-Position": str(head)}, timeout=5)
        assert read.status_code == 200, read.text
        assert service.wait_until_ready()["position"] == head
        assert "heartbeat" not in require_ends_well(service), "the database was there all the time"

    require_told_in_time(load)
    require_nothing_lost(settings, load)

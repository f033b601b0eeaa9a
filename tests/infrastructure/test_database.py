"""The pool: it tells at once that the database is away, lets nobody wait in vain, and serves again by itself."""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from infrastructure.database import UNAVAILABLE, Pool, open_pool
from infrastructure.heartbeat import DatabaseAway
from tests.postgres_server import PostgresServer
from tests.service_process import data_folder

AGAIN_WITHIN_SECONDS = 10.0
TOLD_WITHIN_SECONDS = 5.0
AT_ONCE_SECONDS = 1.0
"""Less than anybody waits for a connection."""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with data_folder() as folder, PostgresServer.create(folder / "server") as server:
        yield server


@pytest.fixture
def pool(server: PostgresServer) -> Iterator[Pool]:
    with open_pool(server.conninfo, name="watched") as pool:
        assert answer(pool) == 1
        yield pool


def answer(pool: Pool) -> object:
    with pool.connection() as connection:
        row = connection.execute("SELECT 1 AS answer").fetchone()
    assert row is not None
    return row["answer"]


def wait_until_it_answers(pool: Pool) -> None:
    deadline = time.monotonic() + AGAIN_WITHIN_SECONDS
    while True:
        try:
            assert answer(pool) == 1
        except UNAVAILABLE:
            assert time.monotonic() < deadline, "it does not serve again"
            time.sleep(0.05)
        else:
            return


def wait_until_it_is_known_to_be_away(pool: Pool) -> None:
    deadline = time.monotonic() + TOLD_WITHIN_SECONDS
    while True:
        try:
            answer(pool)
        except DatabaseAway:
            return
        except UNAVAILABLE:
            assert time.monotonic() < deadline, "it did not get known"


def test_sixteen_who_ask_at_once_are_told_at_once_when_the_database_is_away(pool: Pool, server: PostgresServer) -> None:
    server.stop("immediate")
    try:
        wait_until_it_is_known_to_be_away(pool)
        started = time.monotonic()
        with ThreadPoolExecutor(16) as crowd:
            told = list(crowd.map(lambda _: raised(pool), range(64)))
        assert time.monotonic() - started < AT_ONCE_SECONDS
    finally:
        server.start()

    assert told == [DatabaseAway] * 64
    wait_until_it_answers(pool)


def raised(pool: Pool) -> type[Exception] | None:
    try:
        answer(pool)
    except UNAVAILABLE as told:
        return type(told)
    return None


def test_who_waits_for_an_answer_waits_no_longer_when_the_database_falls_silent(
    pool: Pool, server: PostgresServer
) -> None:
    def sleep() -> None:
        with pool.connection() as connection:
            connection.execute("SELECT pg_sleep(60)")

    with ThreadPoolExecutor(1) as waiting:
        question = waiting.submit(sleep)
        time.sleep(0.3)
        with server.silent():
            with pytest.raises(DatabaseAway):
                question.result(timeout=TOLD_WITHIN_SECONDS)
            with pytest.raises(DatabaseAway):
                answer(pool)
    wait_until_it_answers(pool)


def test_outages_leave_nothing_behind(pool: Pool, server: PostgresServer) -> None:
    process = psutil.Process()

    def held() -> tuple[int, int]:
        return process.num_threads(), sum(c.raddr[1:] == (server.port,) for c in process.net_connections("tcp"))

    before = held()
    for _ in range(2):
        server.stop("immediate")
        wait_until_it_is_known_to_be_away(pool)
        server.start()
        wait_until_it_answers(pool)
    threads, connections = held()

    assert threads <= before[0]
    assert connections <= before[1]


def test_a_session_that_was_ended_is_replaced_and_says_nothing_of_the_database(
    pool: Pool, server: PostgresServer
) -> None:
    with psycopg.connect(server.conninfo, autocommit=True) as operator:
        for _ in range(5):
            time.sleep(0.3)  # so that the sessions are those of a pool at rest
            # Who has one at the very moment it is ended may learn so: the server is waited for until they are gone.
            operator.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name LIKE 'watched%'"
            )
            assert answer(pool) == 1


def test_a_connection_is_asked_whether_it_stands_only_where_something_was_said_on_it(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(pool, "check_connection", asked.append)
    with pool.connection() as connection, pool.connection() as other:
        connection.execute("LISTEN news")
        other.execute("NOTIFY news")
        assert select.select([connection], [], [], 10)[0], "the news did not arrive"
    for _ in range(2 * pool.max_size):
        assert answer(pool) == 1
    assert set(asked) == {connection}


def test_a_long_answer_is_waited_for(pool: Pool) -> None:
    with pool.connection() as connection:
        assert connection.execute("SELECT pg_sleep(3)").fetchone()


def test_a_transaction_that_was_left_idle_is_reported_as_the_database_not_answering(pool: Pool) -> None:
    def leave_idle() -> None:
        with pool.connection() as connection, connection.transaction():
            connection.execute("SET LOCAL idle_in_transaction_session_timeout = '50ms'")
            time.sleep(0.5)
            connection.execute("SELECT 1")

    with pytest.raises(UNAVAILABLE):
        leave_idle()
    assert answer(pool) == 1


def test_a_vanished_peer_is_noticed_by_both_sides(pool: Pool) -> None:
    with pool.connection() as connection:
        ours = connection.info.get_parameters()
        theirs = {
            name: connection.execute(f"SHOW {name}".encode()).fetchone()
            for name in ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout")
        }

    assert [ours[name] for name in ("keepalives_idle", "keepalives_interval", "keepalives_count")] == ["5", "2", "3"]
    assert ours["tcp_user_timeout"] == "10000"
    assert [list(row.values()) for row in theirs.values() if row] == [["5"], ["2"], ["3"], ["10000"]]


def test_the_operators_own_address_has_the_last_word(server: PostgresServer) -> None:
    with open_pool(make_conninfo(server.conninfo, keepalives_idle=60)) as pool:
        assert conninfo_to_dict(str(pool.conninfo))["keepalives_idle"] == "60"


def test_a_closed_pool_asks_no_more(server: PostgresServer) -> None:
    with open_pool(server.conninfo, name="short-lived") as pool:
        assert "short-lived-heartbeat" in {thread.name for thread in threading.enumerate()}
        assert answer(pool) == 1

    assert "short-lived-heartbeat" not in {thread.name for thread in threading.enumerate()}

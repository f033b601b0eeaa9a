"""A kept connection: the same one each time, for as long as nothing says that it should be another."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from infrastructure.database import Pool, open_pool
from infrastructure.kept_connection import KeptConnection


@pytest.fixture
def pool(empty_ledger: str) -> Iterator[Pool]:
    with open_pool(empty_ledger, name="keeping") as pool:
        pool.wait()
        yield pool


@pytest.fixture
def kept(pool: Pool) -> Iterator[KeptConnection]:
    kept = KeptConnection(pool, timeout=5)
    yield kept
    kept.give_back()


def process_behind(kept: KeptConnection) -> int:
    with kept.connection() as connection:
        row = connection.execute("SELECT pg_backend_pid() AS pid").fetchone()
    assert row is not None
    return int(row["pid"])


def available(pool: Pool) -> int:
    return pool.get_stats()["pool_available"]


def test_every_use_meets_the_same_process_of_the_server(kept: KeptConnection) -> None:
    assert len({process_behind(kept) for _ in range(5)}) == 1


def test_others_have_it_again_when_it_is_given_back(kept: KeptConnection, pool: Pool) -> None:
    before = available(pool)
    process_behind(kept)
    assert available(pool) == before - 1
    kept.give_back()
    kept.give_back()
    assert available(pool) == before


def test_a_failed_use_leaves_it_to_the_pool(kept: KeptConnection, pool: Pool) -> None:
    before = available(pool)
    with pytest.raises(psycopg.errors.DivisionByZero), kept.connection() as connection:
        connection.execute("SELECT 1 / 0")
    assert available(pool) == before
    assert process_behind(kept)


def test_a_session_that_was_ended_meanwhile_is_replaced(kept: KeptConnection, empty_ledger: str) -> None:
    ended = process_behind(kept)
    with psycopg.connect(empty_ledger, autocommit=True) as operator:
        operator.execute("SELECT pg_terminate_backend(%s, 10000)", (ended,))
    assert process_behind(kept) != ended


def test_one_from_before_an_outage_is_not_trusted(kept: KeptConnection, pool: Pool) -> None:
    before = process_behind(kept)
    pool.drain()
    assert process_behind(kept) != before

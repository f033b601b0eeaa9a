"""Rows that are worked on while the database reads the next ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from psycopg import errors

from infrastructure.bootstrap import Service
from projections.database import BeingBuilt, streamed

ROWS = 2_000

_NUMBERS = "SELECT number, 'x'::bytea FROM generate_series(1, %(rows)s) AS number"

Numbers = Iterator[tuple[Any, ...]]


def all_of(rows: Numbers) -> list[tuple[Any, ...]]:
    return list(rows)


def first_of(rows: Numbers) -> object:
    return next(rows)[0]


def failing(rows: Numbers) -> object:
    raise LookupError(next(rows)[0])


@pytest.mark.parametrize("at_once", [1, 256, ROWS, 2 * ROWS])
def test_every_row_comes_once_and_in_order(service: Service, at_once: int):
    read = streamed(service.pool, _NUMBERS, {"rows": ROWS}, all_of, at_once=at_once)
    assert read == [(number, b"x") for number in range(1, ROWS + 1)]


def test_no_row_is_none(service: Service):
    assert streamed(service.pool, _NUMBERS, {"rows": 0}, all_of) == []


def test_whoever_stops_early_leaves_the_transaction_as_it_was(service: Service):
    with service.pool.connection() as connection, connection.transaction():
        assert streamed(connection, _NUMBERS, {"rows": ROWS}, first_of) == 1
        with pytest.raises(LookupError, match="1"):
            streamed(connection, _NUMBERS, {"rows": ROWS}, failing)
        assert len(streamed(connection, _NUMBERS, {"rows": ROWS}, all_of)) == ROWS


def test_what_the_database_refuses_is_raised_also_after_the_first_rows(service: Service):
    seen: list[object] = []

    def noted(rows: Numbers) -> None:
        seen.extend(number for (number,) in rows)

    with service.pool.connection() as connection:
        with pytest.raises(errors.DivisionByZero):
            streamed(connection, "SELECT 1 / (1500 - n) FROM generate_series(1, %(n)s) AS n", {"n": ROWS}, noted)
        assert len(seen) >= 256
        assert streamed(connection, _NUMBERS, {"rows": 1}, all_of) == [(1, b"x")]


def test_tables_that_were_exchanged_meanwhile_are_read(service: Service):
    assert streamed(service.pool, *tries(1)) == "read"
    with pytest.raises(BeingBuilt, match="gone"):
        streamed(service.pool, *tries(2))


def tries(failures: int) -> tuple[Any, dict[str, object], Callable[[Numbers], str]]:
    """A statement, and a reader for whom its table is gone so many times."""
    left = [failures]

    def read(rows: Numbers) -> str:
        if left[0]:
            left[0] -= 1
            raise errors.UndefinedTable("gone")
        return "read"

    return _NUMBERS, {"rows": 1}, read

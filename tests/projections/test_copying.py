"""Rows that are written as text for COPY are read as what they were made of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import Connection
from psycopg.rows import dict_row

from infrastructure.embedded_postgres import EmbeddedPostgres
from projections.copying import LINES_AT_ONCE, array, column, copy_lines, line
from tests.databases import new_database

TABLE = """
CREATE TEMPORARY TABLE copied (
    number bigint, text text, texts text[], numbers integer[], amount numeric, day date, instant timestamptz, id uuid,
    yes boolean
)
"""

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | st.sampled_from(
    ("\\N", "\\.", "\t", "\r\n", "a\\tb", '{"}', "NULL", "")
)
amounts = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**20), max_value=10**20)
values = st.tuples(
    texts | st.none(),
    st.lists(texts, max_size=3),
    st.lists(st.integers(-5, 5), max_size=3),
    amounts,
    st.dates(date(1, 1, 1)),
    st.datetimes(datetime(1900, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the zone is given beside
    st.uuids(),
    st.booleans(),
)


@pytest.fixture(scope="module")
def connection(postgres: EmbeddedPostgres) -> Iterator[Connection[dict[str, Any]]]:
    with (
        new_database(postgres) as conninfo,
        Connection[dict[str, Any]].connect(conninfo, autocommit=True, row_factory=dict_row) as connection,
    ):
        connection.execute(TABLE)
        yield connection


@given(st.lists(values, max_size=5))
def test_every_value_is_read_back(connection: Connection[dict[str, Any]], rows: list[tuple[Any, ...]]):
    lines = [
        "\t".join((str(n), column(text), array(of_text), array(numbers), line(*others)))
        for n, (text, of_text, numbers, *others) in enumerate(rows)
    ]
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE copied")
        copy_lines(
            cursor, "copied", ("number", "text", "texts", "numbers", "amount", "day", "instant", "id", "yes"), lines
        )
        found = cursor.execute("SELECT * FROM copied ORDER BY number").fetchall()
    assert [tuple(row.values())[1:] for row in found] == [
        (text, of_text, numbers, Decimal(amount), *others) for text, of_text, numbers, amount, *others in rows
    ]


def test_however_many_there_are_each_is_copied_once(connection: Connection[dict[str, Any]]):
    many = 2 * LINES_AT_ONCE + 1
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE copied")
        copy_lines(cursor, "copied", ("number", "id"), (line(n, UUID(int=n)) for n in range(many)))
        found = cursor.execute("SELECT number FROM copied ORDER BY number").fetchall()
    assert [row["number"] for row in found] == list(range(many))

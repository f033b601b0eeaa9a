"""Columns of many rows: they arrive as they were sent, with the type of their values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.rows import tuple_row

from infrastructure import columns
from infrastructure.columns import Bigints, Byteas, Texts, Uuids
from infrastructure.embedded_postgres import EmbeddedPostgres

KINDS: dict[type[list[Any]], tuple[str, st.SearchStrategy[Any]]] = {
    Uuids: ("uuid[]", st.uuids()),
    Bigints: ("bigint[]", st.integers(-(2**63), 2**63 - 1)),
    Texts: ("text[]", st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))),
    Byteas: ("bytea[]", st.binary()),
}


@pytest.fixture(scope="module")
def connection(postgres: EmbeddedPostgres) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres.conninfo, autocommit=True, row_factory=tuple_row) as connection:
        columns.register(connection)
        yield connection


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_a_column_arrives_as_it_was_sent(
    connection: psycopg.Connection[Any], kind: type[list[Any]], data: st.DataObject
) -> None:
    type, values = KINDS[kind]
    column = kind(data.draw(st.lists(values, max_size=20)))
    assert connection.execute("SELECT %s, pg_typeof(%s)::text", (column, column)).fetchone() == (list(column), type)


def test_a_text_that_the_database_cannot_hold_is_refused(connection: psycopg.Connection[Any]) -> None:
    with pytest.raises(psycopg.DataError):
        connection.execute("SELECT %s", (Texts(["fits", "\0"]),))

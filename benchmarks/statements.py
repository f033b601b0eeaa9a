"""How long a question takes in the database alone: its statements are noted, and timed there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self
from unittest import mock

from psycopg import Connection, Cursor, sql
from psycopg.rows import DictRow

from infrastructure.database import Pool

_EXPLAIN = "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) "
READS = ("SELECT", "WITH")


@dataclass(frozen=True, slots=True)
class Statement:
    """One that was carried out, with its values."""

    text: str
    values: Any


@dataclass(slots=True)
class Notebook:
    """Notes the statements that read; a cursor class for each notebook."""

    statements: list[Statement] = field(default_factory=list)

    def cursor(self) -> type[Cursor[DictRow]]:
        """A cursor class that notes what it carries out."""
        noted = self.statements

        class Noting(Cursor[DictRow]):
            def execute(self, query: Any, params: Any = None, **given: Any) -> Self:
                text = _text(query, self)
                if text.lstrip().upper().startswith(READS):
                    noted.append(Statement(text, params))
                return super().execute(query, params, **given)

        return Noting


@contextmanager
def noted(pool: Pool) -> Iterator[Sequence[Statement]]:
    """The statements that are carried out through a pool meanwhile."""
    notebook = Notebook()
    noting, getconn, putconn = notebook.cursor(), pool.getconn, pool.putconn

    def lend(timeout: float | None = None) -> Connection[DictRow]:
        connection = getconn(timeout)
        connection.cursor_factory = noting
        return connection

    def take_back(connection: Connection[DictRow]) -> None:
        connection.cursor_factory = Cursor
        putconn(connection)

    with mock.patch.object(pool, "getconn", lend), mock.patch.object(pool, "putconn", take_back):
        yield notebook.statements


def milliseconds_in_database(pool: Pool, ask: Callable[[], object]) -> float:
    """What planning and carrying out the statements of a question take, by the server's own clock.

    Making rows into text and sending them is not in it.
    """
    with noted(pool) as statements:
        ask()
    with pool.connection() as connection:
        return sum(explained(connection, statement) for statement in statements)


def explained(connection: Connection[DictRow], statement: Statement) -> float:
    """Milliseconds for one of them."""
    query = (_EXPLAIN + statement.text).encode()
    row = connection.execute(query, statement.values).fetchone()
    if row is None:
        raise LookupError("a statement was not explained")
    (plan,) = row["QUERY PLAN"]
    return float(plan["Planning Time"]) + float(plan["Execution Time"])


def _text(query: Any, cursor: Cursor[Any]) -> str:
    if isinstance(query, sql.Composable):
        return query.as_string(cursor)
    return query.decode() if isinstance(query, bytes) else str(query)

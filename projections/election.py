"""Which one of all the runners applies events: the one whose session holds the election lock.

What it applies, it applies on that very connection. So a runner whose connection is lost cannot apply anything
more, and its successor is elected only when nothing of it is left in the database.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import Connection
from psycopg.rows import DictRow

from projections.database import ELECTION_LOCK, Pool


@contextmanager
def candidate(pool: Pool) -> Iterator[Connection[DictRow]]:
    """A connection to stand for election with; what it won is given up in the end."""
    with pool.connection() as connection:
        try:
            yield connection
        finally:
            # A connection that is lost has given up everything already.
            with contextlib.suppress(psycopg.Error):
                connection.execute("UNLISTEN *")
                connection.execute("SELECT pg_advisory_unlock_all()")


def elect(connection: Connection[DictRow]) -> bool:
    """Whether this connection's session is elected, for as long as it lives."""
    row = connection.execute("SELECT pg_try_advisory_lock(%s) AS elected", (ELECTION_LOCK,)).fetchone()
    return row is not None and bool(row["elected"])

"""Which one of all the runners applies events: the one whose session holds the election lock.

What it applies, it applies on that very connection. So a runner whose connection is lost cannot apply anything
more, and its successor is elected only when nothing of it is left in the database. A process that hangs does not lose
its connection by itself: the server ends the session that asks nothing for too long.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import Connection
from psycopg.rows import DictRow

from projections.database import ELECTION_LOCK, Pool

HUNG_AFTER_SECONDS = 10
"""How long the session of an elected runner may ask nothing; one that lives asks something every five seconds."""


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
                connection.execute("RESET idle_session_timeout")
                connection.execute("SELECT pg_advisory_unlock_all()")


def elect(connection: Connection[DictRow]) -> bool:
    """Whether this connection's session is elected, for as long as it lives."""
    row = connection.execute("SELECT pg_try_advisory_lock(%s) AS elected", (ELECTION_LOCK,)).fetchone()
    return row is not None and bool(row["elected"])


def give_up_if_hung(connection: Connection[DictRow]) -> None:
    """Let the server end this session, and with it the election, where nothing is asked for so long."""
    connection.execute("SELECT set_config('idle_session_timeout', %s, false)", (f"{HUNG_AFTER_SECONDS}s",))

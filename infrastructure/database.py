"""Connections to PostgreSQL: one pool for a process, with bounds on every wait."""

from __future__ import annotations

from typing import Any

from psycopg import Connection, InterfaceError, OperationalError, errors
from psycopg.conninfo import make_conninfo
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool

CONNECT_TIMEOUT_SECONDS = 5
STATEMENT_TIMEOUT_MS = 30_000
LOCK_TIMEOUT_MS = 4_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000
POOL_WAIT_SECONDS = 4.0

UNAVAILABLE: tuple[type[Exception], ...] = (OperationalError, InterfaceError)
"""What is raised where the database does not answer: it is away, too slow, or has no connection left in time."""

FORBIDDEN: tuple[type[Exception], ...] = (errors.InsufficientPrivilege,)
"""What is raised where the database answers, and does not allow its user what was asked."""

Pool = ConnectionPool[Connection[DictRow]]

_OPTIONS = " ".join(
    f"-c {name}={value}"
    for name, value in {
        "timezone": "UTC",
        "statement_timeout": STATEMENT_TIMEOUT_MS,
        "lock_timeout": LOCK_TIMEOUT_MS,
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_TIMEOUT_MS,
    }.items()
)


def open_pool(conninfo: str, *, role: str | None = None, largest: int = 20, name: str = "p2c") -> Pool:
    """A pool of checked connections in autocommit mode, rows as dictionaries; they work as the role, if one is given.

    A caller waits at most four seconds for a connection, a lock or a dead server (psycopg.OperationalError).
    """
    options = f"{_OPTIONS} -c role={role}" if role else _OPTIONS
    kwargs: dict[str, Any] = {"autocommit": True, "row_factory": dict_row}
    return ConnectionPool(
        make_conninfo(conninfo, options=options, connect_timeout=CONNECT_TIMEOUT_SECONDS, application_name=name),
        kwargs=kwargs,
        min_size=2,
        max_size=largest,
        timeout=POOL_WAIT_SECONDS,
        check=ConnectionPool.check_connection,
        open=True,
        name=name,
    )

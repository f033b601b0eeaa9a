"""Connections to PostgreSQL: one pool for a process, with bounds on every wait."""

from __future__ import annotations

import select
from typing import Any

from psycopg import Connection, InterfaceError, OperationalError, errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool

from infrastructure import columns
from infrastructure.heartbeat import Heartbeat, Hopeful, HopefulConnection
from infrastructure.loop_connection import LoopConnection

CONNECT_TIMEOUT_SECONDS = 3
STATEMENT_TIMEOUT_MS = 30_000
LOCK_TIMEOUT_MS = 4_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000
POOL_WAIT_SECONDS = 2.5
"""How long a connection is waited for: with the two seconds that a request may wait for its turn, less than five."""

RECONNECT_SECONDS = 2.0
"""How long the pool tries to replace a lost connection before it does without, until one is needed again."""

UNAVAILABLE: tuple[type[Exception], ...] = (
    OperationalError,
    InterfaceError,
    errors.IdleInTransactionSessionTimeout,
)
"""What is raised where the database does not answer: it is away, too slow, or has no connection left in time."""

DISK_FULL: tuple[type[Exception], ...] = (errors.DiskFull,)
"""What is raised where the database has no room left to write to; these are UNAVAILABLE too."""

FORBIDDEN: tuple[type[Exception], ...] = (errors.InsufficientPrivilege,)
"""What is raised where the database answers, and does not allow its user what was asked."""


def first_line(error: Exception) -> str:
    """What the database says is wrong, without the lines in which it says where."""
    return str(error).strip().partition("\n")[0]


# A peer that vanished without a word, with its machine or the network, is noticed after about ten seconds, by both
# sides: what a session of it held, such as a lock, is then free.
_VANISHED_PEER = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}

_OPTIONS = " ".join(
    f"-c {name}={value}"
    for name, value in {
        "timezone": "UTC",
        # What is read lies in memory or on a solid state disk: an index is worth more than the defaults suppose. And a
        # moment of a large register is found without forgetting which rows of a page it was.
        "random_page_cost": 1.1,
        "work_mem": "16MB",
        "statement_timeout": STATEMENT_TIMEOUT_MS,
        "lock_timeout": LOCK_TIMEOUT_MS,
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_TIMEOUT_MS,
        "tcp_keepalives_idle": _VANISHED_PEER["keepalives_idle"],
        "tcp_keepalives_interval": _VANISHED_PEER["keepalives_interval"],
        "tcp_keepalives_count": _VANISHED_PEER["keepalives_count"],
        "tcp_user_timeout": _VANISHED_PEER["tcp_user_timeout"],
    }.items()
)


class Pool(ConnectionPool[Connection[DictRow]]):
    """A pool that hands out nothing while the database is away, and watches those it has handed out."""

    def __init__(self, conninfo: str, *, heartbeat: Heartbeat, **settings: Any) -> None:
        self._server = conninfo
        self._heartbeat = heartbeat
        self._drains = 0
        super().__init__(
            conninfo,
            connection_class=HopefulConnection,
            kwargs=self._properties,
            configure=self._prepare,
            check=self._check,
            **settings,
        )

    def getconn(self, timeout: float | None = None) -> Connection[DictRow]:
        """A connection, which has to be given back. Raises DatabaseAway at once, PoolTimeout after `timeout`."""
        self._heartbeat.require()
        return super().getconn(timeout)

    def putconn(self, conn: Connection[DictRow]) -> None:
        """Give a connection back."""
        if conn.closed:
            self._heartbeat.look()
        super().putconn(conn)

    async def connected_on_loop(self) -> LoopConnection:
        """A connection beside the pool's own, for an event loop. Raises psycopg.OperationalError."""
        drains = self._drains
        connection = await LoopConnection.connect(self._server, **self._properties())
        self._prepare(connection)
        connection.drains_before = drains
        return connection

    def is_as_left(self, conn: Connection[DictRow] | LoopConnection) -> bool:
        """Whether one that was not given back is to be trusted still: the server answered all the while, and said
        nothing on it."""
        since = conn.drains_before if isinstance(conn, Hopeful) else None
        return since == self._drains and not conn.closed and not _was_told_something(conn)

    def drain(self) -> None:
        """Trust no connection that there is."""
        self._drains += 1
        super().drain()

    def open(self, wait: bool = False, timeout: float = 30.0) -> None:  # noqa: FBT001, FBT002 - as the library has it
        """Begin to connect; harmless where it was begun."""
        self._heartbeat.start(self.drain)
        super().open(wait, timeout)

    def close(self, timeout: float = 5.0) -> None:
        """Close it for good."""
        self._heartbeat.stop()
        super().close(timeout)

    def _properties(self) -> dict[str, Any]:
        """What every connection is made with. Raises DatabaseAway, so that none is tried where none can be had."""
        self._heartbeat.require()
        return {"autocommit": True, "row_factory": dict_row}

    def _prepare(self, connection: Connection[DictRow] | LoopConnection) -> None:
        assert isinstance(connection, Hopeful), "the pool makes no others"
        heartbeat = self._heartbeat
        connection.drains_before = self._drains
        connection.hopeless = lambda: heartbeat.silent
        columns.register(connection)

    def _check(self, connection: Connection[DictRow]) -> None:
        """Make sure that a connection still stands. Only where the server said something meanwhile is it asked."""
        if not _was_told_something(connection):
            return
        try:
            self.check_connection(connection)
        except Exception:
            self._heartbeat.look()
            raise


def _was_told_something(connection: Connection[DictRow] | LoopConnection) -> bool:
    """Whether the server, or the system in its place, said anything since it answered last.

    Whoever ends a session says so, and so does a system that closes the connections of a process that died. One that
    vanished without a word is found out about by the heartbeat, and by keepalives.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def open_pool(conninfo: str, *, role: str | None = None, largest: int = 23, name: str = "p2c") -> Pool:
    """A pool of checked connections in autocommit mode, rows as dictionaries; they work as the role, if one is given.

    A caller waits at most four seconds for a connection, a lock or a dead server (psycopg.OperationalError), and not
    at all while the database is known to be away. It serves again within a second of the database being back.
    """
    options = f"{_OPTIONS} -c role={role}" if role else _OPTIONS
    ours: dict[str, str | int] = {
        **_VANISHED_PEER,
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "client_encoding": "UTF8",
    }
    given = conninfo_to_dict(conninfo)
    full = make_conninfo("", **{**ours, **given, "options": options, "application_name": name})
    pool = Pool(
        full,
        heartbeat=Heartbeat(make_conninfo(full, application_name=f"{name}-heartbeat"), f"{name}-heartbeat"),
        min_size=2,
        max_size=largest,
        timeout=POOL_WAIT_SECONDS,
        reconnect_timeout=RECONNECT_SECONDS,
        open=False,
        name=name,
    )
    pool.open()
    return pool

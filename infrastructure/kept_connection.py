"""One connection of a pool, kept by a thread that uses it again and again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import Connection
from psycopg.rows import DictRow

from infrastructure.database import Pool


class KeptConnection:
    """Keeps the connection from one use to the next, for one thread, until it is given back.

    A pool gives out its connections in turns, so that each use meets another process of the server, which has neither
    the tables nor the statement at hand. What a pool makes sure of, that a connection stands, is made sure of here too.
    """

    def __init__(self, pool: Pool, *, timeout: float) -> None:
        self._pool = pool
        self._timeout = timeout
        self._kept: Connection[DictRow] | None = None

    @contextmanager
    def connection(self) -> Iterator[Connection[DictRow]]:
        """Use it. Raises what `Pool.getconn` raises, after `timeout` seconds at most. After a failure it is another."""
        if self._kept and not self._pool.is_as_left(self._kept):
            self.give_back()
        if self._kept is None:
            self._kept = self._pool.getconn(self._timeout)
        try:
            yield self._kept
        except BaseException:
            self.give_back()
            raise

    def give_back(self) -> None:
        """Let others have it; the next use takes one from the pool. Harmless where there is none."""
        kept, self._kept = self._kept, None
        if kept:
            self._pool.putconn(kept)

"""Whether the database answers: one session asks it twice a second, so that nobody else waits for one that does not.

One that is away is asked by this session alone whether it is back. One that has fallen silent (a machine that hangs or
has vanished, a cable that was cut) is the worse case, since nothing tells those who wait for an answer that none will
come: their waiting is ended from here.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable

from psycopg import BaseConnection, Connection, Error, OperationalError
from psycopg.abc import RV, PQGen
from psycopg.errors import ConnectionTimeout
from psycopg.rows import DictRow

BEAT_SECONDS = 0.5
"""How often the database is asked, whether it answers or not."""

SILENT_AFTER_SECONDS = 2
"""How long an answer, or a connection, may take; libpq knows nothing shorter."""

LOOK_SECONDS = 0.25
"""How often whoever waits for an answer looks whether there is hope of one."""

_log = logging.getLogger(__name__)


class DatabaseAway(OperationalError):
    """The database is known not to answer: nobody waited for it, or waits any longer."""


class Hopeful(BaseConnection[DictRow]):
    """A connection on which waiting ends, and the connection with it, as soon as there is no hope of an answer."""

    hopeless: Callable[[], bool] = staticmethod(lambda: False)
    drains_before: int = 0
    """How often its pool had been drained when it was made."""

    def while_there_is_hope(self, gen: PQGen[RV]) -> PQGen[RV]:
        """Wait for what it waits for, but not in vain. Raises DatabaseAway."""
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready and self.hopeless():
                    self.pgconn.finish()
                    raise DatabaseAway("the database has fallen silent")
                wanted = gen.send(ready)
        except StopIteration as done:
            answer: RV = done.value
            return answer


class HopefulConnection(Hopeful, Connection[DictRow]):
    """One for threads."""

    def wait(self, gen: PQGen[RV], interval: float = LOOK_SECONDS, timeout: float | None = None) -> RV:
        """Wait as any connection does. Raises DatabaseAway."""
        return super().wait(self.while_there_is_hope(gen), interval, timeout)


class Heartbeat:
    """A session that asks the database whether it is there, in a thread, until `stop`.

    `lost` is called when the session was lost, whether there is another one already or not: other sessions that began
    before are not to be trusted either.
    """

    def __init__(self, conninfo: str, name: str) -> None:
        self._conninfo = conninfo
        self._name = name
        self._tell_of_loss: Callable[[], None] = lambda: None
        self._connection: HopefulConnection | None = None
        self._away_since: float | None = None
        self._silent = False
        self._look_now = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None

    @property
    def away(self) -> bool:
        """Whether the database is known not to answer."""
        return self._away_since is not None

    @property
    def silent(self) -> bool:
        """Whether it does not even refuse, so that no answer will come to those who asked something."""
        return self._silent

    def require(self) -> None:
        """Make sure that there is hope of an answer. Raises DatabaseAway."""
        if self.away:
            raise DatabaseAway("the database does not answer")

    def look(self) -> None:
        """Ask now, since somebody was disappointed."""
        if not self.away:
            self._look_now.set()

    def start(self, lost: Callable[[], None]) -> None:
        """Begin to ask; harmless where it was begun."""
        if self._thread is None:
            self._tell_of_loss = lost
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._stopping = True
        self._look_now.set()
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping:
            self._beat()
            self._look_now.wait(BEAT_SECONDS)
            self._look_now.clear()
        self._hang_up()

    def _beat(self) -> None:
        before = self._connection
        # A session may be ended for reasons of its own; that of a database that is there can be replaced at once.
        try:
            if before is None or not self._answers(before):
                self._hang_up()
                self._connection = self._connected()
        except Error as failed:
            self._lost(failed)
            # A connection that was given up half made is closed with the frames that know it.
            traceback.clear_frames(failed.__traceback__)
        else:
            self._found()
        if before is not None and self._connection is not before:
            self._tell_of_loss()

    def _connected(self) -> HopefulConnection:
        return HopefulConnection.connect(self._conninfo, autocommit=True, connect_timeout=SILENT_AFTER_SECONDS)

    def _answers(self, connection: HopefulConnection) -> bool:
        """Whether the session still stands. Raises DatabaseAway where there is nothing but silence."""
        silent_at = time.monotonic() + SILENT_AFTER_SECONDS
        connection.hopeless = lambda: self._stopping or time.monotonic() >= silent_at
        try:
            connection.execute("")
        except DatabaseAway:
            raise
        except Error:
            return False
        return True

    def _found(self) -> None:
        if self._away_since is not None:
            _log.warning("the database answers again, after %.1f seconds", time.monotonic() - self._away_since)
        self._away_since, self._silent = None, False

    def _lost(self, failed: Error) -> None:
        self._hang_up()
        if self._away_since is None and not self._stopping:
            _log.warning("the database does not answer: %s", str(failed).strip())
            self._away_since = time.monotonic()
        self._silent = isinstance(failed, (DatabaseAway, ConnectionTimeout))

    def _hang_up(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None

"""The database's clock, told without asking each time: every server of a ledger goes by it, whatever its own says."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Self

import psycopg
from psycopg.rows import DictRow

from infrastructure.database import Pool

MEASURE_EVERY_SECONDS = 60.0

SKEW_WARNING_SECONDS, SKEW_ERROR_SECONDS = 2.0, 60.0
"""How far this machine's clock and the database's may differ without a word, and at all."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What time it was somewhere, and the monotonic time here at which it was that."""

    at: datetime
    monotonic: float

    @classmethod
    def here(cls) -> Self:
        """This machine's own time."""
        return cls(at=datetime.now(UTC), monotonic=time.monotonic())

    @classmethod
    def of(cls, connection: psycopg.Connection[DictRow]) -> Self:
        """The database's, as of the middle of the question. Raises psycopg.Error."""
        asked = time.monotonic()
        row = connection.execute("SELECT clock_timestamp() AS now").fetchone()
        answered = time.monotonic()
        assert row is not None, "a clock answers"
        return cls(at=row["now"].astimezone(UTC), monotonic=(asked + answered) / 2)

    def now(self) -> datetime:
        """What time it is there now: this machine's clock may have been set since, the monotonic one was not."""
        return self.at + timedelta(seconds=time.monotonic() - self.monotonic)

    @property
    def skew(self) -> float:
        """By how many seconds it is later there than this machine says."""
        return (self.now() - datetime.now(UTC)).total_seconds()


class DatabaseClock:
    """The time and the day by the database's clock.

    Until it was first measured that is this machine's own; while the database is away, it goes on from what was
    measured last.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._reading = Reading.here()
        self._is_wrong_here = False
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def now(self) -> datetime:
        """What time it is. Asks nobody."""
        return self._reading.now()

    def today(self) -> date:
        """The day it is in UTC. Asks nobody."""
        return self.now().date()

    @property
    def skew(self) -> float:
        """By how many seconds the database's clock is ahead of this machine's. Asks nobody."""
        return self._reading.skew

    def measure(self) -> float:
        """Ask the database what time it is; the skew. Raises psycopg.Error."""
        with self._pool.connection() as connection:
            self._reading = Reading.of(connection)
        skew = self.skew
        self._tell(skew)
        return skew

    def start(self) -> None:
        """Measure once a minute in a thread of its own, until `stop`."""
        if self._thread and self._thread.is_alive():
            return
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="clock", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(MEASURE_EVERY_SECONDS):
            try:
                self.measure()
            except psycopg.Error as away:
                _log.debug("the database's clock cannot be asked: %s", away)

    def _tell(self, skew: float) -> None:
        """Warn when this machine's clock turns out to be wrong, once until it has been right again."""
        is_wrong = abs(skew) >= SKEW_WARNING_SECONDS
        if is_wrong and not self._is_wrong_here:
            _log.warning(
                "this machine's clock and the database's differ by %.1f s; the database's counts, but let both take the"
                " time from the same source (NTP)",
                abs(skew),
            )
        self._is_wrong_here = is_wrong

"""A standby of the database that reads go to, and the primary in its place wherever it cannot be relied on.

Read models and entries may be read there. What decides anything is not: commands and their receipts, credentials,
sessions, the position that an instant means, checkpoints, proofs and bundles are the primary's.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from uuid import UUID

import psycopg
from psycopg import errors
from psycopg.rows import DictRow

from infrastructure.database import Pool
from infrastructure.register import WaitUntil
from projections import tracking
from projections.catalogue import READ_MODELS
from projections.database import ROWS_AT_ONCE, BeingBuilt, Query, Take, Taken, rows, streamed
from projections.progress import Progress

LOOK_EVERY_SECONDS = 5.0
"""How often somebody looks how the replica is, and so how long nobody turns to one that failed."""

CONNECTED_WITHIN_SECONDS = 1.0
"""How long whoever looks waits for a connection."""

MOST_BEHIND_SECONDS = 30.0
"""A replica that lacks what the primary had so long ago is not read."""

WAITED_IN_VAIN_SECONDS = 2.0
"""Nor is one that let a read wait for so long, in vain, for what the primary has."""

_SLICE_SECONDS = 0.25

_NAMES = tuple(model.name for model in READ_MODELS)

_log = logging.getLogger(__name__)


class ReadReplica:
    """Reads on the replica, or on the primary while the replica is away, too far behind, or no copy of this ledger.

    A reader who was promised a position keeps it: the replica is not turned to again before it has got to every one
    that somebody waited for meanwhile.
    """

    def __init__(self, primary: Pool, replica: Pool, ledger: UUID, reached_on_primary: WaitUntil) -> None:
        self._primary = primary
        self._replica = replica
        self._ledger = ledger
        self._reached_on_primary = reached_on_primary
        self._progress = Progress(self._ask)
        self._changing = threading.Lock()
        self._looking = threading.Lock()
        self._look_at = 0.0
        self._in_use = False
        self._is_known_to_rest = False
        self._promised = 0
        self._primary_was_at, self._at = 0, 0.0

    @property
    def in_use(self) -> bool:
        """Whether reads go to the replica. Asks nobody."""
        return self._in_use

    def rows(self, query: Query, values: Mapping[str, object], *, binary: bool = False) -> list[DictRow]:
        """What a single statement reads, on the replica if that can be. Raises what the primary raises."""
        return self._read(lambda pool: rows(pool, query, values, binary=binary))

    def streamed(
        self, query: Query, values: Mapping[str, object], take: Take[Taken], *, at_once: int = ROWS_AT_ONCE
    ) -> Taken:
        """What is made of the rows of a single statement as they come, from the replica if that can be."""
        return self._read(lambda pool: streamed(pool, query, values, take, at_once=at_once))

    def _read(self, read: Callable[[Pool], Taken]) -> Taken:
        if self._can_be_used():
            try:
                return read(self._replica)
            except errors.SerializationFailure:
                pass  # the standby had to end the statement, to go on with what the primary did
            except (psycopg.Error, BeingBuilt) as failed:
                self._rest(str(failed))
        return read(self._primary)

    def wait_until(self, position: int, seconds: float) -> bool:
        """Wait, at most so many seconds, for what is read here to include a position; whether it does.

        With no seconds it asks nobody.
        """
        deadline = time.monotonic() + seconds
        while self._can_be_used() if seconds else self._in_use:
            left = deadline - time.monotonic()
            if self._progress.wait_until(position, min(left, _SLICE_SECONDS), _NAMES):
                return True
            if left <= _SLICE_SECONDS:
                self._waited_in_vain(position, seconds)
                return False
        reached = self._reached_on_primary(position, max(deadline - time.monotonic(), 0.0))
        return reached and self._promise(position)

    def _waited_in_vain(self, position: int, seconds: float) -> None:
        # Where the read models themselves are behind, the primary has no more to offer.
        if seconds >= WAITED_IN_VAIN_SECONDS and self._reached_on_primary(position, _SLICE_SECONDS):
            self._rest(f"it did not get to position {position} within {seconds:g} seconds", promised=position)

    def _promise(self, position: int) -> bool:
        """Let nobody turn to the replica before it has got to a position; whether what is read now includes it."""
        with self._changing:
            if not self._in_use:
                self._promised = max(self._promised, position)
                return True
        return self._progress.wait_until(position, CONNECTED_WITHIN_SECONDS, _NAMES)

    def _can_be_used(self) -> bool:
        """Whether to turn to the replica. Now and then one reader looks how it is; the others do not wait for that."""
        if time.monotonic() >= self._look_at and self._looking.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._looking.release()
        return self._in_use

    def _look(self) -> None:
        try:
            reached = self._examined()
            self._require_near(min(reached.values()))
        except (psycopg.Error, _UnfitError) as failed:
            self._rest(str(failed))
            return
        self._progress.tell(reached)
        with self._changing:
            self._look_at = time.monotonic() + LOOK_EVERY_SECONDS
            is_news = not self._in_use
            self._in_use = min(reached.values()) >= self._promised
        if self._in_use and is_news:
            self._is_known_to_rest = False
            _log.info("reads go to the read replica")

    def _examined(self) -> Mapping[str, int]:
        """How far it is. Raises psycopg.Error, and _UnfitError where it is no copy of this ledger."""
        with self._replica.connection(timeout=CONNECTED_WITHIN_SECONDS) as connection:
            row = connection.execute("SELECT id FROM ledger.identity").fetchone()
            if row is None or row["id"] != self._ledger:
                raise _UnfitError("it is no copy of this ledger")
            return _positions(tracking.read(connection, READ_MODELS))

    def _require_near(self, reached: int) -> None:
        """Raises _UnfitError where it is too far behind."""
        now = time.monotonic()
        if reached < self._promised:
            raise _UnfitError(f"it is before position {self._promised}")
        if reached >= self._primary_was_at:
            self._primary_was_at, self._at = self._position_of_primary(), now
        elif now - self._at > MOST_BEHIND_SECONDS:
            raise _UnfitError(f"it is {now - self._at:.0f} seconds behind")

    def _position_of_primary(self) -> int:
        try:
            with self._primary.connection(timeout=CONNECTED_WITHIN_SECONDS) as connection:
                return min(_positions(tracking.read(connection, READ_MODELS)).values())
        except psycopg.Error:
            return 0  # while the primary is away, nobody is ahead of the replica

    def _ask(self, seconds: float) -> Mapping[str, int]:
        try:
            with self._replica.connection(timeout=max(seconds, CONNECTED_WITHIN_SECONDS)) as connection:
                return _positions(tracking.read(connection, READ_MODELS))
        except psycopg.Error as failed:
            self._rest(str(failed))
            raise

    def _rest(self, why: str, *, promised: int = 0) -> None:
        """Turn to the primary until the next look finds the replica well."""
        with self._changing:
            self._in_use = False
            self._look_at = time.monotonic() + LOOK_EVERY_SECONDS
            self._promised = max(self._promised, promised)
            is_news, self._is_known_to_rest = not self._is_known_to_rest, True
        # Another server may take its place, one that has not got as far.
        self._progress.forget()
        if is_news:
            _log.warning("reads go to the primary, the read replica cannot be used: %s", why.strip())


class _UnfitError(Exception):
    """The replica answers, and must not be read; the message says why."""


def _positions(tracked: Mapping[str, tracking.Tracking]) -> Mapping[str, int]:
    return {name: t.position for name, t in tracked.items()}

"""The event store on PostgreSQL: the library's recorder, with appends ordered and stamped under one lock.

An append takes the lock, reads the head of the ledger, numbers its entries from there without a gap, stamps
them with the database's clock (never before the head's own time) and inserts them with their receipts; the lock
is released by the commit. So positions become visible in their order, recorded time never runs backwards, and
no reader can pass over an entry that is committed later with a lower position.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import psycopg
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import (
    ApplicationRecorder,
    EventStore,
    InfrastructureFactory,
    IntegrityError,
    Notification,
    Recording,
    StoredEvent,
    TrackingRecorder,
)
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from eventsourcing.utils import Environment
from psycopg import Cursor, errors
from psycopg.rows import DictRow

from application.ledger import APPEND_WITHIN_SECONDS, LedgerBusy, LedgerRolledBack
from application.ports import PublishedBytes, Receipt
from audit.envelope import Envelopes, stamp
from infrastructure.database import DISK_FULL, UNAVAILABLE, Pool
from infrastructure.event_codec import EnvelopeMapper
from infrastructure.locks import APPEND_LOCK

CHANNEL = "ledger_events"
"""Where PostgreSQL tells listeners that something was appended."""

RETRY_WAIT_SECONDS = 0.2
ASK_AGAIN_WITHIN_SECONDS = 0.5
"""How long an append whose connection was lost tries to learn what became of it, or to begin again."""

_TAKE_TURN = """
SELECT set_config('lock_timeout', %(milliseconds)s::text, true), pg_advisory_xact_lock(%(lock)s)
"""

_HEAD = """
SELECT coalesce(max(notification_id), 0) AS position,
       greatest(clock_timestamp(), max(recorded_at)) AS recorded_at
FROM (SELECT notification_id, recorded_at FROM ledger.events ORDER BY notification_id DESC LIMIT 1) AS head
"""

_INSERT = """
INSERT INTO ledger.events (originator_id, originator_version, topic, state, notification_id, recorded_at)
SELECT id, version, topic, state, position, %(recorded_at)s
FROM unnest(%(ids)s::uuid[], %(versions)s::bigint[], %(topics)s::text[], %(states)s::bytea[],
            %(positions)s::bigint[]) AS entry (id, version, topic, state, position)
"""

_INSERT_RECEIPTS = """
INSERT INTO ledger.commands (scope, idempotency_key, fingerprint, stream_id, first_version, last_version, recorded_at)
SELECT scope, key, fingerprint, stream, first, last, %(recorded_at)s
FROM unnest(%(scopes)s::text[], %(keys)s::text[], %(fingerprints)s::bytea[], %(streams)s::uuid[], %(firsts)s::bigint[],
            %(lasts)s::bigint[]) AS receipt (scope, key, fingerprint, stream, first, last)
"""

_INSERT_SNAPSHOT = """
INSERT INTO ledger.snapshots (id, position, bytes, sha256, recorded_at)
VALUES (%(id)s, %(position)s, %(bytes)s, %(sha256)s, %(recorded_at)s)
"""

_STORED = """
SELECT notification_id, originator_id, originator_version, topic, state
FROM ledger.events JOIN unnest(%s::uuid[], %s::bigint[]) WITH ORDINALITY AS wanted (id, version, n)
  ON (originator_id, originator_version) = (wanted.id, wanted.version)
ORDER BY n
"""


_SELECT = """
SELECT * FROM ledger.events
WHERE originator_id = %s AND originator_version > %s AND originator_version <= %s
ORDER BY originator_version ASC LIMIT %s
"""
_SELECT_DESCENDING = _SELECT.replace("ASC", "DESC")


EntriesSigned = Callable[[], int]
"""Up to which position the ledger was signed, as far as this process knows; 0 where it knows nothing."""


class AppendObserver(Protocol):
    """Whoever wants to know of appends."""

    def appended(self, entries: int, seconds: float) -> None:
        """So many entries were committed together, after so many seconds."""

    def conflicted(self) -> None:
        """Another append took the version or the idempotency key."""

    def gave_up(self) -> None:
        """No turn came in time, or the database did not answer."""


class LedgerDatastore(PostgresDatastore):
    """The library's datastore over a pool of ours, which has the bounds and checks its own lacks."""

    def __init__(self, pool: Pool) -> None:  # the library's own would build another pool
        self.pool = pool  # type: ignore[assignment]
        self.pool_open_timeout = None
        self.idle_in_transaction_session_timeout = 0
        self.pre_ping = True
        self.lock_timeout = 0
        self.schema = "ledger"
        self.single_row_tracking = True
        self.originator_id_type = "uuid"
        self.enable_db_functions = False
        self.db_type_names = set()
        self.psycopg_type_adapters = {}
        self.psycopg_python_types = {}


class LedgerRecorder(PostgresApplicationRecorder):
    """Appends under the ledger's lock; reads as the library does, but without waiting for a dead server."""

    def __init__(self, datastore: LedgerDatastore, envelopes: Envelopes, entries_signed: EntriesSigned) -> None:
        super().__init__(datastore, events_table_name="events")
        self._entries_signed = entries_signed
        self.channel_name = CHANNEL
        self._pool = datastore.pool
        self._envelopes = envelopes

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        """Append; the positions. `append` tells more."""
        return [notification.id for notification in self.append(stored_events, **kwargs)]

    def append(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        receipts: Sequence[Receipt] = (),
        snapshots: Sequence[PublishedBytes] = (),
        within: float = APPEND_WITHIN_SECONDS,
        **_: object,
    ) -> Sequence[Notification]:
        """Append the events, receipts and published snapshots, all or none; the entries as they are stored.

        Raises IntegrityError where a version or an idempotency key was taken by another command, LedgerBusy where no
        turn came within so many seconds, and what DISK_FULL names. After any of them, nothing of this append is
        stored, except where the database's answer was lost and it could not be asked again in time.
        Raises LedgerRolledBack where entries are missing that were signed: whatever took their place would be a second
        history.
        """
        deadline = time.monotonic() + within
        give_up_at = deadline
        while True:
            try:
                return self._append_or_find(stored_events, receipts, snapshots, deadline)
            except DISK_FULL:
                raise
            except (errors.LockNotAvailable, errors.QueryCanceled) as busy:
                raise LedgerBusy("no turn to append came in time") from busy
            except UNAVAILABLE as lost:
                now = time.monotonic()
                give_up_at = min(give_up_at, now + ASK_AGAIN_WITHIN_SECONDS)
                if now + RETRY_WAIT_SECONDS >= give_up_at:
                    raise LedgerBusy("the database does not answer") from lost
                time.sleep(RETRY_WAIT_SECONDS)

    def _append_or_find(
        self,
        stored_events: Sequence[StoredEvent],
        receipts: Sequence[Receipt],
        snapshots: Sequence[PublishedBytes],
        deadline: float,
    ) -> Sequence[Notification]:
        try:
            return self._append_once(stored_events, receipts, snapshots, deadline)
        except psycopg.IntegrityError as conflict:
            # An earlier try of ours may have been committed although its acknowledgement was lost.
            ours = self._stored(stored_events)
            if ours is None:
                raise IntegrityError(str(conflict)) from conflict
            return ours

    def _append_once(
        self,
        stored_events: Sequence[StoredEvent],
        receipts: Sequence[Receipt],
        snapshots: Sequence[PublishedBytes],
        deadline: float,
    ) -> Sequence[Notification]:
        # Known before the turn: whatever is signed meanwhile is in the ledger.
        signed = self._entries_signed()
        with self._pool.connection() as connection, connection.transaction(), connection.cursor() as cursor:
            cursor.execute(_TAKE_TURN, {"milliseconds": _milliseconds_until(deadline), "lock": APPEND_LOCK})
            # A statement of its own: its snapshot must be taken after the lock was given.
            head = cursor.execute(_HEAD).fetchone()
            if head is None:
                raise psycopg.DataError("the head of the ledger cannot be read")
            if head["position"] < signed:
                raise LedgerRolledBack(head["position"], signed)
            entries = _numbered(stored_events, head["position"], head["recorded_at"])
            _insert(cursor, entries, receipts, head["recorded_at"])
            _insert_snapshots(cursor, snapshots, head["recorded_at"])
            cursor.execute(f"NOTIFY {CHANNEL}")
        return entries

    def _stored(self, wanted: Sequence[StoredEvent]) -> Sequence[Notification] | None:
        """The entries if they are these very events; None if any of them is another command's."""
        keys = [e.originator_id for e in wanted], [e.originator_version for e in wanted]
        with self._pool.connection() as connection:
            rows = connection.execute(_STORED, keys).fetchall()
        if len(rows) != len(wanted):
            return None
        stored = [_notification(row) for row in rows]
        same = (self._event_id(s) == self._event_id(w) for s, w in zip(stored, wanted, strict=True))
        return stored if all(same) else None

    def _event_id(self, stored: StoredEvent) -> UUID:
        return self._envelopes.event_id(stored.state)

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """A stream's events; a server that does not answer is an error at once, not after ten tries."""
        select = _SELECT_DESCENDING if desc else _SELECT
        with self._pool.connection() as connection:
            rows = connection.execute(
                select, (originator_id, gt or 0, lte if lte is not None else 2**62, limit)
            ).fetchall()
        return [_notification(row) for row in rows]

    def entries(self, stream_id: UUID, *, first: int = 1, last: int | None = None) -> Sequence[tuple[int, bytes]]:
        """Position and bytes of a stream's entries between two versions, in order."""
        stored = self.select_events(stream_id, gt=first - 1, lte=last)
        return [(entry.id, entry.state) for entry in stored if isinstance(entry, Notification)]

    def at(self, position: int) -> bytes | None:
        """The bytes of the entry at a position; None where there is none."""
        with self._pool.connection() as connection:
            row = connection.execute(
                "SELECT state FROM ledger.events WHERE notification_id = %s", (position,), binary=True
            ).fetchone()
        return bytes(row["state"]) if row else None

    def max_notification_id(self) -> int | None:
        """The position of the latest entry; None while there is none."""
        with self._pool.connection() as connection:
            row = connection.execute("SELECT max(notification_id) AS position FROM ledger.events").fetchone()
        return row["position"] if row else None


class LedgerEventStore(EventStore[UUID]):
    """Answers with the entries as they are stored, their recorded time in them; tells an observer how it went."""

    recorder: LedgerRecorder

    def __init__(self, mapper: Any, recorder: Any, observer: AppendObserver) -> None:
        super().__init__(mapper, recorder)
        self._observer = observer

    def put(self, domain_events: Sequence[DomainEventProtocol[UUID]], **kwargs: Any) -> list[Recording[UUID]]:
        """Append the events; see `LedgerRecorder.append`."""
        stored_events = [self.mapper.to_stored_event(event) for event in domain_events]
        kwargs.pop("tracking", None)
        entries = self._observed(stored_events, **kwargs) if stored_events else []
        return [Recording(event, entry) for event, entry in zip(domain_events, entries, strict=True)]

    def _observed(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[Notification]:
        begun = time.perf_counter()
        try:
            entries = self.recorder.append(stored_events, **kwargs)
        except IntegrityError:
            self._observer.conflicted()
            raise
        except LedgerBusy:
            self._observer.gave_up()
            raise
        self._observer.appended(len(entries), time.perf_counter() - begun)
        return entries


class LedgerFactory(InfrastructureFactory[TrackingRecorder]):
    """What the library's application is made of, from one pool."""

    def __init__(
        self, pool: Pool, envelopes: Envelopes, observer: AppendObserver, entries_signed: EntriesSigned
    ) -> None:
        super().__init__(Environment("ledger", {}))
        self._pool = pool
        self._entries_signed = entries_signed
        self._envelopes = envelopes
        self._observer = observer

    def mapper(self, *_: object, **__: object) -> Any:
        """The mapper that writes envelopes."""
        return EnvelopeMapper(self._envelopes)

    def application_recorder(self) -> ApplicationRecorder:
        """The recorder that orders appends."""
        return LedgerRecorder(LedgerDatastore(self._pool), self._envelopes, self._entries_signed)

    def event_store(self, mapper: Any = None, recorder: Any = None) -> Any:
        """The store over mapper and recorder."""
        return LedgerEventStore(mapper, recorder, self._observer)

    def aggregate_recorder(self, purpose: str = "events") -> Any:
        """Refused: there are no snapshots, a pledge has few events."""
        raise NotImplementedError(purpose)

    def tracking_recorder(self, tracking_recorder_class: Any = None) -> Any:
        """Refused: the projections keep their own tracking."""
        raise NotImplementedError(tracking_recorder_class)

    def process_recorder(self) -> Any:
        """Refused: nothing processes events into events."""
        raise NotImplementedError

    def close(self) -> None:
        """The pool is closed by whoever opened it."""


def _milliseconds_until(deadline: float) -> int:
    """What is left until then, by the monotonic clock; at least one, since none would mean for ever."""
    return max(1, round((deadline - time.monotonic()) * 1000))


def _numbered(stored_events: Sequence[StoredEvent], head: int, recorded_at: datetime) -> Sequence[Notification]:
    return [
        Notification(
            originator_id=event.originator_id,
            originator_version=event.originator_version,
            topic=event.topic,
            state=stamp(event.state, recorded_at),
            id=position,
        )
        for position, event in enumerate(stored_events, start=head + 1)
    ]


def _insert(
    cursor: Cursor[DictRow], entries: Sequence[Notification], receipts: Sequence[Receipt], recorded_at: datetime
) -> None:
    cursor.execute(
        _INSERT,
        {
            "recorded_at": recorded_at,
            "ids": [entry.originator_id for entry in entries],
            "versions": [entry.originator_version for entry in entries],
            "topics": [entry.topic for entry in entries],
            "states": [entry.state for entry in entries],
            "positions": [entry.id for entry in entries],
        },
    )
    if not receipts:
        return
    cursor.execute(
        _INSERT_RECEIPTS,
        {
            "recorded_at": recorded_at,
            "scopes": [receipt.scope for receipt in receipts],
            "keys": [receipt.idempotency_key for receipt in receipts],
            "fingerprints": [receipt.fingerprint for receipt in receipts],
            "streams": [receipt.stream_id for receipt in receipts],
            "firsts": [receipt.first_version for receipt in receipts],
            "lasts": [receipt.last_version for receipt in receipts],
        },
    )


def _insert_snapshots(cursor: Cursor[DictRow], snapshots: Sequence[PublishedBytes], recorded_at: datetime) -> None:
    for snapshot in snapshots:
        cursor.execute(
            _INSERT_SNAPSHOT,
            {
                "id": snapshot.id,
                "position": snapshot.position,
                "bytes": snapshot.bytes,
                "sha256": hashlib.sha256(snapshot.bytes).digest(),
                "recorded_at": recorded_at,
            },
        )


def _notification(row: DictRow) -> Notification:
    return Notification(
        originator_id=row["originator_id"],
        originator_version=row["originator_version"],
        topic=row["topic"],
        state=bytes(row["state"]),
        id=row["notification_id"],
    )

"""The event store on PostgreSQL: the library's recorder, with appends committed together by one writer a process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, cast
from uuid import UUID

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import (
    ApplicationRecorder,
    EventStore,
    InfrastructureFactory,
    Notification,
    Recording,
    StoredEvent,
    TrackingRecorder,
)
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from eventsourcing.utils import Environment
from psycopg.rows import DictRow

from application.ports import APPEND_WITHIN_SECONDS, Commit
from audit.envelope import Envelopes, Unstamped, stamp
from domain.events import AnyEvent
from infrastructure.append_statements import CHANNEL
from infrastructure.append_transaction import append_together
from infrastructure.append_writer import AppendObserver, AppendWriter
from infrastructure.appends import Append, Appended, Obstacle, Stored
from infrastructure.database import Pool
from infrastructure.event_codec import EnvelopeMapper
from infrastructure.kept_connection import KeptConnection
from infrastructure.loop_session import LoopSession
from infrastructure.loop_writer import LoopWriter

CONNECTED_WITHIN_SECONDS = 1.5
"""How long an append waits for a connection: twice, since it is tried again once, within the four it has."""

_STORED = """
SELECT notification_id, state, recorded_at
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
_SELECT_EACH = """
SELECT originator_id, notification_id, state FROM ledger.events
WHERE originator_id = ANY (%s::uuid[]) ORDER BY originator_id, originator_version
"""


EntriesSigned = Callable[[], int]
"""Up to which position the ledger was signed, as far as this process knows; 0 where it knows nothing."""


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
    """Appends together with others; reads as the library does, but without waiting for a dead server."""

    def __init__(
        self, pool: Pool, envelopes: Envelopes, observer: AppendObserver, entries_signed: EntriesSigned
    ) -> None:
        super().__init__(LedgerDatastore(pool), events_table_name="events")
        self._entries_signed = entries_signed
        self._observer = observer
        self._loop_writer: LoopWriter | None = None
        self._appending, self._reading = LoopSession(pool), LoopSession(pool)
        self._kept = KeptConnection(pool, timeout=CONNECTED_WITHIN_SECONDS)
        self._writer = AppendWriter(self._append_together, self._stored_already, self._kept.give_back, observer)
        self.channel_name = CHANNEL
        self._pool = pool
        self._envelopes = envelopes

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: object) -> Sequence[int]:
        """Append; the positions. See `LedgerEventStore.record`."""
        facts = [
            Unstamped(
                cast("UUID", stored.originator_id),
                stored.originator_version,
                stored.topic,
                self._envelopes.event_id(stored.state),
                stored.state,
            )
            for stored in stored_events
        ]
        return [entry.position for entry in self.append_and_wait(Append(facts=facts))]

    def append(self, append: Append, within: float = APPEND_WITHIN_SECONDS) -> Future[Sequence[Stored]]:
        """Let the append be committed, with others that wait; see `AppendWriter.submit`."""
        return self._writer.submit(append, within)

    def append_and_wait(self, append: Append, within: float = APPEND_WITHIN_SECONDS) -> Sequence[Stored]:
        """Commit the append, with others that wait; see `AppendWriter.append`."""
        return self._writer.append(append, within)

    def append_on_loop(self, append: Append, within: float = APPEND_WITHIN_SECONDS) -> asyncio.Future[Sequence[Stored]]:
        """The same for the event loop that is running, with others of it that wait; see `LoopWriter.submit`."""
        loop = asyncio.get_running_loop()
        writer = self._loop_writer
        if writer is None or writer.loop is not loop:
            writer = LoopWriter(loop, self._appending, self._writer, self._entries_signed, self._observer)
            self._loop_writer = writer
        return writer.submit(append, within)

    @property
    def waiting(self) -> int:
        """How many appends wait for those before them."""
        return self._writer.waiting + (self._loop_writer.waiting if self._loop_writer else 0)

    def stop(self) -> None:
        """End the writer when all who wait are answered; the next append begins another."""
        self._appending.hang_up()
        self._reading.hang_up()
        self._writer.stop()

    def _append_together(self, appends: Sequence[Append], deadline: float) -> Sequence[Appended]:
        # Known before the turn: whatever is signed meanwhile is in the ledger.
        signed = self._entries_signed()
        with self._kept.connection() as connection:
            return append_together(connection, appends, signed=signed, deadline=deadline)

    def _stored_already(self, append: Append) -> Appended:
        """The entries if they are these very events, and none of them is another command's."""
        keys = [fact.stream_id for fact in append.facts], [fact.version for fact in append.facts]
        with self._pool.connection() as connection:
            rows = connection.execute(_STORED, keys).fetchall()
        if len(rows) != len(append.facts):
            return Obstacle.OVERTAKEN
        if [self._envelopes.event_id(row["state"]) for row in rows] != [fact.event_id for fact in append.facts]:
            return Obstacle.OVERTAKEN
        return [
            Stored(row["notification_id"], fact.type, row["recorded_at"], fact.event_id)
            for row, fact in zip(rows, append.facts, strict=True)
        ]

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

    def of_each(self, stream_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[tuple[int, bytes]]]:
        """The same of several whole streams; one that has no entries is left out."""
        with self._pool.connection() as connection:
            return _histories(connection.execute(_SELECT_EACH, (list(stream_ids),), binary=True).fetchall())

    async def of_each_on_loop(self, stream_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[tuple[int, bytes]]]:
        """The same for a handler of an event loop."""
        connection = self._reading.connection()
        if connection is None:
            return await asyncio.to_thread(self.of_each, stream_ids)
        cursor = await connection.execute(_SELECT_EACH, (list(stream_ids),), binary=True)
        return _histories(await cursor.fetchall())

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
    """Answers with the entries as they are stored, their recorded time in them."""

    recorder: LedgerRecorder
    mapper: EnvelopeMapper

    def put(self, domain_events: Sequence[DomainEventProtocol[UUID]], **_: Any) -> list[Recording[UUID]]:
        """Append the events as the library asks for it; the ledger itself uses `record` and `begin`."""
        if not domain_events:
            return []
        facts = [self.mapper.unstamped(cast("AnyEvent", event)) for event in domain_events]
        entries = self.recorder.append_and_wait(Append(facts=facts))
        return [
            Recording(event, _notified(fact, entry))
            for event, fact, entry in zip(domain_events, facts, entries, strict=True)
        ]

    def record(self, commit: Commit) -> Sequence[Stored]:
        """Record all of it, or nothing, and wait for that; raises what the future of `begin` does, and TooLarge."""
        return self.recorder.append_and_wait(self._append_of(commit), commit.within)

    def begin(self, commit: Commit) -> Future[Sequence[Stored]]:
        """Let all of it be recorded, or nothing; see `application.ledger.Ledger.begin`. Raises TooLarge."""
        return self.recorder.append(self._append_of(commit), commit.within)

    def begin_on_loop(self, commit: Commit) -> asyncio.Future[Sequence[Stored]]:
        """The same for the event loop that is running."""
        return self.recorder.append_on_loop(self._append_of(commit), commit.within)

    def _append_of(self, commit: Commit) -> Append:
        return Append(
            facts=[self.mapper.unstamped(event) for event in commit.events],
            receipts=commit.receipts,
            snapshots=commit.snapshots,
            seen=commit.seen,
            credential=commit.credential,
        )

    @property
    def waiting(self) -> int:
        """How many appends wait for those before them."""
        return self.recorder.waiting

    def stop(self) -> None:
        """End the writer when all who wait are answered."""
        self.recorder.stop()


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
        return LedgerRecorder(self._pool, self._envelopes, self._observer, self._entries_signed)

    def event_store(self, mapper: Any = None, recorder: Any = None) -> Any:
        """The store over mapper and recorder."""
        return LedgerEventStore(mapper, recorder)

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


def _histories(rows: Sequence[DictRow]) -> Mapping[UUID, Sequence[tuple[int, bytes]]]:
    """Position and bytes of the entries of each history."""
    found: dict[UUID, list[tuple[int, bytes]]] = {}
    for row in rows:
        found.setdefault(row["originator_id"], []).append((row["notification_id"], bytes(row["state"])))
    return found


def _notification(row: DictRow) -> Notification:
    return Notification(
        originator_id=row["originator_id"],
        originator_version=row["originator_version"],
        topic=row["topic"],
        state=bytes(row["state"]),
        id=row["notification_id"],
    )


def _notified(fact: Unstamped, entry: Stored) -> Notification:
    return Notification(
        originator_id=fact.stream_id,
        originator_version=fact.version,
        topic=fact.type,
        state=stamp(fact.bytes, entry.recorded_at),
        id=entry.position,
    )

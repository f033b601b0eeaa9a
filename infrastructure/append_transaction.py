"""Appends to the ledger in one transaction, under the ledger's lock: all that still can be made, no others.

The transaction takes the lock, reads the head of the ledger and whatever the appends were decided on, numbers their
entries from the head without a gap, stamps them with the database's clock (never before the head's own time) and
inserts them with their receipts; the lock is released by the commit. So positions become visible in their order,
recorded time never runs backwards, and no reader can pass over an entry that is committed later with a lower position.

What is asked and what is inserted are two round trips to the database, however many appends there are.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import cast
from uuid import UUID

import psycopg
from eventsourcing.persistence import Notification, StoredEvent
from psycopg import Cursor, sql
from psycopg.rows import DictRow

from application.ledger import LedgerRolledBack
from application.ports import PublishedBytes, Receipt
from audit.envelope import stamp
from infrastructure.credentials import IS_GOOD
from infrastructure.database import Pool
from infrastructure.locks import APPEND_LOCK

CHANNEL = "ledger_events"
"""Where PostgreSQL tells listeners that something was appended."""

INSERTED_AT_ONCE = 2_000
"""How many entries are inserted by one statement, so that none of an import of very many takes longer than any may."""

_TAKE_TURN = """
SELECT set_config('lock_timeout', %(milliseconds)s::text, true), pg_advisory_xact_lock(%(lock)s)
"""

_HEAD = """
SELECT coalesce(max(notification_id), 0) AS position,
       greatest(clock_timestamp(), max(recorded_at)) AS recorded_at
FROM (SELECT notification_id, recorded_at FROM ledger.events ORDER BY notification_id DESC LIMIT 1) AS head
"""

_VERSIONS = """
SELECT id, (SELECT max(originator_version) FROM ledger.events WHERE originator_id = id) AS version
FROM unnest(%s::uuid[]) AS stream (id)
"""

_KEYS_TAKEN = """
SELECT scope, idempotency_key AS key FROM ledger.commands
JOIN unnest(%s::text[], %s::text[]) AS wanted (scope, key) USING (scope) WHERE idempotency_key = wanted.key
"""

_GOOD_TOKENS = sql.SQL("SELECT id FROM ledger.credentials WHERE id = ANY (%s::uuid[]) AND {is_good}").format(
    is_good=IS_GOOD
)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Append:
    """What is stored together or not at all, and what has to be so still.

    `seen` are the versions of other histories that it was decided on, `credential` the token that it was asked with:
    where a version is another one by now, or the token was revoked or has expired, the append is not made.
    """

    events: Sequence[StoredEvent]
    receipts: Sequence[Receipt] = ()
    snapshots: Sequence[PublishedBytes] = ()
    seen: Mapping[UUID, int] = field(default_factory=dict)
    credential: UUID | None = None


@dataclass(frozen=True)
class Stamped(Notification):
    """An entry as it is stored, and when it was recorded."""

    recorded_at: datetime


class Obstacle(Enum):
    """Why an append was not made: what it was decided on is no longer so, or its token is worth nothing."""

    OVERTAKEN = "overtaken"
    TOKEN_WORTHLESS = "token worthless"  # noqa: S105 - no token at all


Appended = Sequence[Stamped] | Obstacle
"""The entries of an append, or why there are none."""


def append_together(pool: Pool, appends: Sequence[Append], *, signed: int, deadline: float) -> Sequence[Appended]:
    """Make in one transaction those of the appends that can be made, in their order; what became of each.

    The lock is waited for until `deadline`, by the monotonic clock. Raises LedgerRolledBack where the ledger ends
    before the `signed` entries, psycopg.Error where nothing was stored, and where the answer to the commit was lost.
    """
    with pool.connection() as connection, connection.pipeline(), connection.transaction():
        asked = _Questions(connection, appends, deadline)
        known = asked.answers()
        if known.head < signed:
            raise LedgerRolledBack(known.head, signed)
        appended = [known.made(append) for append in appends]
        made = [a for a, entries in zip(appends, appended, strict=True) if not isinstance(entries, Obstacle)]
        entries = [entry for each in appended if not isinstance(each, Obstacle) for entry in each]
        if entries:
            _insert(connection.cursor(), entries, known.recorded_at)
            _insert_receipts(connection.cursor(), [r for a in made for r in a.receipts], known.recorded_at)
            _insert_snapshots(connection.cursor(), [s for a in made for s in a.snapshots], known.recorded_at)
            connection.execute(f"NOTIFY {CHANNEL}")
    return appended


@dataclass(slots=True, kw_only=True)
class _Known:
    """How the ledger stands with the appends made so far."""

    head: int
    recorded_at: datetime
    versions: dict[UUID, int]
    keys_taken: set[tuple[str, str]]
    good_tokens: frozenset[UUID]

    def made(self, append: Append) -> Appended:
        """The entries of the append, as the next ones, or why it cannot be made."""
        if append.credential is not None and append.credential not in self.good_tokens:
            return Obstacle.TOKEN_WORTHLESS
        if not self._is_decided_on_this(append):
            return Obstacle.OVERTAKEN
        entries = _numbered(append.events, self.head, self.recorded_at)
        self.head += len(entries)
        self.versions.update((stream_of(event), event.originator_version) for event in append.events)
        self.keys_taken.update((receipt.scope, receipt.idempotency_key) for receipt in append.receipts)
        return entries

    def _is_decided_on_this(self, append: Append) -> bool:
        return (
            all(self.versions[id] == version for id, version in append.seen.items())
            and self._follows(append.events)
            and not any((receipt.scope, receipt.idempotency_key) in self.keys_taken for receipt in append.receipts)
        )

    def _follows(self, events: Iterable[StoredEvent]) -> bool:
        """Whether each event is the next one of its history."""
        reached: dict[UUID, int] = {}
        for event in events:
            stream = stream_of(event)
            if event.originator_version != reached.get(stream, self.versions[stream]) + 1:
                return False
            reached[stream] = event.originator_version
        return True


class _Questions:
    """What has to be known before anything is inserted, all of it asked at once."""

    def __init__(self, connection: psycopg.Connection[DictRow], appends: Sequence[Append], deadline: float) -> None:
        self._connection = connection
        turn = {"milliseconds": _milliseconds_until(deadline), "lock": APPEND_LOCK}
        self._turn = connection.execute(_TAKE_TURN, turn)
        # Statements of their own: what they see must be taken after the lock was given.
        self._head = connection.execute(_HEAD)
        streams = {stream_of(event) for append in appends for event in append.events}
        streams.update(id for append in appends for id in append.seen)
        self._versions = connection.execute(_VERSIONS, (list(streams),))
        receipts = [receipt for append in appends for receipt in append.receipts]
        self._keys = self._asked(_KEYS_TAKEN, [r.scope for r in receipts], [r.idempotency_key for r in receipts])
        self._tokens = self._asked(_GOOD_TOKENS, list({a.credential for a in appends if a.credential}))

    def answers(self) -> _Known:
        self._turn.fetchone()  # which fails where no turn came in time
        head = self._head.fetchone()
        if head is None:
            raise psycopg.DataError("the head of the ledger cannot be read")
        return _Known(
            head=head["position"],
            recorded_at=head["recorded_at"],
            versions={row["id"]: row["version"] or 0 for row in self._versions},
            keys_taken={(row["scope"], row["key"]) for row in self._keys or ()},
            good_tokens=frozenset(row["id"] for row in self._tokens or ()),
        )

    def _asked(self, question: str | sql.Composed, *values: Sequence[object]) -> Cursor[DictRow] | None:
        """The cursor of a question, None where it is about nothing."""
        return self._connection.execute(question, values) if values[0] else None


def stream_of(event: StoredEvent) -> UUID:
    """The id of the history the event belongs to."""
    return cast("UUID", event.originator_id)


def _milliseconds_until(deadline: float) -> int:
    """What is left until then, by the monotonic clock; at least one, since none would mean for ever."""
    return max(1, round((deadline - time.monotonic()) * 1000))


def _numbered(stored_events: Sequence[StoredEvent], head: int, recorded_at: datetime) -> Sequence[Stamped]:
    return [
        Stamped(
            originator_id=event.originator_id,
            originator_version=event.originator_version,
            topic=event.topic,
            state=stamp(event.state, recorded_at),
            id=position,
            recorded_at=recorded_at,
        )
        for position, event in enumerate(stored_events, start=head + 1)
    ]


def _insert(cursor: Cursor[DictRow], entries: Sequence[Stamped], recorded_at: datetime) -> None:
    for first in range(0, len(entries), INSERTED_AT_ONCE):
        part = entries[first : first + INSERTED_AT_ONCE]
        cursor.execute(
            _INSERT,
            {
                "recorded_at": recorded_at,
                "ids": [entry.originator_id for entry in part],
                "versions": [entry.originator_version for entry in part],
                "topics": [entry.topic for entry in part],
                "states": [entry.state for entry in part],
                "positions": [entry.id for entry in part],
            },
        )


def _insert_receipts(cursor: Cursor[DictRow], receipts: Sequence[Receipt], recorded_at: datetime) -> None:
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

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
from psycopg import sql
from psycopg.rows import DictRow

from application.ledger import LedgerRolledBack
from application.ports import PublishedBytes, Receipt
from audit.envelope import stamp
from infrastructure.credentials import IS_GOOD
from infrastructure.database import Pool
from infrastructure.locks import APPEND_LOCK

CHANNEL = "ledger_events"
"""Where PostgreSQL tells listeners that something was appended."""

CONNECTED_WITHIN_SECONDS = 1.5
"""How long a connection is waited for; twice, since who gets none is tried again once, within a command's four."""

INSERTED_AT_ONCE = 2_000
"""How many entries are inserted by one statement, so that none of an import of very many takes longer than any may."""

_TAKE_TURN = """
SELECT set_config('lock_timeout', %(milliseconds)s::text, true), pg_advisory_xact_lock(%(lock)s)
"""

_HOW_IT_STANDS = (
    sql.SQL("""
SELECT coalesce(head.notification_id, 0) AS position, greatest(clock_timestamp(), head.recorded_at) AS recorded_at,
       ARRAY(SELECT coalesce((SELECT max(originator_version) FROM ledger.events WHERE originator_id = stream.id), 0)
             FROM unnest(%(streams)s::uuid[]) WITH ORDINALITY AS stream (id, n) ORDER BY n) AS versions,
       ARRAY(SELECT n FROM unnest(%(scopes)s::text[], %(keys)s::text[]) WITH ORDINALITY AS wanted (scope, key, n)
             WHERE EXISTS (SELECT FROM ledger.commands
                           WHERE scope = wanted.scope AND idempotency_key = wanted.key)) AS keys_taken,
       ARRAY(SELECT id FROM ledger.credentials WHERE id = ANY (%(tokens)s::uuid[]) AND {is_good}) AS good_tokens
FROM (SELECT) AS always
LEFT JOIN (SELECT notification_id, recorded_at FROM ledger.events ORDER BY notification_id DESC LIMIT 1) AS head ON true
""")
    .format(is_good=IS_GOOD)
    .as_bytes()
)

_INSERT_EVENTS = """
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

# One statement, since each costs the process that sends it as much as several appends do.
_INSERT = f"""
WITH events AS ({_INSERT_EVENTS}), receipts AS ({_INSERT_RECEIPTS}) SELECT pg_notify('{CHANNEL}', '')
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
    with (
        pool.connection(timeout=CONNECTED_WITHIN_SECONDS) as connection,
        connection.pipeline(),
        connection.transaction(),
    ):
        known = _known(connection, appends, deadline)
        if known.head < signed:
            raise LedgerRolledBack(known.head, signed)
        appended = [known.made(append) for append in appends]
        made = [a for a, entries in zip(appends, appended, strict=True) if not isinstance(entries, Obstacle)]
        entries = [entry for each in appended if not isinstance(each, Obstacle) for entry in each]
        if entries:
            _insert(connection, entries, [r for a in made for r in a.receipts], known.recorded_at)
            _insert_snapshots(connection, [s for a in made for s in a.snapshots], known.recorded_at)
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


def _known(connection: psycopg.Connection[DictRow], appends: Sequence[Append], deadline: float) -> _Known:
    """Take the turn, and ask for all that has to be known before anything is inserted."""
    streams = list({id for append in appends for id in (*map(stream_of, append.events), *append.seen)})
    receipts = [receipt for append in appends for receipt in append.receipts]
    turn = connection.execute(_TAKE_TURN, {"milliseconds": _milliseconds_until(deadline), "lock": APPEND_LOCK})
    # A statement of its own: what it sees must be taken after the lock was given.
    standing = connection.execute(
        _HOW_IT_STANDS,
        {
            "streams": streams,
            "scopes": [receipt.scope for receipt in receipts],
            "keys": [receipt.idempotency_key for receipt in receipts],
            "tokens": list({append.credential for append in appends if append.credential}),
        },
    )
    turn.fetchone()  # which fails where no turn came in time
    found = standing.fetchone()
    if found is None:
        raise psycopg.DataError("the head of the ledger cannot be read")
    return _Known(
        head=found["position"],
        recorded_at=found["recorded_at"],
        versions=dict(zip(streams, found["versions"], strict=True)),
        keys_taken={(receipts[n - 1].scope, receipts[n - 1].idempotency_key) for n in found["keys_taken"]},
        good_tokens=frozenset(found["good_tokens"]),
    )


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


def _insert(
    connection: psycopg.Connection[DictRow],
    entries: Sequence[Stamped],
    receipts: Sequence[Receipt],
    recorded_at: datetime,
) -> None:
    for first in range(0, len(entries), INSERTED_AT_ONCE):
        part, of_these = entries[first : first + INSERTED_AT_ONCE], receipts if first == 0 else ()
        connection.execute(
            _INSERT,
            {
                "recorded_at": recorded_at,
                "ids": [entry.originator_id for entry in part],
                "versions": [entry.originator_version for entry in part],
                "topics": [entry.topic for entry in part],
                "states": [entry.state for entry in part],
                "positions": [entry.id for entry in part],
                "scopes": [receipt.scope for receipt in of_these],
                "keys": [receipt.idempotency_key for receipt in of_these],
                "fingerprints": [receipt.fingerprint for receipt in of_these],
                "streams": [receipt.stream_id for receipt in of_these],
                "firsts": [receipt.first_version for receipt in of_these],
                "lasts": [receipt.last_version for receipt in of_these],
            },
        )


def _insert_snapshots(
    connection: psycopg.Connection[DictRow], snapshots: Sequence[PublishedBytes], recorded_at: datetime
) -> None:
    for snapshot in snapshots:
        connection.execute(
            _INSERT_SNAPSHOT,
            {
                "id": snapshot.id,
                "position": snapshot.position,
                "bytes": snapshot.bytes,
                "sha256": hashlib.sha256(snapshot.bytes).digest(),
                "recorded_at": recorded_at,
            },
        )

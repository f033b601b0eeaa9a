"""The published snapshots: their stored bytes, and the facts that say that they were published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from psycopg.rows import DictRow

from audit.envelope import Entry, Envelopes
from domain.events import Published
from infrastructure.database import Pool

_SELECT = """
SELECT published.notification_id, published.state, moment.recorded_at AS as_of
FROM ledger.snapshots
JOIN ledger.events AS published ON (published.originator_id, published.originator_version) = (snapshots.id, 1)
LEFT JOIN ledger.events AS moment ON moment.notification_id = snapshots.position
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedSnapshot:
    """That a snapshot was published: the entry that says so, and when the fact at its position was recorded."""

    entry: Entry
    as_of: datetime | None

    @property
    def fact(self) -> Published:
        """What was published."""
        return cast("Published", self.entry.event)


class PublishedSnapshots:
    """Reads the published snapshots. Nothing here can change one."""

    def __init__(self, pool: Pool, envelopes: Envelopes) -> None:
        self._pool = pool
        self._envelopes = envelopes

    def newest(self, limit: int, before: int | None = None) -> Sequence[PublishedSnapshot]:
        """The latest ones, newest first; those published before a position, if one is given."""
        with self._pool.connection() as connection:
            rows = connection.execute(
                _SELECT + " WHERE published.notification_id < %s ORDER BY published.notification_id DESC LIMIT %s",
                (2**62 if before is None else before, limit),
            ).fetchall()
        return [self._published(row) for row in rows]

    def get(self, id: UUID) -> PublishedSnapshot | None:
        """The one with this id; None where there is none."""
        with self._pool.connection() as connection:
            row = connection.execute(_SELECT + " WHERE snapshots.id = %s", (id,)).fetchone()
        return self._published(row) if row else None

    def bytes(self, id: UUID) -> bytes | None:
        """The bytes as they were published; None where there are none."""
        with self._pool.connection() as connection:
            row = connection.execute("SELECT bytes FROM ledger.snapshots WHERE id = %s", (id,)).fetchone()
        return bytes(row["bytes"]) if row else None

    def _published(self, row: DictRow) -> PublishedSnapshot:
        return PublishedSnapshot(
            entry=self._envelopes.read(bytes(row["state"]), row["notification_id"]), as_of=row["as_of"]
        )

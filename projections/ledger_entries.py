"""The ledger's entries in their order, read in batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import Connection
from psycopg.rows import DictRow

from audit.envelope import Entry, Envelopes, Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Entries that follow each other, from the one after position `after` on.

    `unreadable` says why the entry that comes next cannot be read, if there is such a one.
    """

    after: int
    entries: tuple[Entry, ...]
    unreadable: Unreadable | None = None

    @property
    def position(self) -> int:
        """The position of the last entry, or `after` where there is none."""
        return self.entries[-1].position if self.entries else self.after

    @property
    def recorded_at(self) -> datetime | None:
        """When the last entry was recorded."""
        return self.entries[-1].recorded_at if self.entries else None

    def singly(self) -> Iterator[Batch]:
        """The same entries, each in a batch of its own."""
        after = self.after
        for entry in self.entries:
            yield Batch(after=after, entries=(entry,))
            after = entry.position


class EntryReader:
    """Reads batches, and remembers the latest: read models that are at the same position share it."""

    def __init__(self, envelopes: Envelopes, largest: int) -> None:
        self._envelopes = envelopes
        self._largest = largest
        self._latest = Batch(after=0, entries=())

    def after(self, connection: Connection[DictRow], position: int) -> Batch:
        """The entries after a position, none where there are no more."""
        if self._latest.entries and self._latest.after == position:
            return self._latest
        stored = connection.execute(
            "SELECT notification_id, state FROM ledger.events WHERE notification_id > %s"
            " ORDER BY notification_id LIMIT %s",
            (position, self._largest),
            binary=True,
        ).fetchall()
        self._latest = self._decoded(position, stored)
        return self._latest

    def _decoded(self, after: int, stored: list[DictRow]) -> Batch:
        entries: list[Entry] = []
        for row in stored:
            try:
                entries.append(_read(self._envelopes, row))
            except Unreadable as fault:
                return Batch(after=after, entries=tuple(entries), unreadable=fault)
        return Batch(after=after, entries=tuple(entries))


_BY_HISTORY = """
SELECT originator_id, originator_version, notification_id, state FROM ledger.events
WHERE (originator_id, originator_version) > (%s, %s) AND notification_id <= %s
ORDER BY originator_id, originator_version LIMIT %s
"""


def by_history(
    connection: Connection[DictRow],
    envelopes: Envelopes,
    until: int,
    largest: int,
    *,
    after: tuple[UUID, int] = (UUID(int=0), 0),
) -> Iterator[tuple[Entry, ...]]:
    """All entries up to a position, one history after the other, each in its own order, in parts.

    A part may end in the middle of a history. `after` is the history and version to go on after. Raises Unreadable.
    """
    while stored := connection.execute(_BY_HISTORY, (*after, until, largest), binary=True).fetchall():
        yield tuple(_read(envelopes, row) for row in stored)
        after = (stored[-1]["originator_id"], stored[-1]["originator_version"])


def _read(envelopes: Envelopes, row: DictRow) -> Entry:
    position = row["notification_id"]
    try:
        return envelopes.read(row["state"], position)
    except Unreadable as fault:
        raise Unreadable(f"position {position}: {fault}") from fault


def head(connection: Connection[DictRow]) -> int:
    """The position of the ledger's latest entry; 0 while there is none."""
    row = connection.execute("SELECT coalesce(max(notification_id), 0) AS position FROM ledger.events").fetchone()
    return int(row["position"]) if row else 0

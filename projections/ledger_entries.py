"""The ledger's entries in their order, read in batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from psycopg import Connection, sql
from psycopg.rows import DictRow

from audit.envelope import Entry, Envelopes, Unreadable
from projections.database import Source, Take, Taken, streamed
from projections.pinning import PositionNotReached


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
        self._latest = stored(connection, position, self._largest, partial(self._decoded, position))
        return self._latest

    def _decoded(self, after: int, stored: Iterable[tuple[int, bytes]]) -> Batch:
        entries: list[Entry] = []
        for position, state in stored:
            try:
                entries.append(_read(self._envelopes, position, state))
            except Unreadable as fault:
                return Batch(after=after, entries=tuple(entries), unreadable=fault)
        return Batch(after=after, entries=tuple(entries))


_STORED = """
SELECT notification_id, state FROM ledger.events
WHERE notification_id > %(after)s ORDER BY notification_id LIMIT %(limit)s
"""


def stored(source: Source, after: int, limit: int, take: Take[Taken]) -> Taken:
    """What is made of the entries after a position, at most so many, each with its position and as it is stored.

    They are handed to `take` while the database reads the next ones.
    """
    return streamed(source, _STORED, {"after": after, "limit": limit}, take)


# Each statement says how far the server that carries it out has got: a replica may not have all entries yet.
_FOUND = sql.SQL("""
SELECT reached, notification_id, state
FROM (SELECT coalesce(max(notification_id), 0) AS reached FROM ledger.events) AS head
LEFT JOIN ({found}) AS found ON true
""")

_ENTRIES = _FOUND.format(
    found=sql.SQL("""
    SELECT notification_id, state FROM ledger.events
    WHERE notification_id > %(after)s AND notification_id <= %(until)s ORDER BY notification_id LIMIT %(limit)s
""")
)

_REPORTS = _FOUND.format(
    found=sql.SQL("""
    SELECT notification_id, state FROM ledger.events
    WHERE topic LIKE 'pledge.reported.%%' AND notification_id <= %(until)s ORDER BY notification_id
""")
)

_HISTORIES = _FOUND.format(
    found=sql.SQL("""
    SELECT notification_id, state FROM ledger.events
    WHERE (originator_id, originator_version) > (%(stream)s, %(version)s) AND notification_id <= %(until)s
    ORDER BY originator_id, originator_version LIMIT %(limit)s
""")
)

_SOME_HISTORIES = _FOUND.format(
    found=sql.SQL("""
    SELECT notification_id, state FROM ledger.events
    JOIN unnest(%(streams)s::uuid[], %(after)s::bigint[]) AS wanted (originator_id, after) USING (originator_id)
    WHERE notification_id > after AND notification_id <= %(until)s ORDER BY originator_id, originator_version
""")
)


class LedgerView:
    """Reads the entries up to a position, on any server that has them all; elsewhere it raises PositionNotReached.

    An entry that is of no known form raises Unreadable.
    """

    def __init__(self, source: Source, envelopes: Envelopes) -> None:
        self._source = source
        self._envelopes = envelopes

    def entries(self, until: int, largest: int) -> Iterator[Entry]:
        """All of them, in ledger order, at most so many at once in memory."""
        after = 0
        while part := self._read(_ENTRIES, until, after=after, limit=largest):
            yield from part
            after = part[-1].position

    def reports(self, until: int) -> Sequence[Entry]:
        """The progress reports among them, in ledger order."""
        return self._read(_REPORTS, until)

    def by_history(self, until: int, largest: int) -> Iterator[Sequence[Entry]]:
        """All of them, one history after the other, each in its own order, in parts of at most so many.

        A part may end in the middle of a history.
        """
        stream, version = UUID(int=0), 0
        while part := self._read(_HISTORIES, until, stream=stream, version=version, limit=largest):
            yield part
            stream, version = part[-1].event.originator_id, part[-1].event.originator_version

    def of_histories(self, after: Mapping[UUID, int], until: int) -> Sequence[Entry]:
        """Those of some histories, each after a position of its own: one after the other, each in its own order."""
        return self._read(_SOME_HISTORIES, until, streams=list(after), after=list(after.values()))

    def _read(self, query: sql.Composed, until: int, **values: object) -> Sequence[Entry]:
        return streamed(self._source, query, {"until": until, **values}, partial(self._decoded, until))

    def _decoded(self, until: int, found: Iterable[tuple[Any, ...]]) -> Sequence[Entry]:
        entries: list[Entry] = []
        for reached, position, state in found:
            if until > reached:
                raise PositionNotReached(until, reached)
            if position is not None:
                entries.append(_read(self._envelopes, position, state))
        return entries


def _read(envelopes: Envelopes, position: int, state: bytes) -> Entry:
    try:
        return envelopes.read(state, position)
    except Unreadable as fault:
        raise Unreadable(f"position {position}: {fault}") from fault


def head(connection: Connection[DictRow]) -> int:
    """The position of the ledger's latest entry; 0 while there is none."""
    row = connection.execute("SELECT coalesce(max(notification_id), 0) AS position FROM ledger.events").fetchone()
    return int(row["position"]) if row else 0

"""Taking published snapshots again from the entries alone, through the same fold as the service, and comparing bytes.

Histories are sorted on disk, and folded one at a time, so that memory does not grow with the ledger.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from types import TracebackType
from typing import Self
from uuid import UUID

import msgspec

from audit.canonical import canonical
from audit.envelope import Entry, Envelopes, Unreadable
from audit.snapshot import RULES_VERSION, Selection, snapshot
from domain.dimensions import Attribution, Dimension
from domain.events import AnyEvent, OrganisationEvent, PledgeEvent, Published, SnapshotIdentity
from domain.organisation import Organisation
from domain.organisation import fold as fold_organisation
from domain.pledge import fold as fold_pledge
from domain.status import PledgeStatus, status_of

_write = msgspec.json.Encoder().encode
_read = msgspec.json.Decoder(PledgeStatus).decode

Progress = Callable[[int], None]
"""Is told how many more entries were replayed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """That a snapshot was published: at which position, under which id, and what it is of."""

    position: int
    id: UUID
    snapshot: SnapshotIdentity


@dataclass(slots=True)
class _Wanted:
    """A snapshot that is being taken again: its number, when its last fact was recorded, and the stakeholders."""

    number: int
    publication: Publication
    recorded_at: datetime | None = None
    organisations: dict[UUID, Organisation] = field(default_factory=dict)

    def has(self, entry: Entry) -> bool:
        of = self.publication.snapshot
        return entry.position <= of.position and entry.event.effective_on <= of.effective_on


class Replay:
    """All entries of a ledger, to be replayed history by history once they are all there."""

    def __init__(self, envelopes: Envelopes | None = None) -> None:
        self._envelopes = envelopes or Envelopes()
        # An unnamed database is a temporary file that goes with the connection.
        self._disk = sqlite3.connect("", isolation_level=None)
        self._disk.execute("PRAGMA journal_mode = OFF")
        self._disk.execute("CREATE TABLE entries (position INTEGER PRIMARY KEY, stream BLOB, entry BLOB)")
        self._disk.execute("CREATE TABLE statuses (snapshot INTEGER, reference TEXT, status BLOB)")
        self.publications: list[Publication] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._disk.close()

    def add(self, first: int, entries: Sequence[bytes]) -> list[tuple[int, str]]:
        """Add entries from a position on; what is wrong with those that cannot be read."""
        found: list[tuple[int, str]] = []
        kept: list[tuple[int, bytes, bytes]] = []
        for position, bytes in enumerate(entries, start=first):
            try:
                entry = self._envelopes.read(bytes, position)
            except (Unreadable, AttributeError, OverflowError, RecursionError) as fault:
                found.append((position, f"it cannot be read: {fault}"))
                continue
            event = entry.event
            if entry.event_id != event.event_id:
                found.append((position, f"its event id is {entry.event_id}, but its command makes it {event.event_id}"))
            if isinstance(event, Published):
                publication = Publication(position=position, id=event.originator_id, snapshot=event.snapshot)
                self.publications.append(publication)
            kept.append((position, event.originator_id.bytes, bytes))
        self._disk.executemany("INSERT INTO entries VALUES (?, ?, ?)", kept)
        return found

    def retake(
        self, stored: Mapping[UUID, Callable[[], bytes]], roots: Mapping[int, bytes], progress: Progress
    ) -> Iterator[tuple[int, str]]:
        """Take every published snapshot again, and compare; what is wrong, by the position of its publication.

        `roots` are those of the trees that the snapshots are of.
        """
        wanted = [_Wanted(n, publication) for n, publication in enumerate(self.publications)]
        self._disk.execute("BEGIN")
        for history in self._histories():
            self._fold(history, wanted)
            progress(len(history))
        self._disk.execute("CREATE INDEX statuses_in_order ON statuses (snapshot, reference)")
        for each in wanted:
            if problem := self._compare(each, stored.get(each.publication.id), roots):
                yield each.publication.position, problem

    def _histories(self) -> Iterator[list[Entry]]:
        rows = self._disk.execute("SELECT stream, position, entry FROM entries ORDER BY stream, position")
        for _, history in groupby(rows, itemgetter(0)):
            yield [self._envelopes.read(entry, position) for _, position, entry in history]

    def _fold(self, history: Sequence[Entry], wanted: Sequence[_Wanted]) -> None:
        """Fold a history for every snapshot; those that have the same facts of it have the same result."""
        folded: dict[tuple[int, ...], tuple[str, bytes] | Organisation | None] = {}
        for each in wanted:
            of_it = [entry for entry in history if each.has(entry)]
            if not of_it:
                continue
            key = tuple(entry.position for entry in of_it)
            if key not in folded:
                folded[key] = _folded([entry.event for entry in of_it])
            match folded[key]:
                case Organisation() as organisation:
                    each.organisations[organisation.id] = organisation
                case (reference, status):
                    self._disk.execute("INSERT INTO statuses VALUES (?, ?, ?)", (each.number, reference, status))

    def _compare(self, wanted: _Wanted, stored: Callable[[], bytes] | None, roots: Mapping[int, bytes]) -> str | None:
        of = wanted.publication.snapshot
        what = f"the snapshot {wanted.publication.id} that it published"
        if stored is None:
            return f"{what} is missing"
        if of.rules_version != RULES_VERSION:
            return f"{what} was taken by version {of.rules_version} of the rules, this program has {RULES_VERSION}"
        if of.position not in roots or of.position >= wanted.publication.position:
            return f"{what} is of position {of.position}, which was not there yet"
        try:
            selection = self._selection(of, roots[of.position])
        except ValueError as fault:
            return f"{what} cannot be taken again: {fault}"
        document = snapshot(selection, self._statuses(wanted), wanted.organisations)
        if document["digest"] != of.digest:
            return f"{what} has the digest {of.digest}, but the facts give {document['digest']}"
        if canonical(document) != stored():
            return f"{what} is not, byte for byte, what the facts give"
        return None

    def _selection(self, of: SnapshotIdentity, root: bytes) -> Selection:
        return Selection(
            position=of.position,
            root=root,
            recorded_at=self._recorded_at(of.position),
            effective_on=of.effective_on,
            rules_version=of.rules_version,
            group_by=tuple(Dimension(code) for code in of.group_by),
            attribution=Attribution(of.attribution),
        )

    def _recorded_at(self, position: int) -> datetime | None:
        row = self._disk.execute("SELECT entry FROM entries WHERE position = ?", (position,)).fetchone()
        return self._envelopes.read(row[0], position).recorded_at if row else None

    def _statuses(self, wanted: _Wanted) -> Iterator[PledgeStatus]:
        rows = self._disk.execute("SELECT status FROM statuses WHERE snapshot = ? ORDER BY reference", (wanted.number,))
        return (_read(row[0]) for row in rows)


def _folded(events: Sequence[AnyEvent]) -> tuple[str, bytes] | Organisation | None:
    """What a history's facts make: a pledge's reference and status, or a stakeholder."""
    if pledge := fold_pledge(None, [event for event in events if isinstance(event, PledgeEvent)]):
        return pledge.reference, _write(status_of(pledge))
    return fold_organisation(None, [event for event in events if isinstance(event, OrganisationEvent)])

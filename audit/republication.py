"""Taking published snapshots again from the entries alone, through the same fold as the service, and comparing bytes.

Histories are put together on disk, and folded a few at a time, so that memory does not grow with the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from struct import Struct
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Self
from uuid import UUID

import msgspec

from audit.envelope import Entry, Envelopes, Unreadable
from audit.snapshot import RULES_VERSION, Selection, snapshot_in_parts
from domain.dimensions import Attribution, Dimension
from domain.events import AnyEvent, OrganisationEvent, PledgeEvent, Published, SnapshotIdentity
from domain.organisation import Organisation
from domain.organisation import fold as fold_organisation
from domain.pledge import fold as fold_pledge
from domain.status import PledgeStatus, status_of

SHELVES = 64
"""Into how many files the entries are divided by their history: as small a part of them is in memory at once."""

_write = msgspec.json.Encoder().encode
_read = msgspec.json.Decoder(PledgeStatus).decode
_RECORD = Struct(">16sQI")
"""Before each entry on a shelf: its history, position and length."""

Stored = Callable[[], AbstractContextManager[IO[bytes]]]
"""Opens the bytes of a snapshot as they were published."""

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
    """A snapshot that is being taken again: when its last fact was recorded, the stakeholders, and where the status of
    each pledge is written down."""

    publication: Publication
    recorded_at: datetime | None = None
    organisations: dict[UUID, Organisation] = field(default_factory=dict)
    statuses: list[tuple[str, int, int]] = field(default_factory=list)

    def has(self, entry: Entry) -> bool:
        of = self.publication.snapshot
        return entry.position <= of.position and entry.event.effective_on <= of.effective_on


class Replay:
    """All entries of a ledger, to be replayed history by history once they are all there."""

    def __init__(self, envelopes: Envelopes | None = None) -> None:
        self._envelopes = envelopes or Envelopes()
        self._open = ExitStack()
        self._shelves = [self._open.enter_context(TemporaryFile()) for _ in range(SHELVES)]  # noqa: SIM115
        self._statuses = self._open.enter_context(TemporaryFile())  # noqa: SIM115
        self.publications: list[Publication] = []
        self.pledges = 0
        """How many pledges there are after all entries."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    def add(self, first: int, entries: Sequence[bytes]) -> list[tuple[int, str]]:
        """Add entries from a position on; what is wrong with those that cannot be read."""
        found: list[tuple[int, str]] = []
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
            stream = event.originator_id.bytes
            self._shelves[stream[-1] % SHELVES].write(_RECORD.pack(stream, position, len(bytes)) + bytes)
        return found

    def retake(
        self, stored: Mapping[UUID, Stored], roots: Mapping[int, bytes], progress: Progress
    ) -> Iterator[tuple[int, str]]:
        """Take every published snapshot again, and compare; what is wrong, by the position of its publication.

        `roots` are those of the trees that the snapshots are of.
        """
        wanted = [_Wanted(publication) for publication in self.publications]
        for shelf in self._shelves:
            for history in self._histories(shelf):
                self._fold(history, wanted)
                progress(len(history))
        for each in wanted:
            if problem := self._compare(each, stored.get(each.publication.id), roots):
                yield each.publication.position, problem

    def _histories(self, shelf: IO[bytes]) -> Iterator[list[Entry]]:
        """The histories on a shelf, each in its order, which is that of the positions."""
        for _, history in groupby(sorted(_records(shelf), key=itemgetter(0, 1)), itemgetter(0)):
            yield [self._envelopes.read(entry, position) for _, position, entry in history]

    def _fold(self, history: Sequence[Entry], wanted: Sequence[_Wanted]) -> None:
        """Fold a history, as it is and for every snapshot; those that have the same facts have the same result."""
        whole = self._folded([entry.event for entry in history])
        self.pledges += isinstance(whole, tuple)
        folded = {tuple(entry.position for entry in history): whole}
        for each in wanted:
            last = each.publication.snapshot.position
            each.recorded_at = next((e.recorded_at for e in history if e.position == last), each.recorded_at)
            of_it = [entry for entry in history if each.has(entry)]
            if not of_it:
                continue
            key = tuple(entry.position for entry in of_it)
            if key not in folded:
                folded[key] = self._folded([entry.event for entry in of_it])
            match folded[key]:
                case Organisation() as organisation:
                    each.organisations[organisation.id] = organisation
                case tuple() as written:
                    each.statuses.append(written)

    def _folded(self, events: Sequence[AnyEvent]) -> tuple[str, int, int] | Organisation | None:
        """What a history's facts make: a stakeholder, or where the status of a pledge is written down, and how long."""
        pledge = fold_pledge(None, [event for event in events if isinstance(event, PledgeEvent)])
        if pledge is None:
            return fold_organisation(None, [event for event in events if isinstance(event, OrganisationEvent)])
        written, at = _write(status_of(pledge)), self._statuses.tell()
        self._statuses.write(written)
        return pledge.reference, at, len(written)

    def _compare(self, wanted: _Wanted, stored: Stored | None, roots: Mapping[int, bytes]) -> str | None:
        of = wanted.publication.snapshot
        what = f"the snapshot {wanted.publication.id} that it published"
        if stored is None:
            return f"{what} is missing"
        if of.rules_version != RULES_VERSION:
            return f"{what} was taken by version {of.rules_version} of the rules, this program has {RULES_VERSION}"
        if of.position not in roots or of.position >= wanted.publication.position:
            return f"{what} is of position {of.position}, which was not there yet"
        try:
            selection = _selection(of, roots[of.position], wanted.recorded_at)
        except ValueError as fault:
            return f"{what} cannot be taken again: {fault}"
        digest, parts = snapshot_in_parts(selection, self._told(wanted), wanted.organisations)
        if digest != of.digest:
            return f"{what} has the digest {of.digest}, but the facts give {digest}"
        with stored() as file:
            if any(file.read(len(part)) != part for part in parts) or file.read(1):
                return f"{what} is not, byte for byte, what the facts give"
        return None

    def _told(self, wanted: _Wanted) -> Iterator[PledgeStatus]:
        """The status of each pledge, by reference."""
        for _, at, length in sorted(wanted.statuses):
            self._statuses.seek(at)
            yield _read(self._statuses.read(length))


def _selection(of: SnapshotIdentity, root: bytes, recorded_at: datetime | None) -> Selection:
    return Selection(
        position=of.position,
        root=root,
        recorded_at=recorded_at,
        effective_on=of.effective_on,
        rules_version=of.rules_version,
        group_by=tuple(Dimension(code) for code in of.group_by),
        attribution=Attribution(of.attribution),
    )


def _records(shelf: IO[bytes]) -> Iterator[tuple[bytes, int, bytes]]:
    """What was put on a shelf: history, position and entry."""
    shelf.seek(0)
    while header := shelf.read(_RECORD.size):
        stream, position, length = _RECORD.unpack(header)
        yield stream, position, shelf.read(length)

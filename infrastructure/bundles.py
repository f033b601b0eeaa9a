"""Putting the ledger into a bundle: what is stored, as it is stored, whether it holds or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, NamedTuple
from uuid import UUID

import msgspec
from psycopg.rows import args_row

from audit import bundle
from audit.bundle import Contents, Manifest, Noticed
from audit.checkpoint import SignedCheckpoint
from audit.envelope import format_instant
from audit.merkle import HASH_BYTES
from audit.signed_note import VerifierKey
from audit.tiles import WIDTH
from infrastructure.checkpoints import Checkpoints
from infrastructure.database import Pool
from infrastructure.publications import PublishedSnapshots
from infrastructure.signer import CheckpointSigner
from infrastructure.signing import SigningStopped
from projections.runner import ProjectionRunner, ReadModelFailed
from projections.transparency.view import TransparencyView

ENTRIES_AT_ONCE = 5_000
TILES_AT_ONCE = 64
MOST_NOTICED = 1_000

_ENTRIES = """
SELECT notification_id, originator_id, originator_version, topic, recorded_at, state FROM ledger.events
WHERE notification_id > %s AND notification_id <= %s ORDER BY notification_id LIMIT %s
"""

_SNAPSHOTS = """
SELECT snapshots.id FROM ledger.snapshots
LEFT JOIN ledger.events ON (originator_id, originator_version) = (snapshots.id, 1)
WHERE notification_id IS NULL OR notification_id <= %s ORDER BY snapshots.id
"""


Progress = Callable[[int, int], None]
"""Is told how many entries are written, and of how many."""


class StoredRow(NamedTuple):
    """A row of the ledger: the entry, and the columns beside it that repeat parts of it."""

    position: int
    stream: UUID
    version: int
    type: str
    recorded_at: datetime
    entry: bytes

    def is_in_place(self, expected: int) -> bool:
        """Whether the row is at the position that is expected, and its entry ends as its columns say.

        The keys of an envelope are in order, so that these four are its last ones. One that does not end so may still
        say the same, in other words.
        """
        end = (
            f',"recorded_at":"{self.recorded_at.astimezone(UTC).isoformat(timespec="microseconds")[:-6]}Z"'
            f',"stream_id":"{self.stream}","type":"{self.type}","version":{self.version}}}'
        )
        return self.position == expected and self.entry.endswith(end.encode())

    def problems(self, expected: int) -> Iterator[Noticed]:
        """What is wrong beside the bytes: the place, or a column that says otherwise than the envelope."""
        if self.position != expected:
            yield Noticed(position=expected, problem="there is no entry at this position")
        try:
            envelope = msgspec.json.decode(self.entry, type=dict[str, object])
        except (msgspec.DecodeError, UnicodeDecodeError):
            return  # whoever verifies the bytes will see it
        columns = {
            "stream_id": ("originator_id", str(self.stream)),
            "version": ("originator_version", self.version),
            "type": ("topic", self.type),
            "recorded_at": ("recorded_at", format_instant(self.recorded_at.astimezone(UTC))),
        }
        for name, (column, value) in columns.items():
            if envelope.get(name) != value:
                problem = f"the column {column} says {value}, the entry's {name} {envelope.get(name)}"
                yield Noticed(position=self.position, problem=problem)


class NothingSigned(Exception):
    """There is no checkpoint yet, so that there is nothing a bundle could be held against."""

    def __init__(self) -> None:
        super().__init__("no checkpoint has been signed: the ledger is empty, or no process with the signing key runs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was put into a bundle, and what is wrong with signing, if anything is."""

    manifest: Manifest
    problem: str | None


class BundleExports:
    """Makes bundles of the ledger up to its latest checkpoint; `teller` brings the tree alone up to the ledger."""

    def __init__(
        self,
        pool: Pool,
        teller: ProjectionRunner,
        tree: TransparencyView,
        checkpoints: Checkpoints,
        signer: CheckpointSigner,
        publications: PublishedSnapshots,
    ) -> None:
        self._pool = pool
        self._teller = teller
        self._tree = tree
        self._checkpoints = checkpoints
        self._signer = signer
        self._publications = publications

    def write(self, target: Path | IO[bytes], progress: Progress = lambda done, of: None) -> Exported:
        """Write a bundle, after signing what is not signed yet if this process can. Raises NothingSigned.

        A ledger that does not hold is exported too: that is when a bundle is needed most.
        """
        problem = self._signed_up_to_now()
        own = self._signer.last_signed()
        latest = self._checkpoints.latest()
        size = max(latest.size if latest else 0, own.checkpoint.size if own else 0)
        if not size:
            raise NothingSigned
        noticed: list[Noticed] = []
        keys = self._checkpoints.verifier_keys()
        contents = Contents(
            origin=_origin(keys, own),
            entries=self._entries(size, noticed, progress),
            leaf_hashes=self._leaf_hashes(size),
            checkpoints=self._notes(size, own),
            keys=keys,
            snapshots=self._snapshots(size),
            noticed=noticed,
        )
        return Exported(manifest=bundle.write(target, contents), problem=problem)

    def _signed_up_to_now(self) -> str | None:
        """Sign what is not signed yet; what keeps that from being done, if it matters."""
        try:
            self._teller.catch_up()
            if self._signer.key_file:
                self._signer.sign()
        except (ReadModelFailed, SigningStopped) as stopped:
            return str(stopped)
        return None

    def _notes(self, size: int, own: SignedCheckpoint | None) -> dict[int, bytes]:
        stored = {checkpoint.size: checkpoint.note for checkpoint in self._checkpoints.all(size)}
        return {**({own.checkpoint.size: bytes(own)} if own else {}), **stored}

    def _entries(self, size: int, noticed: list[Noticed], progress: Progress) -> Iterator[bytes]:
        """The entries as the ledger's own rows have them, whatever was sealed elsewhere: a bundle is to show the truth.

        The next ones are read while those before are compressed.
        """
        after = 0
        with ThreadPoolExecutor(1, "export") as ahead:
            coming = ahead.submit(self._rows, after, size)
            while after < size:
                rows = coming.result()
                if not rows:
                    noticed.append(Noticed(position=after + 1, problem="there is no entry at this position"))
                    return
                coming = ahead.submit(self._rows, rows[-1].position, size)
                for row in rows:
                    if not row.is_in_place(after + 1) and len(noticed) < MOST_NOTICED:
                        noticed.extend(row.problems(after + 1))
                    after = row.position
                    yield row.entry
                progress(after, size)

    def _rows(self, after: int, until: int) -> list[StoredRow]:
        with self._pool.connection() as connection, connection.cursor(row_factory=args_row(StoredRow)) as cursor:
            return cursor.execute(_ENTRIES, (after, until, ENTRIES_AT_ONCE), binary=True).fetchall()

    def _leaf_hashes(self, size: int) -> Iterator[bytes]:
        tiles = -(-size // WIDTH)
        for first in range(0, tiles, TILES_AT_ONCE):
            for index, hashes in enumerate(self._tree.leaf_tiles(first, min(first + TILES_AT_ONCE, tiles)), first):
                yield hashes[: min(WIDTH, size - index * WIDTH) * HASH_BYTES]

    def _snapshots(self, size: int) -> Iterator[tuple[UUID, bytes]]:
        with self._pool.connection() as connection:
            ids = [row["id"] for row in connection.execute(_SNAPSHOTS, (size,))]
        for id in ids:
            if (content := self._publications.bytes(id)) is not None:
                yield id, content


def _origin(keys: Sequence[VerifierKey], own: SignedCheckpoint | None) -> str:
    """What the ledger is called: by its keys, or where somebody has removed them, by what was signed here."""
    if keys:
        return keys[0].name
    return own.checkpoint.origin if own else ""

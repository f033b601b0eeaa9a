"""Examples of the evidence: what a ledger with these entries answers, signed with a key that is made up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from api.http.ledger_documents import (
    CheckpointList,
    ConsistencyDocument,
    StoredEntry,
    checkpoint_document,
    inclusion_document,
)
from audit import merkle
from audit.checkpoint import Checkpoint
from audit.envelope import Entry, Envelopes, stamp
from audit.inclusion import InclusionProof
from audit.merkle import leaf_hashes, perfect_root
from audit.signed_note import Note, SigningKey, in_base64
from infrastructure.checkpoints import StoredCheckpoint

KEY = SigningKey("p2c.example.org/v1/ledger", bytes(range(32)))
POSITION = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleLedger:
    """The entries as they would be stored."""

    entries: Sequence[Entry]
    stored: Sequence[bytes]
    hashes: Sequence[bytes]

    @staticmethod
    def of(entries: Iterable[Entry]) -> ExampleLedger:
        """The ledger that these facts make."""
        known, envelopes = tuple(entries), Envelopes()
        stored = tuple(stamp(envelopes.write(entry.event), entry.recorded_at) for entry in known)
        return ExampleLedger(entries=known, stored=stored, hashes=leaf_hashes(stored))

    def subtree(self, level: int, n: int) -> bytes:
        """The root of a perfect subtree."""
        return perfect_root(self.hashes[n << level : (n + 1) << level])

    def root(self, size: int | None = None) -> bytes:
        """The root of the tree, or of its first leaves."""
        return merkle.root(len(self.hashes) if size is None else size, self.subtree)

    def checkpoint(self) -> StoredCheckpoint:
        """The signed checkpoint of all of it."""
        told = Checkpoint(origin=KEY.name, size=len(self.stored), root=self.root())
        note = bytes(Note.signed(told.text(), [KEY]))
        return StoredCheckpoint(size=told.size, note=note, signed_at=self.entries[-1].recorded_at)


def evidence_documents(ledger: ExampleLedger) -> dict[str, BaseModel]:
    """The good answers in JSON, by operation id."""
    checkpoint, size = ledger.checkpoint(), len(ledger.stored)
    way = merkle.inclusion_proof(POSITION - 1, size, ledger.subtree)
    return {
        "readEntry": StoredEntry.model_validate_json(ledger.stored[0]),
        "listCheckpoints": CheckpointList(items=[checkpoint_document(checkpoint)], next=None),
        "proveInclusion": inclusion_document(POSITION, ledger.hashes[POSITION - 1], way, checkpoint),
        "proveConsistency": ConsistencyDocument(
            first_size=POSITION,
            second_size=size,
            first_root=in_base64(ledger.root(POSITION)),
            second_root=in_base64(ledger.root()),
            hashes=[in_base64(hash) for hash in merkle.consistency_proof(POSITION, size, ledger.subtree)],
        ),
    }


def evidence_texts(ledger: ExampleLedger) -> Mapping[str, str]:
    """The good answers that are files, by operation id; of binary ones, what they begin with."""
    checkpoint = ledger.checkpoint()
    way = merkle.inclusion_proof(POSITION - 1, len(ledger.stored), ledger.subtree)
    receipt = InclusionProof(index=POSITION - 1, hashes=way, checkpoint=checkpoint.signed)
    return {
        "getCheckpoint": checkpoint.note.decode(),
        "listKeys": f"{KEY.verifier}\n",
        "readEntries": "".join(f"{entry.decode()}\n" for entry in ledger.stored[:1]),
        "getReceipt": bytes(receipt).decode(),
        "readTile": "32 bytes for each hash",
        "exportBundle": "PK",
    }

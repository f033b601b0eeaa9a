"""The evidence as documents: checkpoints and proofs. Hashes are in base64, as checkpoints write them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel, Field

from api.http.documents import Instant
from audit.checkpoint import Checkpoint
from audit.signed_note import in_base64
from infrastructure.checkpoints import StoredCheckpoint

BASE64_HASH = r"^[A-Za-z0-9+/]{43}=$"


class CheckpointDocument(BaseModel):
    """That the ledger had so many entries and this root, signed. `note` is the signed note itself."""

    origin: str
    size: int
    root: str = Field(pattern=BASE64_HASH)
    signed_at: Instant
    note: str


class CheckpointList(BaseModel):
    """Checkpoints, the latest first; `next` is the `below` to go on with, null where there are no more."""

    items: list[CheckpointDocument]
    next: int | None


class StoredEntry(BaseModel):
    """An entry of the ledger, as it is stored: canonical JSON (RFC 8785), whose bytes are the leaf of the tree."""

    actor: dict[str, Any]
    command_id: UUID
    data: dict[str, Any]
    effective_on: date
    event_id: UUID
    idempotency_key: str | None = None
    recorded_at: Instant
    stream_id: UUID
    type: str
    version: int


class InclusionDocument(BaseModel):
    """That the entry at a position is in the ledger that was signed.

    `hashes` lead from the sibling of the leaf to below the root (RFC 9162, 2.1.3). `receipt` is the same as a file that
    can be checked offline (c2sp.org/tlog-proof).
    """

    position: int
    leaf_index: int
    leaf_hash: str = Field(pattern=BASE64_HASH)
    hashes: list[str]
    checkpoint: CheckpointDocument
    receipt: str


class ConsistencyDocument(BaseModel):
    """That the ledger of the second size begins with that of the first (RFC 9162, 2.1.4)."""

    first_size: int
    second_size: int
    first_root: str = Field(pattern=BASE64_HASH)
    second_root: str = Field(pattern=BASE64_HASH)
    hashes: list[str]


def checkpoint_document(stored: StoredCheckpoint) -> CheckpointDocument:
    """A stored checkpoint as a document."""
    told: Checkpoint = stored.signed.checkpoint
    return CheckpointDocument(
        origin=told.origin,
        size=told.size,
        root=in_base64(told.root),
        signed_at=stored.signed_at,
        note=stored.note.decode(),
    )


def inclusion_document(
    position: int, leaf_hash: bytes, hashes: Sequence[bytes], checkpoint: StoredCheckpoint
) -> InclusionDocument:
    """A proof of inclusion as a document."""
    asked = urlencode({"position": position, "size": checkpoint.size})
    return InclusionDocument(
        position=position,
        leaf_index=position - 1,
        leaf_hash=in_base64(leaf_hash),
        hashes=[in_base64(hash) for hash in hashes],
        checkpoint=checkpoint_document(checkpoint),
        receipt=f"/v1/ledger/proofs/inclusion.tlog-proof?{asked}",
    )


def proof_of(position: int) -> str:
    """Where it can be proven that the entry at a position is in the ledger."""
    return f"/v1/ledger/proofs/inclusion?position={position}"

"""What is signed of the ledger, as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api.exports.tables import Table
from api.web.verification import Verification, told_by
from audit.envelope import format_instant
from audit.signed_note import in_base64
from infrastructure.checkpoints import StoredCheckpoint


def verification_document(found: Verification) -> dict[str, Any]:
    """The latest checkpoint with its note, how far the ledger is signed, the keys, and the checkpoints before it."""
    return {
        "signing": found.signing.value,
        "unsigned": found.unsigned,
        "checkpoint": _checkpoint(found.latest) if found.latest else None,
        "signatures": [
            {"name": signature.name, "key_id": signature.key_id, "own": signature.is_own}
            for signature in found.signatures
        ],
        "keys": [str(key) for key in found.keys],
        "earlier": [_checkpoint(stored) for stored in found.earlier],
    }


def checkpoints_table(found: Sequence[StoredCheckpoint]) -> Table:
    """Checkpoints, the largest tree first; roots in base64."""
    return Table(title="checkpoints", columns=("size", "root", "signed_at", "origin"), rows=map(_row, found))


def _row(stored: StoredCheckpoint) -> tuple[int, str | None, str, str | None]:
    told = told_by(stored)
    signed_at = format_instant(stored.signed_at)
    return (stored.size, in_base64(told.root), signed_at, told.origin) if told else (stored.size, None, signed_at, None)


def _checkpoint(stored: StoredCheckpoint) -> dict[str, Any]:
    size, root, signed_at, origin = _row(stored)
    note = stored.note.decode(errors="replace")
    return {"origin": origin, "size": size, "root": root, "signed_at": signed_at, "note": note}

"""One event and its evidence as data."""

from __future__ import annotations

from typing import Any

from api.http.ledger_documents import inclusion_document
from api.web.event import EventEvidence
from audit.envelope import format_instant
from audit.signed_note import in_base64


def event_document(found: EventEvidence) -> dict[str, Any]:
    """What the event says, its bytes in base64, and the proof as /v1/ledger gives it; null until it is signed."""
    item, proof = found.item, found.proof
    return {
        "event": {
            "pledge": item.reference,
            "version": item.version,
            "position": item.position,
            "type": item.type,
            "recorded_at": format_instant(item.recorded_at),
            "effective_on": item.effective_on.isoformat(),
            "actor": dict(item.actor),
            "summary": item.summary,
            "data": dict(item.data),
        },
        "entry": in_base64(found.stored),
        "leaf_hash": in_base64(found.leaf_hash),
        "proof": inclusion_document(item.position, found.leaf_hash, proof.hashes, proof.checkpoint).model_dump(
            mode="json"
        )
        if proof
        else None,
    }

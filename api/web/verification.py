"""What the page for checking shows: what is signed of the ledger, by whom, and whether that is all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from api.web.visits import Visit
from application.moments import Moment
from audit.checkpoint import Checkpoint
from audit.signed_note import MalformedNote, Signature, VerifierKey
from infrastructure.bootstrap import Service
from infrastructure.checkpoints import StoredCheckpoint
from infrastructure.readiness import LONGEST_UNSIGNED

EARLIER_SHOWN = 20
MOST_IN_TABLE = 1_000


class Signing(StrEnum):
    """How far what was recorded by a moment is signed."""

    UP_TO_NOW = "up_to_now"
    WAITING = "waiting"
    STOPPED = "stopped"
    NOTHING_RECORDED = "nothing_recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSignature:
    """A signature under a checkpoint: the key it names, and whether that is one of the ledger's own.

    Others are cosignatures of witnesses. Nothing here says that a signature holds: that is for who reads it to check.
    """

    name: str
    key_id: str
    is_own: bool

    @staticmethod
    def of(signature: Signature, keys: Sequence[VerifierKey]) -> NamedSignature:
        """What a line under the note says."""
        is_own = any((key.name, key.id) == (signature.name, signature.key_id) for key in keys)
        return NamedSignature(name=signature.name, key_id=signature.key_id.hex(), is_own=is_own)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What is signed. `latest` is the checkpoint that the moment's own position is in, or the last one before it."""

    signing: Signing
    unsigned: int
    latest: StoredCheckpoint | None
    signatures: Sequence[NamedSignature]
    keys: Sequence[VerifierKey]
    earlier: Sequence[StoredCheckpoint]
    more: bool

    @property
    def told(self) -> Checkpoint | None:
        """What the latest checkpoint says; None where there is none, or what is stored is none."""
        return told_by(self.latest) if self.latest else None


def verification(visit: Visit) -> Verification:
    """What is signed of the ledger as it was at the visit's moment."""
    service = visit.service
    latest = _latest(service, visit.moment, pinned=visit.pinned)
    keys = service.checkpoints.verifier_keys()
    found = service.checkpoints.newest(EARLIER_SHOWN + 1, below=latest.size) if latest else ()
    unsigned = max(visit.moment.position - (latest.size if latest else 0), 0)
    return Verification(
        signing=_signing(service, visit.moment, unsigned),
        unsigned=unsigned,
        latest=latest,
        signatures=_signatures(latest, keys) if latest else (),
        keys=keys,
        earlier=found[:EARLIER_SHOWN],
        more=len(found) > EARLIER_SHOWN,
    )


def checkpoints_until(visit: Visit) -> Sequence[StoredCheckpoint]:
    """The latest checkpoints as of the visit's moment, the largest tree first."""
    latest = _latest(visit.service, visit.moment, pinned=visit.pinned)
    return visit.service.checkpoints.newest(MOST_IN_TABLE, below=latest.size + 1) if latest else ()


def told_by(stored: StoredCheckpoint) -> Checkpoint | None:
    """What a checkpoint says; None where what is stored is no checkpoint: somebody has changed it."""
    try:
        return stored.signed.checkpoint
    except MalformedNote:
        return None


def _latest(service: Service, at: Moment, *, pinned: bool) -> StoredCheckpoint | None:
    first_with_it = service.checkpoints.covering(at.position) if pinned and at.position else None
    return first_with_it or service.checkpoints.latest()


def _signing(service: Service, at: Moment, unsigned: int) -> Signing:
    if not at.position:
        return Signing.NOTHING_RECORDED
    if not unsigned:
        return Signing.UP_TO_NOW
    if service.signer.problem or service.checkpoints.unsigned_for() > LONGEST_UNSIGNED:
        return Signing.STOPPED
    return Signing.WAITING


def _signatures(stored: StoredCheckpoint, keys: Sequence[VerifierKey]) -> list[NamedSignature]:
    try:
        return [NamedSignature.of(signature, keys) for signature in stored.signed.note.signatures]
    except MalformedNote:
        return []

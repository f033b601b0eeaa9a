"""What the page of one event shows: what it says, its bytes, and what proves that they are in the ledger."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from api.http import problems
from api.http.failures import Failure
from api.web.evidence import PageEvidence, pledge_evidence
from api.web.stories import Story, lived, story
from api.web.verification import told_by
from api.web.visits import Visit
from application.access import Sight
from audit.checkpoint import Checkpoint
from audit.envelope import Unreadable
from audit.merkle import ProofRefused, leaf_hash, require_inclusion, siblings_on_left
from domain.identity import pledge_id
from domain.refusals import UnknownPledge
from infrastructure.bootstrap import Service
from infrastructure.checkpoints import StoredCheckpoint
from projections.pinning import PositionNotReached
from projections.pledge_status.view import PledgeRow
from projections.timeline.view import TimelineItem

MOST_EVENTS = 10_000
"""More than any pledge has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sibling:
    """A hash on the way up: hashed before what was reached so far, or after it."""

    hash: bytes
    is_left: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The way from an entry to the root of a signed checkpoint, and whether it leads there.

    `told` is what the checkpoint says.
    """

    checkpoint: StoredCheckpoint
    told: Checkpoint
    siblings: Sequence[Sibling]
    holds: bool

    @property
    def hashes(self) -> Sequence[bytes]:
        """The siblings' hashes, from the leaf upwards."""
        return [sibling.hash for sibling in self.siblings]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventEvidence:
    """One event of a pledge, and the evidence for it.

    `story` is None where the bytes cannot be read any more. `proof` is against the first checkpoint that has the event,
    so that it stays as it is; None until one is signed.
    `is_last` says whether nothing followed as far as the visitor's moment goes.
    """

    item: TimelineItem
    title: str
    story: Story | None
    actor_name: str | None
    stored: bytes
    proof: Proof | None
    is_last: bool
    is_public: bool
    evidence: PageEvidence

    @property
    def leaf_hash(self) -> bytes:
        """The hash of the bytes as a leaf."""
        return leaf_hash(self.stored)

    @property
    def text(self) -> str:
        """The bytes as text."""
        return self.stored.decode(errors="replace")

    @property
    def pretty(self) -> str:
        """The same, for reading."""
        try:
            return json.dumps(json.loads(self.stored), ensure_ascii=False, indent=2)
        except ValueError:
            return self.text


def event_evidence(visit: Visit, reference: str, version: int) -> EventEvidence:
    """One event, for who may know of its pledge. Raises UnknownPledge, and Failure for a version that is not there."""
    service = visit.service
    row = _pledge(visit, reference)
    known = _known(visit, reference, version)
    item = known[-1]
    stored = service.ledger.stored_at(item.position)
    if stored is None:
        raise Failure(problems.NO_SUCH_ENTRY, f"The ledger has no entry at position {item.position} any more.")
    organisation = item.actor.get("organisation")
    names = service.organisations.names([UUID(organisation)]) if organisation else {}
    return EventEvidence(
        item=item,
        title=row.pledge.title,
        story=_story(visit, reference, version),
        actor_name=next(iter(names.values()), None),
        stored=stored,
        proof=_proof(service, item.position, stored),
        is_last=row.pledge.version <= version,
        is_public=Sight().includes(row.pledge),
        evidence=pledge_evidence(visit, reference, {item.position: item.version for item in known}),
    )


def event_bytes(visit: Visit, reference: str, version: int) -> tuple[int, bytes]:
    """Position and bytes of one event. Raises UnknownPledge, and Failure for a version that is not there."""
    _pledge(visit, reference)
    item = _known(visit, reference, version)[-1]
    found = visit.service.ledger.stored(pledge_id(reference), last=version)
    return item.position, next(stored for position, stored in found if position == item.position)


def _pledge(visit: Visit, reference: str) -> PledgeRow:
    row = visit.service.pledges.get(reference, at=visit.point if visit.pinned else None)
    if row is None or not visit.sight.includes(row.pledge):
        raise UnknownPledge(reference)
    return row


def _known(visit: Visit, reference: str, version: int) -> Sequence[TimelineItem]:
    """The event and those before it, as far as they are known at the moment of the visit."""
    at = visit.point if visit.pinned else None
    known = visit.service.timeline.history(reference, limit=version, at=at).items if version <= MOST_EVENTS else ()
    found = [item for item in known if item.version <= version]
    if not found or found[-1].version != version:
        raise Failure(problems.UNKNOWN_VERSION, f"{reference} has no event {version}, or none yet at this moment.")
    return found


def _story(visit: Visit, reference: str, version: int) -> Story | None:
    """What the event did, in the visitor's language."""
    try:
        entries = visit.service.ledger.entries(pledge_id(reference), last=version)
        *_, (entry, before) = lived(entries)
    except (Unreadable, ValueError):
        return None
    return story(entry.event, before, visit.texts)


def _proof(service: Service, position: int, stored: bytes) -> Proof | None:
    checkpoint = service.checkpoints.covering(position)
    if checkpoint is None:
        return None
    try:
        hashes = service.transparency.inclusion_proof(position - 1, checkpoint.size)
    except (PositionNotReached, LookupError):
        return None
    told = told_by(checkpoint)
    if told is None:
        return None
    sides = siblings_on_left(position - 1, checkpoint.size)
    siblings = [Sibling(hash=hash, is_left=is_left) for hash, is_left in zip(hashes, sides, strict=True)]
    return Proof(checkpoint=checkpoint, told=told, siblings=siblings, holds=_holds(position, stored, hashes, told))


def _holds(position: int, stored: bytes, hashes: Sequence[bytes], told: Checkpoint) -> bool:
    try:
        require_inclusion(leaf_hash(stored), position - 1, told.size, hashes, told.root)
    except ProofRefused:
        return False
    return True

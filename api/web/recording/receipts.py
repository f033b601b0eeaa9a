"""What was recorded by a form, and the evidence that it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from api.languages.texts import Texts
from api.web.stories import Story, lived, story
from application.access import Principal, sight_of
from audit.envelope import Entry
from audit.merkle import leaf_hash
from audit.signed_note import in_base64
from domain.pledge import Pledge
from infrastructure.bootstrap import Service
from infrastructure.checkpoints import StoredCheckpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedFact:
    """A fact as it was recorded. `leaf_hash` is that of its entry in the tree, in base64."""

    version: int
    position: int
    recorded_at: datetime
    story: Story
    leaf_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingReceipt:
    """What a form caused: the pledge right after it, the facts, and the first checkpoint with all of them, if any."""

    key: str
    pledge: Pledge
    facts: Sequence[RecordedFact]
    checkpoint: StoredCheckpoint | None


def receipt_of(service: Service, by: Principal, key: str, texts: Texts) -> RecordingReceipt | None:
    """The receipt of the form with this key, in the visitor's language.

    None where nobody of the visitor's organisation, or role, sent one.
    """
    found = service.commands.receipt(by, key)
    pledge = service.ledger.pledge(found.stream_id, found.last_version) if found else None
    if found is None or pledge is None or not sight_of(by).includes(pledge):
        return None
    before = service.ledger.pledge(found.stream_id, found.first_version - 1) if found.first_version > 1 else None
    entries = service.ledger.entries(found.stream_id, first=found.first_version, last=found.last_version)
    facts = [_fact(service, entry, story(entry.event, known, texts)) for entry, known in lived(entries, before)]
    return RecordingReceipt(
        key=key, pledge=pledge, facts=facts, checkpoint=service.checkpoints.covering(facts[-1].position)
    )


def _fact(service: Service, entry: Entry, told: Story) -> RecordedFact:
    return RecordedFact(
        version=entry.event.originator_version,
        position=entry.position,
        recorded_at=entry.recorded_at,
        story=told,
        leaf_hash=in_base64(leaf_hash(service.ledger.stored_at(entry.position) or b"")),
    )

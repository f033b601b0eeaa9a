"""Published snapshots as lists and answers tell them, and the address at which one is taken again."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel, Field

from api.http.documents import EventDocument, Instant
from domain.dimensions import Attribution, Dimension
from domain.events import SnapshotIdentity
from infrastructure.publications import PublishedSnapshot


class PublishedSnapshotDocument(BaseModel):
    """A published snapshot: what it is of, when it was published, and where it can be taken again."""

    id: UUID
    title: str
    position: int
    as_of: Instant | None
    effective_on: date
    rules_version: int
    group_by: list[Dimension]
    attribution: Attribution
    digest: str
    published_at: Instant
    published_position: int = Field(description="The position of the fact that it was published")
    bytes: str = Field(description="The address of what was published, which never changes")
    regenerated: str = Field(description="The address that takes the same snapshot from the register, to compare")


class PublicationList(BaseModel):
    """A part of the list of published snapshots, the newest first."""

    items: list[PublishedSnapshotDocument]
    next: str | None


class PublicationAnswer(BaseModel):
    """A snapshot that was published, and the fact that says so."""

    snapshot: PublishedSnapshotDocument
    events: list[EventDocument]


def published_document(published: PublishedSnapshot) -> PublishedSnapshotDocument:
    """The published snapshot as lists and answers tell it."""
    entry, fact = published.entry, published.fact
    return PublishedSnapshotDocument(
        id=fact.originator_id,
        title=fact.title,
        position=fact.snapshot.position,
        as_of=published.as_of,
        effective_on=fact.snapshot.effective_on,
        rules_version=fact.snapshot.rules_version,
        group_by=[Dimension(name) for name in fact.snapshot.group_by],
        attribution=Attribution(fact.snapshot.attribution),
        digest=fact.snapshot.digest,
        published_at=entry.recorded_at,
        published_position=entry.position,
        bytes=f"/v1/snapshots/{fact.originator_id}",
        regenerated=address_of(fact.snapshot),
    )


def address_of(snapshot: SnapshotIdentity, what: str = "status") -> str:
    """The address at which anybody takes the same snapshot, or its totals, again."""
    asked = {"as_of": snapshot.position, "effective_on": snapshot.effective_on.isoformat()}
    grouped = {"group_by": ",".join(snapshot.group_by)} if snapshot.group_by else {}
    return f"/v1/snapshots/{what}?{urlencode({**asked, **grouped, 'attribution': snapshot.attribution}, safe=',')}"

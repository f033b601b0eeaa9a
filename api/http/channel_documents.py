"""What happened, as documents: an item of a pledge's history, and the same in the stream of everything."""

from __future__ import annotations

from uuid import UUID

from fastapi.sse import format_sse_event
from pydantic import Field

from api.http.documents import ActorDocument, HistoryItem
from api.http.ledger_documents import proof_of
from projections.timeline.channel import Happening
from projections.timeline.view import TimelineItem


class StreamedEvent(HistoryItem):
    """A fact as the stream tells it: an item of a history, and whose history that is."""

    reference: str | None = Field(description="The pledge's, where it is about one")
    organisation: UUID | None = Field(description="The pledge's lead, or the organisation that it is about")


def history_item(item: TimelineItem) -> HistoryItem:
    """The fact as a history tells it."""
    return HistoryItem(**_told(item))


def streamed_event(item: Happening) -> StreamedEvent:
    """The fact as the stream tells it."""
    return StreamedEvent(**_told(item), reference=item.reference, organisation=item.organisation)


def as_message(item: Happening) -> bytes:
    """The fact as a server-sent event: its type, its position as the id, and the document on one line."""
    data = streamed_event(item).model_dump_json(by_alias=True)
    return format_sse_event(event=item.type, id=str(item.position), data_str=data)


def _told(item: TimelineItem | Happening) -> dict[str, object]:
    return {
        "position": item.position,
        "version": item.version,
        "type": item.type,
        "recorded_at": item.recorded_at,
        "effective_on": item.effective_on,
        "actor": ActorDocument(**{name: item.actor.get(name) for name in ActorDocument.model_fields}),
        "summary": item.summary,
        "data": dict(item.data),
        "proof": proof_of(item.position),
    }

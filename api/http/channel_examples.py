"""Examples of the feed and of the stream, from facts as the other examples tell them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID, uuid5

from fastapi.sse import format_sse_event

from api.atom.feed import Feed, atom
from api.http.channel_documents import as_message
from audit.envelope import Entry, data_of
from audit.narrative import summarise
from domain.vocabulary import Role
from infrastructure.version import p2c_version
from projections.timeline.channel import Happening

ADDRESS = "https://p2c.example.org"
SHOWN = 2
"""How many events an example shows."""


def channel_examples(entries: Iterable[Entry], reference: str, names: Mapping[UUID, str]) -> Mapping[str, str]:
    """The good answers by operation id, from entries about a pledge of the one organisation that there is."""
    [(lead, name)] = names.items()
    told = [_happening(entry, reference, lead, name) for entry in entries][-SHOWN:]
    first = f"{ADDRESS}/v1/feed.atom"
    feed = Feed(
        id=uuid5(lead, "feed"),
        title="What happens",
        service=ADDRESS,
        this=first,
        first=first,
        next=f"{first}?before={told[0].position}",
        entries=told[::-1],
        version=p2c_version(),
    )
    opening = format_sse_event(id=str(told[0].position - 1), retry=3_000)
    return {
        "getFeed": atom(feed).decode(),
        "streamEvents": b"".join([opening, *map(as_message, told)]).decode(),
    }


def _happening(entry: Entry, reference: str, lead: UUID, name: str) -> Happening:
    return Happening(
        position=entry.position,
        event_id=entry.event_id,
        stream=entry.event.originator_id,
        reference=reference,
        organisation=lead,
        organisation_name=name,
        version=entry.event.originator_version,
        type=entry.type,
        recorded_at=entry.recorded_at,
        effective_on=entry.event.effective_on,
        actor={"role": Role.STAKEHOLDER, "organisation": str(lead)},
        actor_name=name,
        summary=summarise(entry.event),
        data=data_of(entry.event),
        published=True,
        parties=(lead,),
    )

"""What happened last in the register, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from api.http.seen import audience_of
from api.web.stories import Story, lived, story
from api.web.visits import Visit
from domain.events import PledgeEvent
from projections.timeline.channel import Happening

SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest:
    """Something that happened: to which pledge (None: to something else), by whom, and its words."""

    position: int
    recorded_at: datetime
    reference: str | None
    version: int
    organisation: UUID | None
    organisation_name: str | None
    story: Story


def latest(visit: Visit) -> list[Latest]:
    """What happened last, the latest first, as the visitor may know it at the moment."""
    found = visit.service.channel.latest(
        audience_of(visit.sight),
        limit=SHOWN,
        before=visit.moment.position + 1,
        until=visit.moment.effective_on,
    )
    return [_told(visit, happening) for happening in found.items]


def _told(visit: Visit, happening: Happening) -> Latest:
    entries = visit.service.ledger.entries(happening.stream, last=happening.version)
    if happening.reference:
        *_, (entry, before) = lived(entries)
        told = story(cast("PledgeEvent", entry.event), before, visit.texts)
    else:
        told = story(entries[-1].event, None, visit.texts)
    return Latest(
        position=happening.position,
        recorded_at=happening.recorded_at,
        reference=happening.reference,
        version=happening.version,
        organisation=happening.organisation,
        organisation_name=happening.organisation_name,
        story=told,
    )

"""Messages: what a webhook is told of an entry of the ledger, and who may be told of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID, uuid5

from application.access import Owner
from audit.envelope import Entry, format_instant
from audit.narrative import summarise
from domain.events import AnyEvent, PledgeEvent, Published
from domain.pledge import Pledge, evolve


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is told of an entry; `pledge` is the one that it is about, as it was afterwards, if it is about one."""

    type: str
    position: int
    event_id: UUID
    body: str
    pledge: Pledge | None

    def may_be_told(self, owner: Owner) -> bool:
        """Whether the owner may know of it: organisations and what was published are for everybody."""
        return self.pledge is None or owner.sight.includes(self.pledge)

    def id_for(self, webhook: UUID) -> str:
        """Its id for a webhook, the same however often it is made."""
        return f"msg_{uuid5(webhook, str(self.event_id)).hex}"


def message_of(entry: Entry, before: Pledge | None) -> Message:
    """The message of an entry, with the pledge as it was before, if the entry is about one that there was.

    Raises ValueError where it is about a pledge that was never announced.
    """
    event, after = entry.event, None
    if isinstance(event, PledgeEvent):
        after = evolve(before, event)
        if after is None:
            raise ValueError(f"{entry.type} of {event.originator_id}, which was never announced")
    content = {
        "type": entry.type,
        "timestamp": format_instant(entry.recorded_at),
        "data": {
            "position": entry.position,
            "reference": after.reference if after else None,
            "version": event.originator_version,
            "effective_on": event.effective_on.isoformat(),
            "actor": {
                "role": event.actor.role,
                "organisation": str(event.actor.organisation) if event.actor.organisation else None,
            },
            "summary": summarise(event, before),
            "href": _href(event, after),
            "proof": f"/v1/ledger/proofs/inclusion?{urlencode({'position': entry.position})}",
        },
    }
    return Message(
        type=entry.type,
        position=entry.position,
        event_id=entry.event_id,
        body=json.dumps(content, ensure_ascii=False, separators=(",", ":")),
        pledge=after,
    )


def _href(event: AnyEvent, pledge: Pledge | None) -> str:
    """Where what happened to is found at this service."""
    if pledge:
        return f"/v1/pledges/{pledge.reference}"
    kind = "snapshots" if isinstance(event, Published) else "organisations"
    return f"/v1/{kind}/{event.originator_id}"

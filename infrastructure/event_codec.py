"""The library's mapper, with our envelopes: topics are stable type names, states the stored bytes."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent

from audit.envelope import Envelopes, Unreadable, Unstamped
from domain.events import AnyEvent


class EnvelopeMapper(Mapper[UUID]):
    """From facts to stored events and back. What it writes lacks the recorded time until the recorder adds it."""

    def __init__(self, envelopes: Envelopes) -> None:
        super().__init__(JSONTranscoder())
        self._envelopes = envelopes

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        """The fact as a row to be recorded. Raises TooLarge."""
        fact = self.unstamped(cast("AnyEvent", domain_event))
        return StoredEvent(
            originator_id=fact.stream_id, originator_version=fact.version, topic=fact.type, state=fact.bytes
        )

    def unstamped(self, event: AnyEvent) -> Unstamped:
        """The fact as it is about to be recorded. Raises TooLarge."""
        return self._envelopes.unstamped(event)

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEventProtocol[UUID]:
        """The fact a row holds; its columns must agree with its bytes. Raises Unreadable."""
        entry = self._envelopes.read(stored_event.state, getattr(stored_event, "id", 0))
        columns = (stored_event.originator_id, stored_event.originator_version, stored_event.topic)
        envelope = (entry.event.originator_id, entry.event.originator_version, entry.type)
        if columns != envelope:
            raise Unreadable(f"the row says {columns}, its stored bytes say {envelope}")
        return entry.event

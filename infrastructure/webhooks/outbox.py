"""Making messages of what was recorded, for every webhook that wants them and may have them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

from psycopg.rows import kwargs_row

from application.access import Owner
from application.ledger import Ledger
from audit.envelope import Entry, Envelopes
from domain.events import PledgeEvent
from domain.vocabulary import Role
from infrastructure.database import Pool
from infrastructure.webhooks.messages import Message, message_of
from projections.ledger_entries import Batch, EntryReader

BATCH = 200
"""Entries of which messages are made at once."""

_BEHIND = """
SELECT id, owner_role, organisation_id, event_types, position FROM ledger.webhooks
WHERE disabled_at IS NULL AND position < (SELECT coalesce(max(notification_id), 0) FROM ledger.events)
ORDER BY position, id
"""

# Where another process was first, or the webhook was disabled or removed meanwhile, nothing is moved.
_MOVE = """
UPDATE ledger.webhooks SET position = %(to)s
WHERE id = ANY(%(ids)s) AND position = %(from)s AND disabled_at IS NULL RETURNING id
"""

_PUT = """
INSERT INTO ledger.webhook_deliveries (webhook_id, message_id, type, position, body)
VALUES (%s, %s, %s, %s, %s) ON CONFLICT (webhook_id, message_id) DO NOTHING
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Behind:
    id: UUID
    owner: Owner
    event_types: frozenset[str] | None
    position: int

    def wants(self, type: str) -> bool:
        return self.event_types is None or type in self.event_types


class Outbox:
    """Follows the ledger for the webhooks, each from the position at which it is."""

    def __init__(self, pool: Pool, ledger: Ledger, envelopes: Envelopes) -> None:
        self._pool = pool
        self._ledger = ledger
        self._reader = EntryReader(envelopes, BATCH)

    def fill(self) -> bool:
        """Make messages of one batch of entries for each webhook that is behind; whether there were such webhooks.

        Messages and the position are kept in one transaction, so that none is lost and none made twice. Raises
        Unreadable where the entry that comes next cannot be read.
        """
        with self._pool.connection() as connection, connection.cursor(row_factory=kwargs_row(_behind)) as cursor:
            behind = cursor.execute(_BEHIND).fetchall()
        for position, webhooks in groupby(behind, key=lambda webhook: webhook.position):
            self._tell(list(webhooks), self._after(position))
        return bool(behind)

    def _after(self, position: int) -> Batch:
        with self._pool.connection() as connection:
            batch = self._reader.after(connection, position)
        if batch.unreadable and not batch.entries:
            raise batch.unreadable
        return batch

    def _tell(self, webhooks: Sequence[_Behind], batch: Batch) -> None:
        messages = list(self._messages(webhooks, batch.entries))
        moved = {"from": batch.after, "to": batch.position, "ids": [webhook.id for webhook in webhooks]}
        with self._pool.connection() as connection, connection.transaction(), connection.cursor() as cursor:
            still = {row["id"] for row in cursor.execute(_MOVE, moved)}
            cursor.executemany(
                _PUT,
                [
                    (webhook.id, message.id_for(webhook.id), message.type, message.position, message.body)
                    for webhook in webhooks
                    if webhook.id in still
                    for message in messages
                    if webhook.wants(message.type) and message.may_be_told(webhook.owner)
                ],
            )

    def _messages(self, webhooks: Sequence[_Behind], entries: Sequence[Entry]) -> Iterator[Message]:
        for entry in entries:
            if any(webhook.wants(entry.type) for webhook in webhooks):
                event = entry.event
                before = event.originator_version - 1 if isinstance(event, PledgeEvent) else 0
                yield message_of(entry, self._ledger.pledge(event.originator_id, before) if before else None)


def _behind(
    *, owner_role: str, organisation_id: UUID | None, event_types: Sequence[str] | None, **more: Any
) -> _Behind:
    owner = Owner(role=Role(owner_role), organisation=organisation_id)
    return _Behind(owner=owner, event_types=None if event_types is None else frozenset(event_types), **more)

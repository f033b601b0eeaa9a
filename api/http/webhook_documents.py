"""Webhooks, and what was delivered to them, as documents: without their secrets."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel

from api.http.documents import Instant
from domain.vocabulary import Role
from infrastructure.webhooks.deliveries import Delivery, DeliveryState
from infrastructure.webhooks.subscriptions import Subscription


class WebhookDocument(BaseModel):
    """A webhook; its secret is not shown again.

    `event_types` is null where everything is wanted. `position` is how far in the ledger it was told of,
    `failing_since` when the first attempt failed that no success followed, `former_secret_until` how long the secret
    before the last rotation signs along.
    """

    id: UUID
    role: Role
    organisation: UUID | None
    url: str
    event_types: list[str] | None
    description: str | None
    enabled: bool
    disabled_at: Instant | None
    disabled_reason: str | None
    failing_since: Instant | None
    former_secret_until: Instant | None
    position: int
    created_at: Instant
    created_by: UUID | None


class DeliveryDocument(BaseModel):
    """A message and what became of it; `last_error` says in words what was wrong with the last attempt."""

    message: str
    type: str
    position: int | None
    state: DeliveryState
    attempts: int
    created_at: Instant
    last_attempt_at: Instant | None
    last_status: int | None
    last_error: str | None
    next_attempt_at: Instant | None


def webhook_document(webhook: Subscription) -> WebhookDocument:
    """A webhook as a document."""
    return WebhookDocument(
        id=webhook.id,
        role=webhook.owner.role,
        organisation=webhook.owner.organisation,
        url=webhook.url,
        event_types=None if webhook.event_types is None else list(webhook.event_types),
        description=webhook.description,
        enabled=webhook.enabled,
        disabled_at=webhook.disabled_at,
        disabled_reason=webhook.disabled_reason,
        failing_since=webhook.failing_since,
        former_secret_until=webhook.former_secret_until,
        position=webhook.position,
        created_at=webhook.created_at,
        created_by=webhook.created_by,
    )


def delivery_document(delivery: Delivery) -> DeliveryDocument:
    """What became of a message as a document."""
    return DeliveryDocument(**{name: getattr(delivery, name) for name in DeliveryDocument.model_fields})

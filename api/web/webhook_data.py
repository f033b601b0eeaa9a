"""Webhooks and their logs as data, as the interface for programs tells them: without their secrets."""

from __future__ import annotations

from typing import Any

from api.http.webhook_documents import delivery_document, webhook_document
from api.web.webhooks import OwnWebhooks, WebhookLog


def webhooks_document(found: OwnWebhooks) -> dict[str, Any]:
    """The webhooks of whoever asks."""
    return {"items": [webhook_document(one).model_dump(mode="json") for one in found.items]}


def webhook_log_document(found: WebhookLog) -> dict[str, Any]:
    """A webhook and a part of its log; `next` is to be given as `before`."""
    return {
        "webhook": webhook_document(found.webhook).model_dump(mode="json"),
        "deliveries": [delivery_document(one.delivery).model_dump(mode="json") for one in found.items],
        "next": found.next,
    }

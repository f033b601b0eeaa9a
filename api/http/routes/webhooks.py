"""Webhooks: whoever speaks for an organisation, BDT or the auditors says where they are told of what happens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field

from api.http import problems
from api.http.authentication import Known
from api.http.cursors import refused
from api.http.failures import Failure, FieldError
from api.http.json_request import CommandRoute
from api.http.openapi import LINK, READER, WRITING, answers, leads_to
from api.http.pages import encoded, link_to, uncached
from api.http.service import Services
from api.http.webhook_bodies import (
    DeliveryCursor,
    DeliveryQuery,
    RetryBody,
    RotationBody,
    TestBody,
    WebhookBody,
    WebhookChange,
)
from api.http.webhook_documents import DeliveryDocument, WebhookDocument, delivery_document, webhook_document
from application.access import Owner, webhook_owner
from infrastructure.webhooks.faults import (
    NoSuchDelivery,
    NoSuchWebhook,
    TooManyWebhooks,
    UnsuitableWebhook,
    WebhookDisabled,
)

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], route_class=CommandRoute)

WebhookId = Annotated[UUID, Path(description="The webhook's id", examples=["5b0e6c0e-7c55-4f7e-9a0b-2f3d9a1c7e10"])]
MessageId = Annotated[
    str,
    Path(
        pattern="^[A-Za-z0-9_]{1,64}$",
        description="The message's id, as it was sent in `webhook-id`",
        examples=["msg_0d3c1b5a9e8f4c7d8a6b5e4f3c2d1b0a"],
    ),
]
_READING = (*READER, problems.NOT_PERMITTED)
_READING_ONE = (*_READING, problems.NO_SUCH_WEBHOOK)
_CHANGING = (*WRITING, problems.NO_SUCH_WEBHOOK)
_SENDING = (*_CHANGING, problems.WEBHOOK_DISABLED)


def _owner(by: Known) -> Owner:
    return webhook_owner(by)


Owned = Annotated[Owner, Depends(_owner)]
"""Whose webhooks are meant: those of whoever asks. Nobody else's are there."""


class WebhookWithSecret(BaseModel):
    """A webhook with the secret that its messages are signed with from now on, which is shown this once."""

    secret: str = Field(pattern="^whsec_[A-Za-z0-9+/=]+$")
    webhook: WebhookDocument


class WebhookList(BaseModel):
    """The webhooks of whoever asks, the oldest first."""

    items: list[WebhookDocument]


class RemovedWebhook(BaseModel):
    """The webhook that is no more."""

    removed: UUID


class DeliveryList(BaseModel):
    """A part of the log of a webhook, the newest messages first."""

    items: list[DeliveryDocument]
    next: str | None


@router.post(
    "",
    operation_id="createWebhook",
    summary="Make a webhook",
    status_code=201,
    response_model=WebhookWithSecret,
    responses=answers(
        201,
        {},
        (*WRITING, problems.UNSUITABLE_WEBHOOK, problems.TOO_MANY_WEBHOOKS),
        links=leads_to("getWebhook", webhook="/webhook/id"),
    ),
)
def create_webhook(body: WebhookBody, service: Services, owner: Owned, by: Known) -> Response:
    """Have messages sent about everything you may know of that is recorded from now on.

    For stakeholders, BDT and auditors; each looks after their own. The secret is shown once.
    """
    with _as_problems():
        added, secret = service.webhooks.add(
            owner,
            body.url,
            event_types=body.event_types,
            description=body.description,
            created_by=by.actor.credential,
        )
    return uncached(WebhookWithSecret(secret=secret, webhook=webhook_document(added)), 201)


@router.get(
    "",
    operation_id="listWebhooks",
    summary="List webhooks",
    response_model=WebhookList,
    responses=answers(200, {}, _READING),
)
def list_webhooks(service: Services, owner: Owned) -> Response:
    """Your webhooks: those of your organisation, of BDT, or of the auditors."""
    return uncached(WebhookList(items=[webhook_document(one) for one in service.webhooks.of(owner)]))


@router.get(
    "/{webhook}",
    operation_id="getWebhook",
    summary="Read a webhook",
    response_model=WebhookDocument,
    responses=answers(200, {}, _READING_ONE),
)
def get_webhook(webhook: WebhookId, service: Services, owner: Owned) -> Response:
    """One of your webhooks, without its secret."""
    with _as_problems():
        return uncached(webhook_document(service.webhooks.get(owner, webhook)))


@router.patch(
    "/{webhook}",
    operation_id="changeWebhook",
    summary="Change a webhook",
    response_model=WebhookDocument,
    responses=answers(200, {}, (*_CHANGING, problems.UNSUITABLE_WEBHOOK)),
)
def change_webhook(webhook: WebhookId, body: WebhookChange, service: Services, owner: Owned) -> Response:
    """Change where messages are sent, about what, and whether; what is not named stays as it is.

    One that is enabled again is sent what it missed meanwhile, up to thirty days of it.
    """
    with _as_problems():
        return uncached(webhook_document(service.webhooks.change(owner, webhook, **body.stated())))


@router.delete(
    "/{webhook}",
    operation_id="removeWebhook",
    summary="Remove a webhook",
    response_model=RemovedWebhook,
    responses=answers(200, {}, _READING_ONE),
)
def remove_webhook(webhook: WebhookId, service: Services, owner: Owned) -> Response:
    """Send nothing more to it, and forget its secret and its log."""
    with _as_problems():
        service.webhooks.remove(owner, webhook)
    return uncached(RemovedWebhook(removed=webhook))


@router.post(
    "/{webhook}/secret",
    operation_id="rotateWebhookSecret",
    summary="Replace the secret",
    response_model=WebhookWithSecret,
    responses=answers(200, {}, _CHANGING),
)
def rotate_secret(webhook: WebhookId, body: RotationBody, service: Services, owner: Owned) -> Response:
    """Give the webhook another secret, and show it, once. For 24 hours messages are signed with both.

    Where the old one got into the wrong hands, rotate twice: then it signs no longer.
    """
    with _as_problems():
        changed, secret = service.webhooks.rotate_secret(owner, webhook)
    return uncached(WebhookWithSecret(secret=secret, webhook=webhook_document(changed)))


@router.post(
    "/{webhook}/test",
    operation_id="testWebhook",
    summary="Send a test message",
    status_code=202,
    response_model=DeliveryDocument,
    responses=answers(202, {}, _SENDING),
)
def test_webhook(webhook: WebhookId, body: TestBody, service: Services, owner: Owned) -> Response:
    """Send a message of the type `webhook.test` now. It is tried once; the log says within seconds what came of it."""
    with _as_problems():
        return uncached(delivery_document(service.webhooks.deliveries.test(owner, webhook)), 202)


@router.get(
    "/{webhook}/deliveries",
    operation_id="listDeliveries",
    summary="Read what was delivered",
    response_model=DeliveryList,
    responses=answers(200, {"Link": LINK}, (*_READING_ONE, problems.INVALID_CURSOR)),
)
def list_deliveries(
    request: Request,
    webhook: WebhookId,
    query: Annotated[DeliveryQuery, Query()],
    service: Services,
    owner: Owned,
) -> Response:
    """The messages of the last thirty days, the newest first, and what became of them."""
    before = _before(query, webhook)
    with _as_problems():
        found = service.webhooks.deliveries.page(owner, webhook, before=before, limit=query.limit + 1)
    shown = found[: query.limit]
    more = DeliveryCursor(webhook=str(webhook), before=shown[-1].number) if len(found) > len(shown) else None
    content = DeliveryList(items=[delivery_document(one) for one in shown], next=encoded(more))
    return uncached(content, headers=link_to(request, content.next, query.limit))


@router.post(
    "/{webhook}/deliveries/{message}/retry",
    operation_id="retryDelivery",
    summary="Send a message again",
    status_code=202,
    response_model=DeliveryDocument,
    responses=answers(202, {}, (*_SENDING, problems.NO_SUCH_DELIVERY)),
)
def retry_delivery(
    webhook: WebhookId, message: MessageId, body: RetryBody, service: Services, owner: Owned
) -> Response:
    """Send a message now that failed, is waited with, or arrived and was lost; under the same id."""
    with _as_problems():
        return uncached(delivery_document(service.webhooks.deliveries.retry(owner, webhook, message)), 202)


def _before(query: DeliveryQuery, webhook: UUID) -> int | None:
    if query.cursor is None:
        return None
    cursor = DeliveryCursor.decode(query.cursor)
    if cursor.webhook != str(webhook):
        raise refused("It belongs to the log of another webhook.")
    return cursor.before


@contextmanager
def _as_problems() -> Iterator[None]:
    """Answer what is wrong with what is wanted of webhooks."""
    try:
        yield
    except UnsuitableWebhook as unsuitable:
        detail = str(unsuitable)
        errors = [FieldError(field=f"/{unsuitable.field}", detail=detail)]
        raise Failure(problems.UNSUITABLE_WEBHOOK, detail, errors=errors) from unsuitable
    except NoSuchWebhook as unknown:
        raise Failure(problems.NO_SUCH_WEBHOOK, str(unknown)) from unknown
    except NoSuchDelivery as unknown:
        raise Failure(problems.NO_SUCH_DELIVERY, str(unknown)) from unknown
    except TooManyWebhooks as many:
        raise Failure(problems.TOO_MANY_WEBHOOKS, str(many)) from many
    except WebhookDisabled as disabled:
        raise Failure(problems.WEBHOOK_DISABLED, str(disabled)) from disabled

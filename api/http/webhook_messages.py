"""What webhooks receive, as the description of the service shows it."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel

from api.http.documents import ActorDocument, Instant

router = APIRouter()


class MessageData(BaseModel):
    """What happened, as the history tells it. `reference` is null where it is about no pledge.

    `href` and `proof` are addresses at this service: of what it happened to, and of the proof that the ledger has it.
    """

    position: int
    reference: str | None
    version: int
    effective_on: date
    actor: ActorDocument
    summary: str
    href: str
    proof: str


class MessageDocument(BaseModel):
    """A message by the Standard Webhooks specification: the event's type, when it was recorded, and what it says."""

    type: str
    timestamp: Instant
    data: MessageData


@router.post(
    "event",
    operation_id="receiveEvent",
    summary="Something was recorded",
    tags=["webhooks"],
    status_code=204,
    responses={410: {"description": "No more messages are wanted: the webhook is disabled"}},
)
def receive_event(
    message: MessageDocument,
    id: Annotated[str, Header(alias="webhook-id", description="The same at every attempt")],
    timestamp: Annotated[int, Header(alias="webhook-timestamp", description="Of the attempt, in seconds since 1970")],
    signature: Annotated[
        str,
        Header(
            alias="webhook-signature",
            description="`v1,` and the HMAC-SHA256 of id, timestamp and body with dots between them, in base64; two "
            "such, with a space between them, while the secret changes",
        ),
    ],
) -> Response:
    """Sent to the address of a webhook. Any status of 200 to 299 within ten seconds says that it arrived."""
    raise NotImplementedError

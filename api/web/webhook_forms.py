"""The form by which a webhook is made or changed: its fields, what they state, and what is wrong with that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

from pydantic import ValidationError

from api.http.webhook_bodies import WebhookBody
from api.languages.texts import Texts, message
from api.web.form_posts import Fields
from api.web.recording.binding import BoundForm, bind
from api.web.recording.complaints import Complaint, invalid
from api.web.recording.documents import read
from api.web.recording.failures import Told
from api.web.recording.parts import Field, Kind
from api.web.recording.subject import Subject
from infrastructure.webhooks.addresses import LONGEST_URL
from infrastructure.webhooks.faults import TooManyWebhooks, UnsuitableWebhook
from infrastructure.webhooks.subscriptions import LONGEST_DESCRIPTION, Subscription

PARTS: Sequence[Field] = (
    Field(
        name="url",
        label=message("Address that messages are sent to"),
        hint=message(
            "It begins with https:// and is an address of the internet, such as https://hooks.example.org/p2c."
        ),
        kind=Kind.URL,
        needed=True,
        longest=LONGEST_URL,
    ),
    Field(
        name="event_types",
        label=message("What it is told of"),
        hint=message("Tick none to be told of everything that you may read."),
        kind=Kind.CHOICES,
        options="event_type",
    ),
    Field(
        name="description",
        label=message("What it is for"),
        hint=message("For yourself and your colleagues; it is sent nowhere."),
        longest=LONGEST_DESCRIPTION,
    ),
)

_UNSUITABLE = {
    "url": message("No webhook can lead to this address."),
    "event_types": message("Choose one of the list."),
    "description": message("This text cannot be kept as it is."),
}
_OTHERWISE = message("This cannot be read as it is.")
_FULL = message(
    "There are as many webhooks as one may have. Remove one, or change one: a webhook can be told of everything."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookForm:
    """The form as it is shown. Its `key` is its own: sent twice, it makes one webhook.

    `failure` is why it was not carried out though nothing is wrong with it; `made_before` the webhook that was made
    when it was sent before, with other words.
    """

    bound: BoundForm
    key: str
    failure: Told | None = None
    made_before: UUID | None = None


class NotStated(Exception):
    """What was typed states no webhook; `complaints` say why."""

    def __init__(self, complaints: Sequence[Complaint]) -> None:
        super().__init__(f"{len(complaints)} complaints")
        self.complaints = complaints


def webhook_form(
    texts: Texts,
    fields: Fields,
    *,
    key: str = "",
    complaints: Sequence[Complaint] = (),
    failure: Told | None = None,
    made_before: UUID | None = None,
) -> WebhookForm:
    """The form with what was typed, under the key that it had, or under one of its own."""
    bound = bind(PARTS, fields, _NOTHING, texts, complaints)
    return WebhookForm(bound=bound, key=key or str(uuid4()), failure=failure, made_before=made_before)


def typed_for(webhook: Subscription) -> Fields:
    """What would have to be typed to have the webhook as it is."""
    return {
        "url": [webhook.url],
        "event_types": list(webhook.event_types or ()),
        "description": [webhook.description or ""],
    }


def stated(fields: Fields) -> WebhookBody:
    """The webhook that the fields state. Raises NotStated."""
    reading = read(PARTS, fields, _NOTHING)
    try:
        return WebhookBody.model_validate(reading.document)
    except ValidationError as fault:
        raise NotStated([_in_our_words(complaint) for complaint in invalid(fault, reading)]) from fault


def is_as_stated(webhook: Subscription, body: WebhookBody) -> bool:
    """Whether the webhook is what was stated."""
    wanted = set(body.event_types) if body.event_types else None
    had = set(webhook.event_types) if webhook.event_types else None
    return (webhook.url, had, webhook.description) == (body.url, wanted, body.description)


def complained(unsuitable: UnsuitableWebhook | TooManyWebhooks) -> list[Complaint]:
    """Why there is no such webhook, at the field that it is about."""
    if isinstance(unsuitable, TooManyWebhooks):
        return [Complaint("", _FULL)]
    return [Complaint(unsuitable.field, _UNSUITABLE.get(unsuitable.field, _OTHERWISE), str(unsuitable))]


def _in_our_words(complaint: Complaint) -> Complaint:
    """The same, about the whole field; what is not merely missing is told as what the register refuses is."""
    name = complaint.field.partition(".")[0]
    return Complaint(name, _UNSUITABLE.get(name, complaint.text), complaint.detail) if complaint.detail else complaint


_NOTHING = Subject(today=date.max)
"""The form is about no pledge."""

"""Webhooks, for who looks after them: the list, the form, the secret that is shown once, and the log of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import Field

from api.http.caching import NO_STORE
from api.http.failures import Failure
from api.http.webhook_bodies import WebhookBody
from api.web.data import as_json
from api.web.form_posts import (
    FORM_OF_ANOTHER_SESSION,
    KeptForm,
    PostedForm,
    SubmittedOrKeptForm,
    submitted_or_kept_form,
    typed_in,
)
from api.web.links import Place
from api.web.queries import Page
from api.web.recording.failures import told
from api.web.recording.form_route import FormRoute
from api.web.rendering import page
from api.web.visits import Visit, Visits
from api.web.webhook_data import webhook_log_document, webhooks_document
from api.web.webhook_forms import (
    NotStated,
    WebhookForm,
    complained,
    is_as_stated,
    stated,
    typed_for,
    webhook_form,
)
from api.web.webhook_words import event_in_words, reason_in_words
from api.web.webhooks import known, own_webhook, own_webhooks, webhook_log
from application.access import Owner, webhook_owner
from infrastructure.webhooks.faults import (
    AlreadyAdded,
    NoSuchDelivery,
    NoSuchWebhook,
    SecretReplaced,
    TooManyWebhooks,
    UnsuitableWebhook,
    WebhookDisabled,
)
from infrastructure.webhooks.subscriptions import ROTATION_HOURS, Subscription

router = APIRouter(include_in_schema=False, route_class=FormRoute)

LIST = "/webhooks"
ONE = "/webhooks/{webhook:uuid}"
CREATED, FORBIDDEN, CONFLICT, UNPROCESSABLE = 201, 403, 409, 422

Done = Literal[
    "added", "changed", "enabled", "disabled", "test", "retry", "replaced", "removed", "not-sent", "no-such-message"
]
"""What came of a form, for the page that it leads to."""


class WebhooksPage(Page):
    """What was done just now."""

    done: Done | None = None


class WebhookPage(WebhooksPage):
    """Which part of the log: what stands before a number."""

    before: Annotated[int | None, Field(ge=1, le=2**62)] = None


@router.get(LIST)
def get_webhooks(visit: Visits, asked: Annotated[WebhooksPage, Query()]) -> Response:
    """The visitor's webhooks, and the form by which another is made."""
    if visit.pinned:
        return _of_now(visit)
    return _list(visit, webhook_form(visit.texts, {}), done=asked.done)


@router.get("/webhooks.json")
def get_webhooks_as_json(visit: Visits) -> Response:
    """The same as JSON."""
    return as_json(visit, webhooks_document(own_webhooks(visit)))


@router.post(LIST)
def add_webhook(visit: Visits, request: Request) -> Response:
    """Make a webhook and show its secret, this once; or show the form again with what is wrong."""
    owner = webhook_owner(visit.by)
    posted = _posted(visit, request)
    if isinstance(posted, WebhookForm):
        return _list(visit, posted, status=FORBIDDEN)
    if isinstance(posted, KeptForm):
        return _list(visit, webhook_form(visit.texts, posted.fields))
    try:
        return _added(visit, owner, posted, stated(posted.fields))
    except TooManyWebhooks as many:
        return _list(visit, _complaining(visit, posted, many), status=CONFLICT)
    except (NotStated, UnsuitableWebhook) as wrong:
        return _list(visit, _complaining(visit, posted, wrong), status=UNPROCESSABLE)


@router.get("/webhooks/{webhook:uuid}.json")
def get_webhook_as_json(visit: Visits, webhook: UUID, asked: Annotated[WebhookPage, Query()]) -> Response:
    """A webhook and a part of its log as JSON."""
    return as_json(visit, webhook_log_document(webhook_log(visit, webhook, asked.before)))


@router.get(ONE)
def get_webhook(visit: Visits, webhook: UUID, asked: Annotated[WebhookPage, Query()]) -> Response:
    """A webhook, what can be done with it, and what was delivered to it."""
    if visit.pinned:
        return _of_now(visit)
    log = webhook_log(visit, webhook, asked.before)
    return _page(visit, "webhooks/webhook.html", log=log, before=asked.before, done=asked.done)


@router.get(f"{ONE}/change")
def get_change(visit: Visits, webhook: UUID) -> Response:
    """The form by which a webhook is changed."""
    if visit.pinned:
        return _of_now(visit)
    found = own_webhook(visit, webhook)
    return _change(visit, found, webhook_form(visit.texts, typed_for(found)))


@router.post(f"{ONE}/change")
def change_webhook(visit: Visits, request: Request, webhook: UUID) -> Response:
    """Change where messages are sent, and about what; or show the form again with what is wrong."""
    found = own_webhook(visit, webhook)
    posted = _posted(visit, request)
    if isinstance(posted, WebhookForm):
        return _change(visit, found, posted, status=FORBIDDEN)
    if isinstance(posted, KeptForm):
        return _change(visit, found, webhook_form(visit.texts, posted.fields))
    try:
        body = stated(posted.fields)
        with known():
            visit.service.webhooks.change(
                found.owner, webhook, url=body.url, event_types=body.event_types, description=body.description
            )
    except (NotStated, UnsuitableWebhook) as wrong:
        return _change(visit, found, _complaining(visit, posted, wrong), status=UNPROCESSABLE)
    return _to_webhook(visit, webhook, "changed")


@router.post(f"{ONE}/enable")
def enable_webhook(visit: Visits, webhook: UUID, posted: SubmittedOrKeptForm) -> Response:
    """Send messages to it again, also about what it missed."""
    return _carried_out(visit, webhook, posted, lambda: _switch(visit, webhook, enabled=True))


@router.post(f"{ONE}/disable")
def disable_webhook(visit: Visits, webhook: UUID, posted: SubmittedOrKeptForm) -> Response:
    """Send nothing more to it for the time being."""
    return _carried_out(visit, webhook, posted, lambda: _switch(visit, webhook, enabled=False))


@router.post(f"{ONE}/test")
def test_webhook(visit: Visits, webhook: UUID, posted: SubmittedOrKeptForm) -> Response:
    """Send a test message now; one, however often the form is sent."""

    def send() -> Done:
        key = UUID(posted.idempotency_key)
        visit.service.webhooks.deliveries.test(webhook_owner(visit.by), webhook, key=key)
        return "test"

    return _carried_out(visit, webhook, posted, send)


@router.post(f"{ONE}/deliveries/{{message}}/retry")
def retry_delivery(visit: Visits, webhook: UUID, message: str, posted: SubmittedOrKeptForm) -> Response:
    """Send a message again now; once, however often the form is sent."""

    def send() -> Done:
        owner, attempts = webhook_owner(visit.by), posted.value("attempts")
        tried = int(attempts) if attempts.isascii() and attempts.isdigit() and len(attempts) < 9 else None
        visit.service.webhooks.deliveries.retry(owner, webhook, message, attempts=tried)
        return "retry"

    return _carried_out(visit, webhook, posted, send)


@router.post(f"{ONE}/secret")
def replace_secret(visit: Visits, webhook: UUID, posted: SubmittedOrKeptForm) -> Response:
    """Give it another secret, and show that, this once."""
    found = own_webhook(visit, webhook)
    if isinstance(posted, KeptForm):
        return _to_webhook(visit, webhook)
    try:
        with known():
            changed, secret = visit.service.webhooks.rotate_secret(
                found.owner, webhook, instead_of=posted.value("fingerprint")
            )
    except SecretReplaced:
        return _to_webhook(visit, webhook, "replaced")
    return _secret(visit, changed, secret)


@router.get(f"{ONE}/remove")
def ask_before_removing(visit: Visits, webhook: UUID) -> Response:
    """Whether it is really to be removed."""
    if visit.pinned:
        return _of_now(visit)
    return _page(visit, "webhooks/remove.html", webhook=own_webhook(visit, webhook))


@router.post(f"{ONE}/remove")
def remove_webhook(visit: Visits, webhook: UUID, posted: SubmittedOrKeptForm) -> Response:
    """Forget it, its secret and its log. What is not there any more need not be removed again."""
    owner = webhook_owner(visit.by)
    if isinstance(posted, KeptForm):
        return _to(visit, f"{LIST}/{webhook}/remove")
    try:
        visit.service.webhooks.remove(owner, webhook)
    except NoSuchWebhook:
        return _to(visit, LIST)
    return _to(visit, LIST, "removed")


def _carried_out(visit: Visit, webhook: UUID, posted: PostedForm, carry_out: Callable[[], Done]) -> Response:
    """Do what a button says, once its sender is known, and show the webhook."""
    own_webhook(visit, webhook)
    if isinstance(posted, KeptForm):
        return _to_webhook(visit, webhook)
    try:
        with known():
            done = carry_out()
    except WebhookDisabled:
        done = "not-sent"
    except NoSuchDelivery:
        done = "no-such-message"
    return _to_webhook(visit, webhook, done)


def _switch(visit: Visit, webhook: UUID, *, enabled: bool) -> Done:
    visit.service.webhooks.change(webhook_owner(visit.by), webhook, enabled=enabled)
    return "enabled" if enabled else "disabled"


def _posted(visit: Visit, request: Request) -> PostedForm | WebhookForm:
    """What was sent; where another session opened it, the form with everything that was typed, for this one."""
    try:
        return submitted_or_kept_form(request, visit.visitor)
    except Failure as failure:
        if failure.problem is not FORM_OF_ANOTHER_SESSION:
            raise
        return webhook_form(visit.texts, typed_in(request), failure=told(failure, visit.texts))


def _complaining(
    visit: Visit, posted: PostedForm, wrong: NotStated | UnsuitableWebhook | TooManyWebhooks
) -> WebhookForm:
    complaints = wrong.complaints if isinstance(wrong, NotStated) else complained(wrong)
    return webhook_form(visit.texts, posted.fields, key=posted.idempotency_key, complaints=complaints)


def _added(visit: Visit, owner: Owner, posted: PostedForm, body: WebhookBody) -> Response:
    """Make the webhook and show its secret.

    Where the form came before, lead to what it made; with other words it is offered anew, with a key of its own.
    """
    try:
        added, secret = visit.service.webhooks.add(
            owner,
            body.url,
            event_types=body.event_types,
            description=body.description,
            created_by=visit.by.actor.credential,
            key=UUID(posted.idempotency_key),
        )
    except AlreadyAdded as before:
        if is_as_stated(own_webhook(visit, before.webhook), body):
            return _to_webhook(visit, before.webhook, "added")
        return _list(visit, webhook_form(visit.texts, posted.fields, made_before=before.webhook), status=CONFLICT)
    return _secret(visit, added, secret, status=CREATED)


def _list(visit: Visit, form: WebhookForm, *, status: int = 200, done: Done | None = None) -> Response:
    return _page(visit, "webhooks/list.html", status=status, webhooks=own_webhooks(visit), form=form, done=done)


def _change(visit: Visit, webhook: Subscription, form: WebhookForm, *, status: int = 200) -> Response:
    return _page(visit, "webhooks/change.html", status=status, webhook=webhook, form=form)


def _secret(visit: Visit, webhook: Subscription, secret: str, *, status: int = 200) -> Response:
    """The page that shows a secret: its links in other languages lead to the webhook, where the secret is not."""
    there = replace(visit, place=Place(f"{LIST}/{webhook.id}", tuple(visit.place.carried("lang"))))
    return _page(
        there, "webhooks/secret.html", status=status, webhook=webhook, secret=secret, rotation_hours=ROTATION_HOURS
    )


def _page(visit: Visit, template: str, *, status: int = 200, **shown: object) -> Response:
    texts = visit.texts
    return page(
        visit,
        template,
        status=status,
        headers=NO_STORE,
        key=str(uuid4()),
        event_in_words=lambda name: event_in_words(texts, name),
        reason_in_words=lambda reason: reason_in_words(texts, reason),
        **shown,
    )


def _of_now(visit: Visit) -> Response:
    """Webhooks are as they are now, whichever moment the visitor came from."""
    return RedirectResponse(visit.place.here(as_of=None, effective_on=None), status_code=303)


def _to_webhook(visit: Visit, webhook: UUID, done: Done | None = None) -> Response:
    return _to(visit, f"{LIST}/{webhook}", done)


def _to(visit: Visit, path: str, done: Done | None = None) -> Response:
    address = visit.place.link(path, as_of=None, effective_on=None, done=done)
    return RedirectResponse(address, status_code=303, headers=NO_STORE)

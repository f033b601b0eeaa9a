"""`p2c webhook`: who is told of what happens, and what arrived."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import typer

from api.cli.console import AsJson, aside, people, programs, shown, table
from api.cli.failures import Unusable
from api.cli.opening import the_service
from application.access import GRANTS, Owner, Permission
from audit.envelope import format_instant
from domain.refusals import UnknownOrganisation
from domain.vocabulary import Role
from infrastructure.bootstrap import Service
from infrastructure.webhooks.deliveries import Delivery, DeliveryState
from infrastructure.webhooks.faults import NoSuchDelivery, TooManyWebhooks, UnsuitableWebhook, WebhookDisabled
from infrastructure.webhooks.subscriptions import Subscription

app = typer.Typer(no_args_is_help=True, help="Show and look after the webhooks of everybody.", rich_markup_mode="rich")

Id = Annotated[str, typer.Argument(metavar="ID", help="The webhook's id, or its beginning if only one begins so.")]


@app.command("list")
def show(*, as_json: AsJson = False) -> None:
    """List the webhooks of everybody, with whether messages are sent to them."""
    with the_service() as service:
        webhooks = service.webhooks.all()
        names = {id: service.ledger.organisation(id) for w in webhooks if (id := w.owner.organisation)}
    if as_json:
        programs([_document(webhook) for webhook in webhooks])
        return
    grid = table("id", "owner", "address", "events", "description", "made", "told up to", "state")
    for w in webhooks:
        organisation = names.get(w.owner.organisation) if w.owner.organisation else None
        grid.add_row(
            str(w.id),
            shown(organisation.name) if organisation else w.owner.role,
            shown(w.url),
            "all" if w.event_types is None else ", ".join(w.event_types),
            shown(w.description or ""),
            f"{w.created_at:%Y-%m-%d %H:%M}",
            str(w.position),
            _state(w),
        )
    people().print(grid if webhooks else "There are no webhooks.")


@app.command()
def add(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where messages are sent.")],
    role: Annotated[
        Role, typer.Option(help="Whose it is: bdt, auditor, or a stakeholder with --organisation.", show_choices=True)
    ],
    organisation: Annotated[
        UUID | None, typer.Option(metavar="ID", help="The organisation whose it is; a stakeholder needs one.")
    ] = None,
    type: Annotated[
        list[str] | None,
        typer.Option(metavar="TYPE", help="A type of event that is wanted, repeated; without it, all."),
    ] = None,
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make a webhook and show its secret, once.

    The secret alone goes to standard output, so that `SECRET=$(p2c webhook add …)` works.
    """
    owner = _owner(role, organisation)
    with the_service() as service:
        if organisation and service.ledger.organisation(organisation) is None:
            raise UnknownOrganisation(str(organisation))
        try:
            added, secret = service.webhooks.add(owner, url, event_types=type or None, description=description)
        except UnsuitableWebhook as unsuitable:
            raise typer.BadParameter(str(unsuitable)) from unsuitable
        except TooManyWebhooks as many:
            raise Unusable(str(many), remedy="`p2c webhook list` shows them.") from many
    if as_json:
        programs({**_document(added), "secret": secret})
    else:
        typer.echo(secret)
        aside().print(f"Made the webhook {added.id}, which is told of everything after position {added.position}.")
        aside().print("The secret is not shown again.")


@app.command()
def remove(id: Id) -> None:
    """Send nothing more to a webhook, and forget its secret and its log."""
    with the_service() as service:
        found = _the_one(id, service.webhooks.all())
        service.webhooks.remove(None, found.id)
    people().print(f"Removed {found.id}.")


@app.command()
def deliveries(
    id: Id,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many at most.")] = 50,
    *,
    as_json: AsJson = False,
) -> None:
    """Show the messages to a webhook, the newest first, and what became of them."""
    with the_service() as service:
        found = _the_one(id, service.webhooks.all())
        log = service.webhooks.deliveries.page(None, found.id, limit=limit)
    if as_json:
        programs([_delivery(delivery) for delivery in log])
        return
    grid = table("message", "type", "position", "made", "state", "attempts", "status", "what was wrong", "next attempt")
    for d in log:
        grid.add_row(
            d.message,
            d.type,
            "" if d.position is None else str(d.position),
            f"{d.created_at:%Y-%m-%d %H:%M:%S}",
            d.state,
            str(d.attempts),
            "" if d.last_status is None else str(d.last_status),
            shown(d.last_error or ""),
            f"{d.next_attempt_at:%Y-%m-%d %H:%M:%S}" if d.next_attempt_at else "",
        )
    people().print(grid if log else "There were no messages in the last thirty days.")


@app.command()
def retry(
    id: Id,
    message: Annotated[
        str | None, typer.Argument(metavar="[MESSAGE]", help="The message's id; without it, all that failed.")
    ] = None,
) -> None:
    """Have a message sent again, or all that were given up. The service that is running sends them."""
    with the_service() as service:
        found = _the_one(id, service.webhooks.all())
        wanted = [message] if message else _given_up(service, found)
        try:
            for one in wanted:
                service.webhooks.deliveries.retry(None, found.id, one)
        except NoSuchDelivery as unknown:
            raise Unusable(str(unknown), remedy=f"`p2c webhook deliveries {found.id}` shows them.") from unknown
        except WebhookDisabled as disabled:
            remedy = "Its owner does so with PATCH /v1/webhooks/{id} and enabled: true."
            raise Unusable(str(disabled), remedy=remedy) from disabled
    people().print(f"{len(wanted)} to be sent again." if wanted else "No message was given up.")


def _given_up(service: Service, webhook: Subscription) -> Sequence[str]:
    """The ids of the messages that failed, the oldest first."""
    failed: list[str] = []
    before: int | None = None
    while page := service.webhooks.deliveries.page(None, webhook.id, before=before, limit=1_000):
        failed += [delivery.message for delivery in page if delivery.state is DeliveryState.FAILED]
        before = page[-1].number
    return failed[::-1]


def _owner(role: Role, organisation: UUID | None) -> Owner:
    if Permission.WEBHOOKS not in GRANTS[role]:
        raise typer.BadParameter(f"The role {role} has no webhooks.", param_hint="--role")
    if (role is Role.STAKEHOLDER) != (organisation is not None):
        needs = "needs one" if role is Role.STAKEHOLDER else "has none"
        raise typer.BadParameter(f"The role {role} {needs}.", param_hint="--organisation")
    return Owner(role=role, organisation=organisation)


def _the_one(beginning: str, webhooks: Sequence[Subscription]) -> Subscription:
    found = [webhook for webhook in webhooks if str(webhook.id).startswith(beginning.lower())]
    if len(found) == 1:
        return found[0]
    what = "No webhook's id begins" if not found else f"The ids of {len(found)} webhooks begin"
    raise Unusable(f"{what} with {beginning}.", remedy="`p2c webhook list` shows the ids.")


def _state(webhook: Subscription) -> str:
    if webhook.disabled_reason:
        return f"disabled: {shown(webhook.disabled_reason)}"
    return f"failing since {webhook.failing_since:%Y-%m-%d %H:%M}" if webhook.failing_since else "enabled"


def _document(webhook: Subscription) -> dict[str, object]:
    return {
        "id": str(webhook.id),
        "role": webhook.owner.role,
        "organisation": str(webhook.owner.organisation) if webhook.owner.organisation else None,
        "url": webhook.url,
        "event_types": None if webhook.event_types is None else list(webhook.event_types),
        "description": webhook.description,
        "position": webhook.position,
        "created_at": format_instant(webhook.created_at),
        "created_by": str(webhook.created_by) if webhook.created_by else None,
        "disabled_at": format_instant(webhook.disabled_at) if webhook.disabled_at else None,
        "disabled_reason": webhook.disabled_reason,
        "failing_since": format_instant(webhook.failing_since) if webhook.failing_since else None,
    }


def _delivery(delivery: Delivery) -> dict[str, object]:
    return {
        "message": delivery.message,
        "type": delivery.type,
        "position": delivery.position,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "created_at": format_instant(delivery.created_at),
        "last_attempt_at": format_instant(delivery.last_attempt_at) if delivery.last_attempt_at else None,
        "last_status": delivery.last_status,
        "last_error": delivery.last_error,
        "next_attempt_at": format_instant(delivery.next_attempt_at) if delivery.next_attempt_at else None,
    }

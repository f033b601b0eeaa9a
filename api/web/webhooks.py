"""What the pages of webhooks show: those of the visitor's organisation or role, and what was delivered to one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from api.http import problems
from api.http.failures import Failure
from api.web.visits import Visit
from application.access import webhook_owner
from infrastructure.webhooks.deliveries import Delivery
from infrastructure.webhooks.faults import NoSuchWebhook
from infrastructure.webhooks.subscriptions import MOST_OF_ONE_OWNER, Subscription
from projections.timeline.view import TimelineItem

AT_ONCE = 50
"""How many messages of the log a page shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A message and what became of it. `about` is what happened to a pledge, where it tells of that."""

    delivery: Delivery
    about: TimelineItem | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookLog:
    """A webhook and a part of its log, the newest messages first; `next` leads to older ones, if there are any."""

    webhook: Subscription
    items: Sequence[Logged]
    next: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnWebhooks:
    """The webhooks that the visitor looks after, the oldest first, of which there may be `most`."""

    items: Sequence[Subscription]
    most: int = MOST_OF_ONE_OWNER

    @property
    def is_full(self) -> bool:
        """Whether another one cannot be made."""
        return len(self.items) >= self.most


def own_webhooks(visit: Visit) -> OwnWebhooks:
    """The visitor's webhooks. Raises NotAuthenticated and NotPermitted."""
    return OwnWebhooks(items=visit.service.webhooks.of(webhook_owner(visit.by)))


def own_webhook(visit: Visit, id: UUID) -> Subscription:
    """One of the visitor's webhooks. Raises NotAuthenticated, NotPermitted, and Failure where they have no such one."""
    owner = webhook_owner(visit.by)
    with known():
        return visit.service.webhooks.get(owner, id)


def webhook_log(visit: Visit, id: UUID, before: int | None) -> WebhookLog:
    """The newest messages to a webhook, or those before a number of the log. Raises as `own_webhook` does."""
    webhook = own_webhook(visit, id)
    with known():
        found = visit.service.webhooks.deliveries.page(webhook.owner, id, before=before, limit=AT_ONCE + 1)
    shown = found[:AT_ONCE]
    told = visit.service.timeline.at_positions(one.position for one in shown if one.position is not None)
    return WebhookLog(
        webhook=webhook,
        items=[Logged(delivery=one, about=told.get(one.position or 0)) for one in shown],
        next=shown[-1].number if len(found) > len(shown) else None,
    )


@contextmanager
def known() -> Iterator[None]:
    """Say on a page that a webhook is not there, or not any more. Raises Failure."""
    try:
        yield
    except NoSuchWebhook as unknown:
        remedy = "Your webhooks are listed at /webhooks. It may have been removed."
        raise Failure(problems.NO_SUCH_WEBHOOK, str(unknown), remedy=remedy) from unknown

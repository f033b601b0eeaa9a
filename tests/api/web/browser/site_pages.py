"""Every page of the site, with an address at which the sample shows it, and who looks at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID, uuid4

from application.access import Owner
from application.commands import Request
from audit.envelope import Envelopes
from domain.commands import Contribute, ContributionStatement
from domain.dimensions import Division
from domain.publication import Publish
from domain.values import Actor
from domain.vocabulary import Lifecycle, Role
from infrastructure.bootstrap import Service
from infrastructure.webhooks.outbox import Outbox
from infrastructure.webhooks.queue import Queue
from infrastructure.webhooks.sending import Attempt
from projections.pledge_status.filters import PledgeFilters

PLEDGE = "P2C-2022-000004"
"""Under way, with contributions that BDT checked and others that it has not."""

FULFILLED = "P2C-2022-000001"
UNCHECKED = "c3"
FOR_BDT = Owner(role=Role.BDT)
RECEIPT = "9c1b8a52-5c9e-4a0b-8d57-4c6a3f0e2d11"


@dataclass(frozen=True, slots=True)
class Shown:
    """A page: its route, the address at which it is looked at, and the role of who looks, if they have signed in."""

    name: str
    route: str
    address: str
    role: str | None = None


def organisation_of_sample(service: Service) -> UUID:
    """The organisation that leads the pledge, in whose name its pages are looked at."""
    found = service.pledges.get(PLEDGE)
    assert found
    return found.pledge.lead.organisation


def every_page(service: Service) -> Sequence[Shown]:
    """The pages, some of them more than once, where they look different."""
    lead, waiting, publication = organisation_of_sample(service), _waiting(service), _publication(service)
    webhook = _webhook(service)
    _record_something(service, lead)
    _deliver_something(service, webhook)
    assert service.projections.wait_until(service.ledger.position, 20), "the site has to be served meanwhile"
    return (
        Shown("overview", "/", "/"),
        Shown("overview-then", "/", "/?effective_on=2023-12-31"),
        Shown("overview-empty", "/", "/?as_of=0"),
        Shown("pledges", "/pledges", "/pledges"),
        Shown("pledges-found", "/pledges", "/pledges?q=school&type=programmatic&sort=value"),
        Shown("pledges-none", "/pledges", "/pledges?q=nothing-of-the-kind"),
        Shown("pledge", "/pledges/{reference}", f"/pledges/{PLEDGE}"),
        Shown("pledge-then", "/pledges/{reference}", f"/pledges/{FULFILLED}?version=5"),
        Shown("pledge-own", "/pledges/{reference}", f"/pledges/{PLEDGE}", Role.STAKEHOLDER),
        Shown("pledge-waiting", "/pledges/{reference}", f"/pledges/{waiting}", Role.BDT),
        Shown("event", "/pledges/{reference}/events/{version}", f"/pledges/{FULFILLED}/events/4"),
        Shown("organisation", "/organisations/{organisation}", f"/organisations/{lead}"),
        Shown("point-in-time", "/point-in-time", "/point-in-time"),
        Shown("snapshot", "/point-in-time", "/point-in-time?effective_on=2024-12-31&group_by=region", Role.BDT),
        Shown("difference", "/point-in-time", "/point-in-time?from_effective_on=2023-12-31"),
        Shown("graduation", "/point-in-time", "/point-in-time?from_effective_on=2026-11-23&to_effective_on=2026-11-24"),
        Shown("publication", "/publications/{snapshot:uuid}", f"/publications/{publication}"),
        Shown("reporting", "/reporting", "/reporting"),
        Shown("reminders", "/reporting/reminders", "/reporting/reminders", Role.BDT),
        Shown("queue", "/reporting/queue", "/reporting/queue", Role.BDT),
        Shown("good-practices", "/good-practices", "/good-practices"),
        Shown("verify", "/verify", "/verify"),
        Shown("sign-in", "/sign-in", "/sign-in"),
        Shown("record", "/record", "/record"),
        Shown("record-pledger", "/record", "/record", Role.STAKEHOLDER),
        Shown("record-bdt", "/record", "/record", Role.BDT),
        Shown("webhooks", "/webhooks", "/webhooks", Role.BDT),
        Shown("webhooks-none", "/webhooks", "/webhooks", Role.AUDITOR),
        Shown("webhook", "/webhooks/{webhook:uuid}", f"/webhooks/{webhook}?done=test", Role.BDT),
        *(
            Shown(f"webhook-{name}", f"/webhooks/{{webhook:uuid}}/{name}", f"/webhooks/{webhook}/{name}", Role.BDT)
            for name in ("change", "remove")
        ),
        Shown("announce", "/record/announce", "/record/announce", Role.STAKEHOLDER),
        Shown("receipt", "/record/receipts/{key}", f"/record/receipts/{RECEIPT}", Role.STAKEHOLDER),
        *(
            Shown(name, f"/pledges/{{reference}}/{name}", f"/pledges/{PLEDGE}/{name}", Role.STAKEHOLDER)
            for name in ("report", "contribute", "scale-up", "scale-down", "amend", "fulfil", "withdraw")
        ),
        *(
            Shown(name, f"/pledges/{{reference}}/{name}", f"/pledges/{waiting}/{name}", Role.BDT)
            for name in ("validate", "decline")
        ),
        *(
            Shown(
                f"{name}-contribution",
                f"/pledges/{{reference}}/contributions/{{contribution}}/{name}",
                f"/pledges/{PLEDGE}/contributions/{UNCHECKED}/{name}",
                role,
            )
            for name, role in (("verify", Role.BDT), ("query", Role.BDT), ("correct", Role.STAKEHOLDER))
        ),
    )


def _waiting(service: Service) -> str:
    """A pledge that waits for BDT's decision."""
    found = service.pledges.page(PledgeFilters(lifecycle=(Lifecycle.ANNOUNCED,)), on=service.today(), limit=1)
    return found.items[0].pledge.reference


def _publication(service: Service) -> UUID:
    """A published snapshot."""
    if not (published := service.publications.newest(1)):
        request = Request(actor=Actor(role=Role.BDT), idempotency_key=str(uuid4()))
        at = service.register.resolve(None, None)
        service.commands.publish(
            Publish(title="The register, as it stands"), lambda: service.snapshots.take(at, Division()), request
        )
        published = service.publications.newest(1)
    return published[0].fact.originator_id


def _webhook(service: Service) -> UUID:
    """One of BDT's webhooks, beside one that is disabled."""
    if not (found := service.webhooks.of(FOR_BDT)):
        url, kinds = "https://hooks.example.org/p2c", ("pledge.partially_fulfilled.v1", "pledge.validated.v1")
        service.webhooks.add(FOR_BDT, url, event_types=kinds, description="The map of connected schools")
        other, _ = service.webhooks.add(FOR_BDT, f"https://hooks.example.net/{'a-long-address/' * 9}")
        service.webhooks.change(FOR_BDT, other.id, enabled=False)
        found = service.webhooks.of(FOR_BDT)
    return found[0].id


def _deliver_something(service: Service, webhook: UUID) -> None:
    """Messages in every state, as if they had been sent; once."""
    if service.webhooks.deliveries.page(FOR_BDT, webhook, limit=1):
        return
    queue = Queue(service.pool)
    for attempt in (Attempt(status=204), Attempt(problem="It did not answer within 10 seconds.")):
        service.webhooks.deliveries.test(FOR_BDT, webhook)
        _attempt(queue, webhook, attempt)
    Outbox(service.pool, service.ledger, Envelopes()).fill()
    _attempt(queue, webhook, Attempt(status=503, problem="It answered 503: Service temporarily unavailable"))
    service.webhooks.deliveries.test(FOR_BDT, webhook)


def _attempt(queue: Queue, webhook: UUID, attempt: Attempt) -> None:
    due = queue.next_for(webhook)
    assert due
    queue.record(due, attempt)


def _record_something(service: Service, lead: UUID) -> None:
    """A contribution that there is a receipt of; once, however often it is asked for."""
    found = service.pledges.get(PLEDGE)
    assert found
    target = next(t for t in found.pledge.targets if t.measure != "money")
    contribution = ContributionStatement(id="last", target=target.id, amount=Decimal(1), effective_on=service.today())
    request = Request(actor=Actor(role=Role.STAKEHOLDER, organisation=lead), idempotency_key=RECEIPT)
    service.commands.change_pledge(PLEDGE, Contribute(contributions=(contribution,)), request)

"""A service that may send to this machine, and a receiver there; nothing is sent until a test says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry

from application.access import Owner
from audit.envelope import Envelopes
from domain.vocabulary import Role
from infrastructure.bootstrap import Service, open_on
from infrastructure.embedded_postgres import EmbeddedPostgres
from infrastructure.metrics.webhooks import WebhookMetrics
from infrastructure.webhooks.deliverer import Deliverer
from infrastructure.webhooks.deliveries import Delivery
from infrastructure.webhooks.outbox import Outbox
from infrastructure.webhooks.queue import Queue
from infrastructure.webhooks.schedule import Schedule
from infrastructure.webhooks.sending import Sender
from tests.databases import new_ledger
from tests.projections.ledgers import append, registered
from tests.receiver import Receiver

BDT = Owner(role=Role.BDT)

AT_ONCE = Schedule(waits=(0.0, 0.0, 0.0))
"""Retries without waiting."""


@pytest.fixture(scope="module")
def shared(postgres: EmbeddedPostgres) -> Iterator[Service]:
    with new_ledger(postgres) as conninfo, open_on(conninfo, deliver=True, private_webhooks=True) as service:
        yield service


@pytest.fixture
def service(shared: Service) -> Iterator[Service]:
    """The service that the tests of a module share, without the webhooks of other tests."""
    yield shared
    for webhook in shared.webhooks.all():
        shared.webhooks.remove(None, webhook.id)


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def delivering(service: Service, schedule: Schedule = AT_ONCE, sender: Sender | None = None) -> Deliverer:
    """What delivers by another schedule, or sends in another way."""
    return Deliverer(
        Outbox(service.pool, service.ledger, Envelopes()),
        Queue(service.pool, schedule),
        sender or Sender(private=True),
        WebhookMetrics(CollectorRegistry()),
    )


@pytest.fixture
def happen(service: Service) -> Callable[..., list[int]]:
    """Record so many facts that everybody may know of; their positions."""

    def happen(many: int = 1) -> list[int]:
        return [entry.position for entry in append(service, [[registered("Somebody")] for _ in range(many)])]

    return happen


def log_of(service: Service, webhook: UUID) -> list[Delivery]:
    """What was delivered to a webhook, the oldest first."""
    return list(reversed(service.webhooks.deliveries.page(None, webhook, limit=200)))

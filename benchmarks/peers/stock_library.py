"""Pledges with the stock `eventsourcing` library: its aggregates, its application, its JSON, its recorder."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

LEAD = UUID(int=1)
SAVED_AT_ONCE = 100


class NothingDelivered(ValueError):
    """A contribution of nothing."""


class StockPledge(Aggregate):
    """A promise, and what was delivered of it."""

    @event("Announced")
    def __init__(self, reference: str, title: str, description: str, lead: UUID, target: Decimal) -> None:
        self.reference = reference
        self.title = title
        self.description = description
        self.lead = lead
        self.target = target
        self.delivered = Decimal(0)

    @staticmethod
    def create_id(reference: str, **_: object) -> UUID:
        """The id of the pledge with this reference."""
        return uuid5(NAMESPACE_URL, f"/pledges/{reference}")

    def contribute(self, target: str, quantity: Decimal, effective_on: str) -> None:
        """Record what was delivered. Raises NothingDelivered."""
        if quantity <= 0:
            raise NothingDelivered(quantity)
        self._contributed(target, quantity, effective_on)

    @event("Contributed")
    def _contributed(self, target: str, quantity: Decimal, effective_on: str) -> None:
        self.delivered += quantity


class StockPledges(Application[UUID]):
    """Announces pledges, and records what is delivered: load, decide, save."""

    def announce(self, reference: str, lead: UUID) -> StockPledge:
        """A new pledge, saved."""
        pledge = announced(reference, lead)
        self.save(pledge)
        return pledge

    def contribute(self, reference: str, target: str, quantity: Decimal, effective_on: str) -> tuple[StockPledge, int]:
        """The pledge after a contribution, and the position of that."""
        pledge: StockPledge = self.repository.get(StockPledge.create_id(reference))
        pledge.contribute(target, quantity, effective_on)
        return pledge, self.save(pledge)[-1].notification.id


def announced(reference: str, lead: UUID) -> StockPledge:
    """A new pledge, not saved yet."""
    return StockPledge(
        reference=reference,
        title="Schools online",
        description="Fibre for rural schools.",
        lead=lead,
        target=Decimal(1_000),
    )


def save_lives(app: StockPledges, references: Iterable[str], each: int) -> None:
    """Save pledges with so many events each, some at a time: many more at once and the recorder waits for ever."""
    unsaved: list[StockPledge] = []
    for reference in references:
        pledge = announced(reference, LEAD)
        for _ in range(each - 1):
            pledge.contribute("schools", Decimal(1), "2025-01-01")
        unsaved.append(pledge)
        if len(unsaved) * each >= SAVED_AT_ONCE:
            app.save(*unsaved)
            unsaved.clear()
    app.save(*unsaved)

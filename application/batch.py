"""Many decisions, recorded together: all of them or none.

Each command of a batch is decided on the state that the earlier ones leave, in memory; nothing is written before
`record`. So a batch that is never recorded is a rehearsal: the same decisions, the same refusals, no trace.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from uuid import UUID

import msgspec

from application.clock import Today
from application.identifiers import unique_id
from application.ledger import Ledger
from application.ports import ExchangeRates, Receipt
from audit.envelope import LARGEST_ENTRY, Entry, Envelopes
from domain import decisions, organisation_decisions
from domain.circumstances import Circumstances
from domain.commands import PledgeCommand
from domain.events import AnyEvent, PledgeEvent
from domain.organisation import Organisation, OrganisationCommand
from domain.organisation import fold as fold_organisation
from domain.pledge import Pledge
from domain.pledge import fold as fold_pledge
from domain.refusals import Refused
from domain.values import Actor, UsdRate


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """What may be done only once: the receipt of a change, which no other change can have."""

    scope: str
    idempotency_key: str
    fingerprint: bytes


class Batch:
    """Decides many commands in memory and records what they cause in one append.

    `pledges` and `organisations` are states the caller has loaded already; None says that there is no such
    pledge. The others are loaded when they are needed. A state that is out of date by then makes `record` fail,
    never lie.
    """

    def __init__(
        self,
        ledger: Ledger,
        rates: ExchangeRates,
        today: Today,
        actor: Actor,
        *,
        pledges: Mapping[UUID, Pledge | None] | None = None,
        organisations: Mapping[UUID, Organisation] | None = None,
        envelopes: Envelopes | None = None,
    ) -> None:
        self._ledger = ledger
        self._envelopes = envelopes or Envelopes()
        self._pledges: dict[UUID, Pledge | None] = dict(pledges or {})
        self._organisations: dict[UUID, Organisation | None] = dict(organisations or {})
        self._events: list[AnyEvent] = []
        self._receipts: list[Receipt] = []
        self._before: tuple[dict[UUID, Pledge | None], dict[UUID, Organisation | None]] | None = None

        @cache
        def rate(currency: str, on: date) -> UsdRate | None:
            return rates.rate(currency, on)

        self._circumstances = Circumstances(
            actor=actor, today=today(), command_id=unique_id(), rates=rate, organisations=self.organisation
        )

    @property
    def events(self) -> tuple[AnyEvent, ...]:
        """What has been decided so far, in the order in which it will stand in the ledger."""
        return tuple(self._events)

    def pledge(self, id: UUID) -> Pledge | None:
        """The pledge as the batch leaves it; None where there is none."""
        if id not in self._pledges:
            self._pledges[id] = self._ledger.pledge(id)
        return self._pledges[id]

    def organisation(self, id: UUID) -> Organisation | None:
        """The organisation as the batch leaves it; None where there is none."""
        if id not in self._organisations:
            self._organisations[id] = self._ledger.organisation(id)
        return self._organisations[id]

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is decided inside is kept whole, or not at all where one of its commands is refused."""
        events, receipts = len(self._events), len(self._receipts)
        pledges, organisations = dict[UUID, Pledge | None](), dict[UUID, Organisation | None]()
        self._before = (pledges, organisations)
        try:
            yield
        except Refused:
            del self._events[events:]
            del self._receipts[receipts:]
            self._pledges.update(pledges)
            self._organisations.update(organisations)
            raise
        finally:
            self._before = None

    def change_pledge(
        self, id: UUID, commands: Sequence[PledgeCommand], once: Once | None = None
    ) -> tuple[PledgeEvent, ...]:
        """Decide the commands one after the other; the facts they cause. Raises Refused, and keeps nothing then."""
        before = state = self.pledge(id)
        at = replace(self._circumstances, idempotency_key=once.idempotency_key if once else None)
        events: list[PledgeEvent] = []
        for command in commands:
            decided = decisions.decide(id, state, command, at)
            state = fold_pledge(state, decided)
            events += decided
        self._require_storable(events)
        if self._before:
            self._before[0].setdefault(id, before)
        self._pledges[id] = state
        self._keep(events, once)
        return tuple(events)

    def change_organisation(self, id: UUID, command: OrganisationCommand) -> Organisation | None:
        """Decide the command; the organisation after it. Raises Refused, and keeps nothing then."""
        before = self.organisation(id)
        decided = organisation_decisions.decide(id, before, command, self._circumstances)
        self._require_storable(decided)
        if self._before:
            self._before[1].setdefault(id, before)
        self._organisations[id] = fold_organisation(before, decided)
        self._keep(decided, None)
        return self._organisations[id]

    def also_once(self, once: Once) -> None:
        """Let the whole batch be refused where this was done before; the receipt names the batch's first fact."""
        if self._events:
            self._receipts.append(_receipt(once, self._events[:1]))

    def record(self) -> tuple[Entry, ...]:
        """Append everything in one transaction.

        Raises RecordConflictError where another command was first anywhere, and LedgerBusy; nothing is stored then.
        """
        if not self._events:
            return ()
        return self._ledger.append(self._events, receipts=self._receipts)

    def _keep(self, events: Sequence[AnyEvent], once: Once | None) -> None:
        self._events += events
        if once and events:
            self._receipts.append(_receipt(once, events))

    def _require_storable(self, events: Sequence[AnyEvent]) -> None:
        for event in events:
            # An envelope adds a few hundred bytes; only what comes near the limit is worth writing twice.
            if len(msgspec.json.encode(event)) > LARGEST_ENTRY // 2:
                self._envelopes.write(event)


def _receipt(once: Once, events: Sequence[AnyEvent]) -> Receipt:
    return Receipt(
        scope=once.scope,
        idempotency_key=once.idempotency_key,
        fingerprint=once.fingerprint,
        stream_id=events[0].originator_id,
        first_version=events[0].originator_version,
        last_version=events[-1].originator_version,
    )

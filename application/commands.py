"""One way in: load, decide, save.

A command that another one overtook is decided again on the fresh state, unless its sender said which version it
meant. A command with an idempotency key is answered for ever with the facts it caused the first time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Generic, TypeVar
from uuid import UUID, uuid4

from eventsourcing.persistence import RecordConflictError

from application import access
from application.access import Permission, Principal
from application.clock import Today
from application.ledger import Ledger, LedgerBusy
from application.ports import ExchangeRates, PublishedBytes, Receipt, Receipts, ReferenceNumbers
from audit.canonical import canonical
from audit.envelope import Entry
from audit.snapshot import Document, identity_of
from domain import decisions, organisation_decisions
from domain import organisation as organisations
from domain import pledge as pledges
from domain import publication as publications
from domain.circumstances import Circumstances
from domain.commands import Announce, PledgeCommand, Withdraw
from domain.events import AnyEvent, Corrected, OrganisationEvent, PartiallyFulfilled, PledgeEvent, PublicationEvent
from domain.identity import numbered_reference, pledge_id
from domain.organisation import Organisation, OrganisationCommand, Register
from domain.pledge import Pledge
from domain.publication import Publication, Publish
from domain.refusals import AlreadyAnnounced, Refused, UnknownPledge
from domain.values import Actor, Contribution

DECIDE_WITHIN_SECONDS = 4.0
"""How long a command may take altogether, so that whoever asks has an answer within five seconds."""

LEAST_TURN_SECONDS = 0.5
"""How long a turn to append is waited for in any case: what took long before, such as a snapshot, is not in vain."""

TURNS = 64
"""How many pledges at once may have a queue of overtaken commands; two that share one only wait longer."""

State = TypeVar("State", Pledge, Organisation, Publication)
Fact = TypeVar("Fact", PledgeEvent, OrganisationEvent, PublicationEvent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who asks, and under which conditions.

    `scopes` are those of the token, None where it has all of its role's; `fingerprint` is the SHA-256 of what is asked,
    to tell a repeated command from another one with the same key; `expected_version` is the version the sender has
    seen, if it wants to be refused where there is a newer one.
    """

    actor: Actor
    scopes: frozenset[Permission] | None = None
    idempotency_key: str | None = None
    fingerprint: bytes = b""
    expected_version: int | None = None

    @property
    def by(self) -> Principal:
        """Who asks, as `application.access` knows them."""
        return Principal(actor=self.actor, scopes=self.scopes)

    @property
    def scope(self) -> str:
        """Whose idempotency keys these are: the organisation's, or the role's where there is none."""
        return str(self.actor.organisation or self.actor.role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(Generic[State]):
    """The facts a command caused, and the state right after them; `replayed` where it was answered before."""

    state: State
    entries: tuple[Entry, ...]
    replayed: bool = False

    @property
    def position(self) -> int:
        """The position of the command's last fact."""
        return self.entries[-1].position


class VersionMismatch(Exception):
    """The sender meant a version that is not the current one."""

    def __init__(self, expected: int, current: int) -> None:
        super().__init__(f"version {expected} was expected, the current one is {current}")
        self.expected = expected
        self.current = current


class IdempotencyKeyReused(Exception):
    """The key was used before, for something else."""


@dataclass(frozen=True, slots=True)
class _Stream(Generic[State, Fact]):
    """One history: how it is loaded, what is decided about it, what it is afterwards, and what is stored with it."""

    id: UUID
    load: Callable[[UUID, int | None], State | None]
    decide: Callable[[State | None, Circumstances], tuple[Fact, ...]]
    fold: Callable[[State | None, tuple[Fact, ...]], State | None]
    published: Callable[[], tuple[PublishedBytes, ...]] = tuple


class Commands:
    """Every change to the ledger goes through here."""

    def __init__(
        self,
        ledger: Ledger,
        receipts: Receipts,
        references: ReferenceNumbers,
        rates: ExchangeRates,
        today: Today,
    ) -> None:
        self._ledger = ledger
        self._receipts = receipts
        self._references = references
        self._rates = rates
        self._today = today
        self._turns = tuple(threading.Lock() for _ in range(TURNS))

    def announce(self, command: Announce, request: Request) -> Outcome[Pledge]:
        """Announce a pledge; without a reference of its own it is given the next one of its year."""
        access.require_command(request.by, command)
        if earlier := self._earlier(request, self._ledger.pledge):
            return earlier
        if command.reference is not None:
            return self.change_pledge(command.reference, command, request)
        while True:
            year = (command.announced_on or self._today()).year
            reference = numbered_reference(year, self._references.next(year))
            try:
                return self.change_pledge(reference, replace(command, reference=reference), request)
            except AlreadyAnnounced:  # an import brought this reference along; the next one may be free
                continue

    def change_pledge(self, reference: str, command: PledgeCommand, request: Request) -> Outcome[Pledge]:
        """Do what `command` says to the pledge.

        Raises NotAuthenticated, NotPermitted, Refused, VersionMismatch, IdempotencyKeyReused, LedgerBusy.
        """
        access.require_command(request.by, command)
        id = pledge_id(reference)
        if isinstance(command, Withdraw) and command.superseded_by:
            self._require_pledge(command.superseded_by, request.by)

        def decide(state: Pledge | None, at: Circumstances) -> tuple[PledgeEvent, ...]:
            if not isinstance(command, Announce):
                if state is None:
                    raise UnknownPledge(reference)
                access.require_command_on(request.by, command, state, partial(self.recorded_by, id))
            return decisions.decide(id, state, command, at)

        return self._perform(_Stream(id, self._ledger.pledge, decide, pledges.fold), request)

    def register(self, command: Register, request: Request) -> Outcome[Organisation]:
        """Let a stakeholder join, under a new id."""
        return self.change_organisation(uuid4(), command, request)

    def change_organisation(self, id: UUID, command: OrganisationCommand, request: Request) -> Outcome[Organisation]:
        """Do what `command` says to the organisation. Raises as `change_pledge` does."""
        access.require(request.by, Permission.ORGANISATIONS_WRITE)

        def decide(state: Organisation | None, at: Circumstances) -> tuple[OrganisationEvent, ...]:
            return organisation_decisions.decide(id, state, command, at)

        return self._perform(_Stream(id, self._ledger.organisation, decide, organisations.fold), request)

    def publish(self, command: Publish, take: Callable[[], Document], request: Request) -> Outcome[Publication]:
        """Publish the snapshot that `take` takes; it is not asked where this command was carried out before.

        The snapshot's bytes are stored with the fact. Raises NotAuthenticated, NotPermitted, Refused, what `take`
        raises, IdempotencyKeyReused, LedgerBusy.
        """
        access.require(request.by, Permission.SNAPSHOTS_PUBLISH)
        id, taken = uuid4(), cache(take)

        def decide(_: Publication | None, at: Circumstances) -> tuple[PublicationEvent, ...]:
            return publications.decide(id, command, identity_of(taken()), at)

        def published() -> tuple[PublishedBytes, ...]:
            return (PublishedBytes(id=id, position=taken()["position"], bytes=canonical(taken())),)

        return self._perform(_Stream(id, self._ledger.publication, decide, publications.fold, published), request)

    def _perform(self, stream: _Stream[State, Fact], request: Request) -> Outcome[State]:
        deadline = time.monotonic() + DECIDE_WITHIN_SECONDS
        try:
            return self._attempt(stream, request, deadline)
        except RecordConflictError:
            pass  # somebody was first: look again at what is so now
        # Those who were overtaken come in turn; all at once, most would overtake each other again and again.
        with self._turn(stream.id, deadline):
            while True:
                try:
                    return self._attempt(stream, request, deadline)
                except RecordConflictError:
                    if time.monotonic() >= deadline:
                        raise _overtaken() from None

    @contextmanager
    def _turn(self, id: UUID, deadline: float) -> Iterator[None]:
        turn = self._turns[id.int % len(self._turns)]
        if not turn.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise _overtaken()
        try:
            yield
        finally:
            turn.release()

    def _attempt(self, stream: _Stream[State, Fact], request: Request, deadline: float) -> Outcome[State]:
        """Decide on what is so now, and record it. Raises RecordConflictError where somebody was first."""
        if earlier := self._earlier(request, stream.load):
            return earlier
        state = stream.load(stream.id, None)
        try:
            _require_version(state, request)
            events = stream.decide(state, self.circumstances(request))
        except (Refused, VersionMismatch):
            # The same command, sent twice at once, may have been carried out since we looked.
            if earlier := self._earlier(request, stream.load):
                return earlier
            raise
        entries = self._ledger.append(
            events,
            receipts=_receipts(request, events),
            snapshots=stream.published(),
            within=max(LEAST_TURN_SECONDS, deadline - time.monotonic()),
        )
        return Outcome(state=_known(stream.fold(state, events)), entries=entries)

    def _earlier(self, request: Request, load: Callable[[UUID, int | None], State | None]) -> Outcome[State] | None:
        """What the command with this key caused before, if it was carried out before."""
        if request.idempotency_key is None:
            return None
        receipt = self._receipts.find(request.scope, request.idempotency_key)
        if receipt is None:
            return None
        if receipt.fingerprint != request.fingerprint:
            raise IdempotencyKeyReused(request.idempotency_key)
        return Outcome(
            state=_known(load(receipt.stream_id, receipt.last_version)),
            entries=self._ledger.entries(receipt.stream_id, first=receipt.first_version, last=receipt.last_version),
            replayed=True,
        )

    def receipt(self, by: Principal, idempotency_key: str) -> Receipt | None:
        """What a command of the principal's organisation, or role, with this key caused; None where there was none."""
        return self._receipts.find(Request(actor=by.actor).scope, idempotency_key)

    def circumstances(self, request: Request) -> Circumstances:
        """What a decision made now needs to know."""
        return Circumstances(
            actor=request.actor,
            today=self._today(),
            command_id=uuid4(),
            idempotency_key=request.idempotency_key,
            rates=self._rates.rate,
            organisations=partial(self._ledger.organisation, version=None),
        )

    def _require_pledge(self, reference: str, by: Principal) -> None:
        """Make sure that the pledge that takes another's place is one that the principal may know of."""
        pledge = self._ledger.pledge(pledge_id(reference))
        if pledge is None or not access.sight_of(by).includes(pledge):
            raise UnknownPledge(reference, field="superseded_by")

    def recorded_by(self, pledge: UUID, contribution: str) -> UUID | None:
        """The organisation that recorded a contribution; None where no organisation did."""
        return next(
            (
                entry.event.actor.organisation
                for entry in self._ledger.entries(pledge)
                if contribution in _contributions_in(entry.event)
            ),
            None,
        )


def _contributions_in(event: AnyEvent) -> frozenset[str]:
    """The ids of the contributions that a fact records."""
    match event:
        case PartiallyFulfilled(contributions=recorded):
            return frozenset(contribution.id for contribution in recorded)
        case Corrected(replacement=Contribution(id=id)):
            return frozenset({id})
        case _:
            return frozenset()


def _overtaken() -> LedgerBusy:
    return LedgerBusy("others kept changing the same pledge")


def _require_version(state: Pledge | Organisation | Publication | None, request: Request) -> None:
    current = state.version if state else 0
    if request.expected_version is not None and request.expected_version != current:
        raise VersionMismatch(request.expected_version, current)


def _receipts(request: Request, events: Sequence[AnyEvent]) -> tuple[Receipt, ...]:
    if request.idempotency_key is None:
        return ()
    return (
        Receipt(
            scope=request.scope,
            idempotency_key=request.idempotency_key,
            fingerprint=request.fingerprint,
            stream_id=events[0].originator_id,
            first_version=events[0].originator_version,
            last_version=events[-1].originator_version,
        ),
    )


def _known(state: State | None) -> State:
    if state is None:
        raise LookupError("a recorded history cannot be read back")
    return state

"""One way in: load, decide, save.

A command is decided on what this process remembers, and recorded only where that is so still. One that is refused on
it, or that another one overtook, is decided again on the fresh state, unless its sender said which version it meant. A
command with an idempotency key is answered for ever with the facts it caused the first time.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Generic, TypeVar
from uuid import UUID, uuid4

from application import access
from application.access import NotPermitted, Permission, Principal
from application.clock import Today
from application.identifiers import unique_id
from application.ledger import Ledger, LedgerBusy, Overtaken, Recorded
from application.memory import Looking, Memory, NotAtHand, View
from application.ports import Commit, ExchangeRates, PublishedBytes, Receipt, Receipts, ReferenceNumbers
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

Recording = Future[Sequence[Recorded]] | asyncio.Future[Sequence[Recorded]]
"""The entries once they are recorded; of an event loop where a handler waits for them."""

State = TypeVar("State", Pledge, Organisation, Publication)
Fact = TypeVar("Fact", PledgeEvent, OrganisationEvent, PublicationEvent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who asks, and under which conditions.

    `scopes` are those of the token, None where it has all of its role's; `token` is its id, where nothing is to be
    recorded once it is worth nothing; `fingerprint` is the SHA-256 of what is asked, to tell a repeated command from
    another one with the same key; `expected_version` is the version the sender has seen, if it wants to be refused
    where there is a newer one; `deadline` is when the answer has to be there, by the monotonic clock, where that is
    not four seconds from when it is looked at.
    """

    actor: Actor
    scopes: frozenset[Permission] | None = None
    token: UUID | None = None
    idempotency_key: str | None = None
    fingerprint: bytes = b""
    expected_version: int | None = None
    deadline: float | None = None

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
    """The facts a command caused, and the state right before and after them; `replayed` where it was answered before.

    `organisations` are those that take part in a pledge, as they were at the last fact.
    """

    state: State
    before: State | None
    entries: tuple[Entry, ...]
    organisations: Mapping[UUID, Organisation] = field(default_factory=dict)
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


DECLINED = (Refused, VersionMismatch, NotPermitted)
"""What a command is declined with, whatever was looked at."""


def _nobody(state: Pledge | Organisation | Publication) -> Iterable[UUID]:
    return ()


@dataclass(frozen=True, slots=True)
class _Stream(Generic[State, Fact]):
    """One history: how it is loaded, what is decided about it, what it is afterwards, and what is stored with it."""

    id: UUID
    load: Callable[[UUID, int | None], State | None]
    decide: Callable[[State | None, Circumstances, View], tuple[Fact, ...]]
    fold: Callable[[State | None, tuple[Fact, ...]], State | None]
    parties: Callable[[State], Iterable[UUID]] = _nobody
    published: Callable[[], tuple[PublishedBytes, ...]] = tuple

    def latest(self, id: UUID) -> State | None:
        return self.load(id, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun(Generic[State]):
    """A command that was decided; its facts are on their way, and `recorded` once that future is done.

    It raises Overtaken where something that was looked at is no longer so, LedgerBusy, and LedgerRolledBack.
    """

    before: State | None
    state: State
    organisations: Mapping[UUID, Organisation]
    events: tuple[AnyEvent, ...]
    recorded: Recording


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
        self._memory = Memory()
        self._turns = tuple(threading.Lock() for _ in range(TURNS))

    def announce(self, command: Announce, request: Request) -> Outcome[Pledge]:
        """Announce a pledge; without a reference of its own it is given the next one of its year."""
        access.require_command(request.by, command)
        if earlier := self._earlier(request, self._ledger.pledge, _parties):
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
        return self._perform(self._pledge(reference, command, request), request)

    def begin_to_change_pledge(self, reference: str, command: PledgeCommand, request: Request) -> Begun[Pledge]:
        """The same for a handler of an event loop, and without waiting for anything; `recorded` tells the outcome when
        the facts are recorded.

        Raises NotAuthenticated, NotPermitted, and NotAtHand where it has to be done by `change_pledge`, which may well
        refuse it.
        """
        access.require_command(request.by, command)
        try:
            stream = self._pledge(reference, command, request)
            return self._begin(
                stream,
                request,
                self._view(Looking.AT_MEMORY_ALONE),
                _deadline(request),
                self._ledger.begin_on_loop,
            )
        except DECLINED as declined:
            raise NotAtHand from declined

    def remembers(self, reference: str) -> bool:
        """Whether the pledge was looked at lately, so that a command on it may be begun without looking."""
        return self._memory.state(pledge_id(reference)) is not None

    async def look_at(self, references: Sequence[str]) -> Mapping[str, bool]:
        """Look at pledges, and at who takes part in them, so that commands on them may be begun; whether they are."""
        found = await self._ledger.pledges_on_loop([pledge_id(reference) for reference in references])
        parties = {party for pledge in found.values() for party in _parties(pledge)}
        strangers = [party for party in parties if self._memory.state(party) is None]
        known = await self._ledger.organisations_on_loop(strangers) if strangers else {}
        for organisation in known.values():
            self._memory.refresh(organisation)
        for pledge in found.values():
            self._memory.refresh(pledge)
        return {reference: pledge_id(reference) in found for reference in references}

    def recorded(self, begun: Begun[State]) -> Outcome[State]:
        """What became of a command; waits until its facts are recorded. Raises what `begun.recorded` does."""
        entries = self._ledger.entries_of(begun.events, begun.recorded.result())
        self._memory.advance(begun.state)
        return Outcome(state=begun.state, before=begun.before, entries=entries, organisations=begun.organisations)

    def _pledge(self, reference: str, command: PledgeCommand, request: Request) -> _Stream[Pledge, PledgeEvent]:
        id = pledge_id(reference)

        def decide(state: Pledge | None, at: Circumstances, view: View) -> tuple[PledgeEvent, ...]:
            if isinstance(command, Withdraw) and command.superseded_by:
                self._require_pledge(command.superseded_by, request.by, view)
            if not isinstance(command, Announce):
                if state is None:
                    raise UnknownPledge(reference)

                def recorded_by(contribution: str) -> UUID | None:
                    return view.asked(lambda: self.recorded_by(id, contribution))

                access.require_command_on(request.by, command, state, recorded_by)
            return decisions.decide(id, state, command, at)

        return _Stream(id, self._ledger.pledge, decide, pledges.fold, _parties)

    def register(self, command: Register, request: Request) -> Outcome[Organisation]:
        """Let a stakeholder join, under a new id."""
        return self.change_organisation(uuid4(), command, request)

    def change_organisation(self, id: UUID, command: OrganisationCommand, request: Request) -> Outcome[Organisation]:
        """Do what `command` says to the organisation. Raises as `change_pledge` does."""
        access.require(request.by, Permission.ORGANISATIONS_WRITE)

        def decide(state: Organisation | None, at: Circumstances, _: View) -> tuple[OrganisationEvent, ...]:
            return organisation_decisions.decide(id, state, command, at)

        return self._perform(_Stream(id, self._ledger.organisation, decide, organisations.fold), request)

    def publish(self, command: Publish, take: Callable[[], Document], request: Request) -> Outcome[Publication]:
        """Publish the snapshot that `take` takes; it is not asked where this command was carried out before.

        The snapshot's bytes are stored with the fact. Raises NotAuthenticated, NotPermitted, Refused, what `take`
        raises, IdempotencyKeyReused, LedgerBusy.
        """
        access.require(request.by, Permission.SNAPSHOTS_PUBLISH)
        id, taken = uuid4(), cache(take)

        def decide(_: Publication | None, at: Circumstances, __: View) -> tuple[PublicationEvent, ...]:
            return publications.decide(id, command, identity_of(taken()), at)

        def published() -> tuple[PublishedBytes, ...]:
            return (PublishedBytes(id=id, position=taken()["position"], bytes=canonical(taken())),)

        stream = _Stream(id, self._ledger.publication, decide, publications.fold, published=published)
        # Not decided in vain, since that takes a snapshot.
        return self._in_turn(stream, request, _deadline(request))

    def _perform(self, stream: _Stream[State, Fact], request: Request) -> Outcome[State]:
        deadline = _deadline(request)
        try:
            return self.recorded(self._begin(stream, request, self._view(Looking.AT_MEMORY_FIRST), deadline))
        except (Overtaken, *DECLINED):
            return self._in_turn(stream, request, deadline)

    def _in_turn(self, stream: _Stream[State, Fact], request: Request, deadline: float) -> Outcome[State]:
        """Decide on what is so now. Those who were overtaken come in turn: all at once, most would be again."""
        with self._turn(stream.id, deadline):
            while True:
                try:
                    return self._attempt(stream, request, deadline)
                except Overtaken:
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
        """Decide on what is so now, and record it. Raises Overtaken where somebody was first."""
        if earlier := self._earlier(request, stream.load, stream.parties):
            return earlier
        try:
            return self.recorded(self._begin(stream, request, self._view(Looking.AT_WHAT_IS_SO), deadline))
        except DECLINED:
            # The same command, sent twice at once, may have been carried out since we looked.
            if earlier := self._earlier(request, stream.load, stream.parties):
                return earlier
            raise

    def _begin(
        self,
        stream: _Stream[State, Fact],
        request: Request,
        view: View,
        deadline: float,
        record: Callable[[Commit], Recording] | None = None,
    ) -> Begun[State]:
        before = view.state(stream.id, stream.latest)
        _require_version(before, request)
        events = stream.decide(before, self._circumstances(request, view), view)
        state = _known(stream.fold(before, events))
        organisations = {id: found for id in stream.parties(state) if (found := view.organisation(id))}
        commit = Commit(
            events=events,
            receipts=_receipts(request, events),
            snapshots=stream.published(),
            seen=view.seen_besides(stream.id),
            credential=request.token,
            within=max(LEAST_TURN_SECONDS, deadline - time.monotonic()),
        )
        recorded = record(commit) if record else self._ledger.begin(commit)
        return Begun(before=before, state=state, organisations=organisations, events=events, recorded=recorded)

    def _view(self, at: Looking) -> View:
        return View(self._memory, self._ledger.organisation, self._rates, at)

    def _earlier(
        self,
        request: Request,
        load: Callable[[UUID, int | None], State | None],
        parties: Callable[[State], Iterable[UUID]],
    ) -> Outcome[State] | None:
        """What the command with this key caused before, if it was carried out before."""
        if request.idempotency_key is None:
            return None
        receipt = self._receipts.find(request.scope, request.idempotency_key)
        if receipt is None:
            return None
        if receipt.fingerprint != request.fingerprint:
            raise IdempotencyKeyReused(request.idempotency_key)
        first, last = receipt.first_version, receipt.last_version
        state = _known(load(receipt.stream_id, last))
        entries = self._ledger.entries(receipt.stream_id, first=first, last=last)
        organisations = {id: self._ledger.organisation_at(id, entries[-1].position) for id in parties(state)}
        return Outcome(
            state=state,
            before=load(receipt.stream_id, first - 1) if first > 1 else None,
            entries=entries,
            organisations={id: found for id, found in organisations.items() if found},
            replayed=True,
        )

    def receipt(self, by: Principal, idempotency_key: str) -> Receipt | None:
        """What a command of the principal's organisation, or role, with this key caused; None where there was none."""
        return self._receipts.find(Request(actor=by.actor).scope, idempotency_key)

    def circumstances(self, request: Request) -> Circumstances:
        """What a decision made now needs to know."""
        return self._circumstances(request, self._view(Looking.AT_WHAT_IS_SO))

    def _circumstances(self, request: Request, view: View) -> Circumstances:
        return Circumstances(
            actor=request.actor,
            today=self._today(),
            command_id=unique_id(),
            idempotency_key=request.idempotency_key,
            rates=view.rate,
            organisations=view.organisation,
        )

    def _require_pledge(self, reference: str, by: Principal, view: View) -> None:
        """Make sure that the pledge that takes another's place is one that the principal may know of."""
        pledge = view.state(pledge_id(reference), self._ledger.pledge)
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


def _parties(pledge: Pledge) -> Iterable[UUID]:
    return {party.organisation for party in pledge.parties}


def _deadline(request: Request) -> float:
    return time.monotonic() + DECIDE_WITHIN_SECONDS if request.deadline is None else request.deadline


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

"""The ledger: every fact there is, folded to what is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Any, Protocol, TypeVar, cast
from uuid import UUID

from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.persistence import InfrastructureFactory, RecordConflictError

from application.ports import APPEND_WITHIN_SECONDS, Commit, PublishedBytes, Receipt
from audit.envelope import Entry, Envelopes
from domain import organisation as organisations
from domain import pledge as pledges
from domain import publication as publications
from domain.events import AnyEvent, OrganisationEvent
from domain.organisation import Organisation
from domain.pledge import Pledge
from domain.publication import Publication

FOLDED_ON_LOOP = 1_000
"""How many facts at most an event loop folds itself, which takes it some 10 ms; more are folded in a thread."""

State = TypeVar("State", Pledge, Organisation)


class History(Protocol):
    """How stored entries are read back with their positions."""

    def entries(self, stream_id: UUID, *, first: int = 1, last: int | None = None) -> Sequence[tuple[int, bytes]]:
        """Position and bytes of a stream's entries between two versions, in order."""

    async def of_each_on_loop(self, stream_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[tuple[int, bytes]]]:
        """The same of several whole streams, for an event loop; one that has no entries is left out."""

    def at(self, position: int) -> bytes | None:
        """The bytes of the entry at a position; None where there is none."""


class Recorded(Protocol):
    """An entry as it is stored: its position, its type name, when it was recorded, and the id of its fact."""

    @property
    def position(self) -> int: ...  # noqa: D102
    @property
    def type(self) -> str: ...  # noqa: D102
    @property
    def recorded_at(self) -> datetime: ...  # noqa: D102
    @property
    def event_id(self) -> UUID: ...  # noqa: D102


class Store(Protocol):
    """Where facts are recorded; `Ledger.begin` tells what is asked of it."""

    def record(self, commit: Commit) -> Sequence[Recorded]:
        """Record all of it, or nothing, and wait for that."""

    def begin(self, commit: Commit) -> Future[Sequence[Recorded]]:
        """Let all of it be recorded, or nothing."""

    def begin_on_loop(self, commit: Commit) -> asyncio.Future[Sequence[Recorded]]:
        """The same for the event loop that is running."""

    @property
    def waiting(self) -> int:
        """How many appends wait for those before them."""

    def stop(self) -> None:
        """End what does so, when all who wait for it are answered."""


class Ledger(Application[UUID]):
    """Reads histories and appends facts to them; decides nothing."""

    name = "ledger"

    def __init__(self, factory: InfrastructureFactory, envelopes: Envelopes) -> None:
        self._given_factory = factory
        self._envelopes = envelopes
        self._last_appended = 0
        super().__init__()

    def construct_factory(self, env: object) -> InfrastructureFactory:
        """The factory that the composition root chose."""
        return self._given_factory

    def pledge(self, id: UUID, version: int | None = None) -> Pledge | None:
        """The pledge as it is, or as it was after a version; None where there is none."""
        try:
            return self.repository.get(id, version=version, projector_func=pledges.fold)
        except AggregateNotFoundError:
            return None

    async def pledges_on_loop(self, ids: Sequence[UUID]) -> Mapping[UUID, Pledge]:
        """The pledges with these ids, as far as there are any, as they are; asked for together, by an event loop."""
        return await self._folded(ids, pledges.fold)

    async def organisations_on_loop(self, ids: Sequence[UUID]) -> Mapping[UUID, Organisation]:
        """The same of organisations."""
        return await self._folded(ids, organisations.fold)

    async def _folded(
        self, ids: Sequence[UUID], fold: Callable[[None, Iterable[Any]], State | None]
    ) -> Mapping[UUID, State]:
        histories = await cast("History", self.recorder).of_each_on_loop(ids)

        def folded() -> Mapping[UUID, State]:
            found = {id: fold(None, self._facts(stored)) for id, stored in histories.items()}
            return {id: state for id, state in found.items() if state}

        # Nobody else is served by the loop meanwhile.
        is_short = sum(map(len, histories.values())) <= FOLDED_ON_LOOP
        return folded() if is_short else await asyncio.to_thread(folded)

    def organisation(self, id: UUID, version: int | None = None) -> Organisation | None:
        """The organisation as it is, or as it was after a version; None where there is none."""
        try:
            return self.repository.get(id, version=version, projector_func=organisations.fold)
        except AggregateNotFoundError:
            return None

    def publication(self, id: UUID, version: int | None = None) -> Publication | None:
        """The published snapshot of this id; None where there is none."""
        try:
            return self.repository.get(id, version=version, projector_func=publications.fold)
        except AggregateNotFoundError:
            return None

    def organisation_at(self, id: UUID, position: int) -> Organisation | None:
        """The organisation as it was at a position of the ledger; None where there was none."""
        events = (entry.event for entry in self.entries(id) if entry.position <= position)
        return organisations.fold(None, cast("Iterable[OrganisationEvent]", events))

    def entries(self, stream_id: UUID, *, first: int = 1, last: int | None = None) -> tuple[Entry, ...]:
        """A stream's facts between two versions, with their positions and recorded times."""
        history = cast("History", self.recorder)
        stored = history.entries(stream_id, first=first, last=last)
        return tuple(self._envelopes.read(state, position) for position, state in stored)

    def stored(self, stream_id: UUID, *, last: int | None = None) -> Sequence[tuple[int, bytes]]:
        """Position and bytes of a stream's entries up to a version, as they are stored, readable or not."""
        return cast("History", self.recorder).entries(stream_id, last=last)

    def stored_at(self, position: int) -> bytes | None:
        """The bytes of the entry at a position, as they are stored; None where there is none."""
        return cast("History", self.recorder).at(position)

    def read(self, stored: bytes, position: int) -> Entry:
        """The fact that stored bytes hold. Raises Unreadable."""
        return self._envelopes.read(stored, position)

    def _facts(self, stored: Sequence[tuple[int, bytes]]) -> Iterable[AnyEvent]:
        return (self._envelopes.read(state, position).event for position, state in stored)

    def append(
        self,
        events: Sequence[AnyEvent],
        *,
        receipts: Sequence[Receipt] = (),
        snapshots: Sequence[PublishedBytes] = (),
        within: float = APPEND_WITHIN_SECONDS,
    ) -> tuple[Entry, ...]:
        """Record the facts, the receipts and what is published, all or none; the entries as they are stored.

        Raises RecordConflictError where another command was first, `LedgerBusy` where no turn came within so many
        seconds, and `LedgerRolledBack` where the ledger lacks what was signed.
        """
        if not events:
            return ()
        commit = Commit(events=events, receipts=receipts, snapshots=snapshots, within=within)
        return self.entries_of(events, cast("Store", self.events).record(commit))

    def begin(self, commit: Commit) -> Future[Sequence[Recorded]]:
        """Let it be recorded, without waiting for it; what the future raises is what `append` does.

        Where what the facts were decided on is no longer so, another command was first; where the token is worth
        nothing any more, the future raises TokenWorthless.
        """
        return cast("Store", self.events).begin(commit)

    def begin_on_loop(self, commit: Commit) -> asyncio.Future[Sequence[Recorded]]:
        """The same for a handler of an event loop, which waits for it without a change of threads."""
        return cast("Store", self.events).begin_on_loop(commit)

    def entries_of(self, events: Sequence[AnyEvent], recorded: Sequence[Recorded]) -> tuple[Entry, ...]:
        """The entries that the facts have become."""
        self._last_appended = max(self._last_appended, recorded[-1].position)
        return tuple(
            Entry(
                position=stored.position,
                event=event,
                event_id=stored.event_id,
                type=stored.type,
                recorded_at=stored.recorded_at,
            )
            for event, stored in zip(events, recorded, strict=True)
        )

    @property
    def waiting(self) -> int:
        """How many appends of this process wait for those before them to be committed."""
        return cast("Store", self.events).waiting

    def stop(self) -> None:
        """End what records facts, when all who wait for it are answered; the next append begins it again."""
        cast("Store", self.events).stop()

    @property
    def last_appended(self) -> int:
        """The position of the last fact that this process appended; 0 while there is none. Asks nobody."""
        return self._last_appended

    @property
    def position(self) -> int:
        """The position of the latest fact; 0 while there is none."""
        return self.recorder.max_notification_id() or 0


Overtaken = RecordConflictError
"""Another command was first: it changed what this one was decided on, or has its idempotency key."""


class TokenWorthless(Exception):
    """The token that a command came with has expired or was revoked since; nothing is recorded."""


class LedgerBusy(Exception):
    """No turn to append, or no connection, came in time; nothing is recorded by this attempt. Try again."""


class LedgerRolledBack(Exception):
    """The ledger lacks entries that were signed, and nothing is recorded in their place."""

    def __init__(self, head: int, signed: int) -> None:
        super().__init__(
            f"the ledger ends at position {head}, but was signed up to {signed}: an older backup was restored, or"
            " entries were removed"
        )

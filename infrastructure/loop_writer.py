"""Group commit for an event loop: its appends are tried in one statement, without a change of threads.

As a rule all is as the appends expect; then they are committed by that one statement, whose answer the loop waits for
among everything else it waits for. Whatever is otherwise is left to the writer of appends, which has all the time that
is needed for it: somebody was overtaken, the lock is held for long, the database refuses, or there is no connection.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from psycopg import errors

from infrastructure.append_transaction import append_as_expected
from infrastructure.append_writer import (
    ASK_AGAIN_WITHIN_SECONDS,
    LARGEST_GROUP,
    TURN_WITHIN_SECONDS,
    AppendObserver,
    AppendWriter,
)
from infrastructure.appends import Append, Appended, Obstacle, Stored
from infrastructure.loop_session import LoopSession

_NOT_MADE = (errors.LockNotAvailable, errors.QueryCanceled, errors.IntegrityError)
"""What is raised where the database answers that nothing was stored, and the same may be stored a moment later."""


@dataclass(slots=True, eq=False)
class Waiting:
    """An append of a handler that waits for its commit, until a deadline by the monotonic clock."""

    append: Append
    deadline: float
    done: asyncio.Future[Sequence[Stored]]
    begun: float = field(default_factory=time.perf_counter)


class LoopWriter:
    """Takes appends from the handlers of one event loop, and commits them in the order in which they come.

    Where there is no connection for the loop, they go to the `writer`.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        session: LoopSession,
        writer: AppendWriter,
        entries_signed: Callable[[], int],
        observer: AppendObserver,
    ) -> None:
        self.loop = loop
        self._session = session
        self._writer = writer
        self._entries_signed = entries_signed
        self._observer = observer
        self._coming: deque[Waiting] = deque()
        self._committing: asyncio.Task[None] | None = None

    def submit(self, append: Append, within: float) -> asyncio.Future[Sequence[Stored]]:
        """Let the append be made within so many seconds; what the future is done with is what `AppendWriter` says."""
        waiting = Waiting(append, time.monotonic() + within, self.loop.create_future())
        if append.snapshots:
            self._leave_to_the_writer([waiting])
            return waiting.done
        self._coming.append(waiting)
        if self._committing is None:
            self._committing = self.loop.create_task(self._commit_all())
        return waiting.done

    @property
    def waiting(self) -> int:
        """How many appends wait for the next statement."""
        return len(self._coming)

    async def _commit_all(self) -> None:
        """Commit those who wait, and those who come meanwhile."""
        while self._coming:
            await self._commit([waiting for waiting in self._group() if not waiting.done.cancelled()])
        self._committing = None

    def _group(self) -> list[Waiting]:
        """Those who share the next statement, in the order in which they came."""
        group = [self._coming.popleft()]
        entries = len(group[0].append.facts)
        while self._coming and entries + len(self._coming[0].append.facts) <= LARGEST_GROUP:
            group.append(self._coming.popleft())
            entries += len(group[-1].append.facts)
        return group

    async def _commit(self, group: Sequence[Waiting]) -> None:
        if not group:
            return
        try:
            self._answer(group, await self._appended(group))
        except _NOT_MADE:
            self._leave_to_the_writer(group)
        except Exception:  # noqa: BLE001 - whatever it is, the writer finds out what became of them, and tells
            self._leave_to_the_writer(group, may_be_stored=True)

    async def _appended(self, group: Sequence[Waiting]) -> Sequence[Appended]:
        """What became of each; nothing where it has to be asked about first."""
        connection = self._session.connection()
        if connection is None:
            return ()
        return (
            await append_as_expected(
                connection,
                [waiting.append for waiting in group],
                # Known before the turn: whatever is signed meanwhile is in the ledger.
                signed=self._entries_signed(),
                deadline=time.monotonic() + TURN_WITHIN_SECONDS,
            )
            or ()
        )

    def _answer(self, group: Sequence[Waiting], appended: Sequence[Appended]) -> None:
        """Tell those whose appends were made; the others need a second look."""
        if appended:
            self._observer.committed(sum(not isinstance(entries, Obstacle) for entries in appended))
        left: list[Waiting] = []
        for waiting, entries in zip(group, appended or [Obstacle.OVERTAKEN] * len(group), strict=True):
            if isinstance(entries, Obstacle):
                left.append(waiting)
                continue
            self._observer.appended(len(entries), time.perf_counter() - waiting.begun)
            if not waiting.done.done():
                waiting.done.set_result(entries)
        self._leave_to_the_writer(left)

    def _leave_to_the_writer(self, group: Sequence[Waiting], *, may_be_stored: bool = False) -> None:
        """Let the writer make these appends, or say why not; after a lost answer it asks what became of them first."""
        now = time.monotonic()
        for waiting in (waiting for waiting in group if not waiting.done.done()):
            within = waiting.deadline - now
            if may_be_stored:
                within = min(within, ASK_AGAIN_WITHIN_SECONDS)
            made = self._writer.submit(waiting.append, within, may_be_stored=may_be_stored)
            _tell(waiting.done, made)


def _tell(done: asyncio.Future[Sequence[Stored]], made: Future[Sequence[Stored]]) -> None:
    """Let one future be done as the other is, and an append be dropped that nobody waits for any more."""

    def tell(known: asyncio.Future[Sequence[Stored]]) -> None:
        if done.done() or known.cancelled():
            return
        if failure := known.exception():
            done.set_exception(failure)
        else:
            done.set_result(known.result())

    known = asyncio.wrap_future(made)
    known.add_done_callback(tell)
    done.add_done_callback(lambda done: known.cancel() if done.cancelled() else None)

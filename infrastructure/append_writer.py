"""Group commit: the appends that wait are committed together, by one writer for the whole process.

While one transaction is on its way to the disk, whoever comes next waits; all who have come by then share the next
one. So a lone append waits for nobody, and many wait for two commits at the most. Each is answered for itself: one
that was overtaken, or that the database refuses, fails alone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Protocol

import psycopg
from eventsourcing.persistence import IntegrityError
from psycopg import errors

from application.ledger import LedgerBusy, TokenWorthless
from infrastructure.answer import Answer
from infrastructure.appends import Append, Appended, Obstacle, Stored
from infrastructure.database import DISK_FULL, UNAVAILABLE

LARGEST_GROUP = 1_000
"""How many entries are committed together at most; an append that is larger has a transaction of its own."""

TURN_WITHIN_SECONDS = 0.25
"""How long a group waits for the ledger's lock before others join it, and who has no time left is told."""

RETRY_WAIT_SECONDS = 0.2
REST_AFTER_SECONDS = 1.0
"""How long a writer for whom nothing comes is ready for more, before it gives back what it needs for that."""

ASK_AGAIN_WITHIN_SECONDS = 0.5
"""How long an append whose connection was lost tries to learn what became of it, or to begin again."""


class AppendObserver(Protocol):
    """Whoever wants to know of appends."""

    def appended(self, entries: int, seconds: float) -> None:
        """So many entries of one append were committed, after so many seconds."""

    def committed(self, appends: int) -> None:
        """So many appends were committed together."""

    def conflicted(self) -> None:
        """Another append took the version or the idempotency key, or what was decided on is no longer so."""

    def gave_up(self) -> None:
        """No turn came in time, or the database did not answer."""


AppendTogether = Callable[[Sequence[Append], float], Sequence[Appended]]
"""Makes in one transaction those that can be made, waiting for its turn until a deadline; what became of each."""

StoredAlready = Callable[[Append], Appended]
"""The entries of an append that was made although nobody was told, or that it was overtaken."""


@dataclass(slots=True, eq=False)
class Waiting:
    """An append that waits for its commit, for so long; `tried` where it may have been committed already."""

    append: Append
    deadline: float
    done: Future[Sequence[Stored]] | Answer[Sequence[Stored]]
    begun: float = field(default_factory=time.perf_counter)
    tried: bool = False

    def still_wanted(self) -> bool:
        """Whether somebody still waits for it; who has not given up by now cannot any more."""
        if isinstance(self.done, Answer):
            return True
        return self.done.running() or self.done.set_running_or_notify_cancel()

    @property
    def in_time(self) -> bool:
        """Whether there is time left."""
        return time.monotonic() < self.deadline


class AppendWriter:
    """Takes appends from any thread, and commits them in the order in which they come.

    `rest` is called in the writer's thread where nothing came for a while.
    """

    def __init__(
        self,
        append_together: AppendTogether,
        stored_already: StoredAlready,
        rest: Callable[[], None],
        observer: AppendObserver,
    ) -> None:
        self._append_together = append_together
        self._stored_already = stored_already
        self._rest = rest
        self._observer = observer
        self._coming: SimpleQueue[Waiting | None] = SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def submit(self, append: Append, within: float, *, may_be_stored: bool = False) -> Future[Sequence[Stored]]:
        """Let the append be made within so many seconds; the entries as they are stored.

        One that `may_be_stored` was tried before, and nobody knows what became of it.

        The future raises IntegrityError where another append was first, TokenWorthless, LedgerBusy where no turn came
        in time, and what DISK_FULL names. After any of them, nothing of this append is stored, except where the
        database's answer was lost and it could not be asked again in time.
        """
        done: Future[Sequence[Stored]] = Future()
        self._put(Waiting(append, time.monotonic() + within, done, tried=may_be_stored))
        return done

    def append(self, append: Append, within: float) -> Sequence[Stored]:
        """Make the append within so many seconds, and wait for it. Raises what the future of `submit` does."""
        done: Answer[Sequence[Stored]] = Answer()
        self._put(Waiting(append, time.monotonic() + within, done))
        return done.result()

    def _put(self, waiting: Waiting) -> None:
        self._start()
        self._coming.put(waiting)

    @property
    def waiting(self) -> int:
        """How many appends wait for the next transaction."""
        return self._coming.qsize()

    def stop(self) -> None:
        """End the writer when everything that waits is answered; harmless where there is none."""
        with self._starting:
            if self._thread:
                self._coming.put(None)
                self._thread.join()
            self._thread = None

    def _start(self) -> None:
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="appends", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        left: list[Waiting] = []
        while True:
            if not left:
                first = self._next()
                if first is None:
                    return
                left = [first]
            group = self._group(left)
            left = [*self._answered(group), *left[len(group) :]]

    def _next(self) -> Waiting | None:
        """The next that comes, however long it takes; None to stop."""
        try:
            first = self._coming.get(timeout=REST_AFTER_SECONDS)
        except Empty:
            self._rest()
            first = self._coming.get()
        if first is None:
            self._rest()
        return first

    def _group(self, left: list[Waiting]) -> list[Waiting]:
        """Those who share the next transaction: those left over first, then those who came since."""
        entries = 0
        for n, waiting in enumerate(self._all_waiting(left)):
            entries += len(waiting.append.facts)
            if n and entries > LARGEST_GROUP:
                return left[:n]
        return list(left)

    def _all_waiting(self, left: list[Waiting]) -> Iterable[Waiting]:
        """Those left over, and those that come; each of these is left over from now on."""
        yield from list(left)
        while True:
            try:
                coming = self._coming.get_nowait()
            except Empty:
                return
            if coming is None:  # to stop: after all who came before
                self._coming.put(None)
                return
            left.append(coming)
            yield coming

    def _answered(self, group: Sequence[Waiting]) -> list[Waiting]:
        """The same as `_commit`; a fault of ours is told to those who wait, and ends the writer for nobody else."""
        try:
            return self._commit(group)
        except Exception as fault:  # noqa: BLE001 - whatever it is, somebody waits to be told
            return self._all_fail([waiting for waiting in group if not waiting.done.done()], fault)

    def _commit(self, group: Sequence[Waiting]) -> list[Waiting]:
        """Answer those of a group who can be answered; the others, who are to be tried again."""
        group = self._in_time([waiting for waiting in group if waiting.still_wanted()])
        if not group:
            return []
        try:
            appended = self._append_together([w.append for w in group], _turn_until(group))
        except DISK_FULL as full:
            return self._all_fail(group, full)
        except (errors.LockNotAvailable, errors.QueryCanceled):
            return self._in_time(group)
        except UNAVAILABLE as lost:
            return self._try_again(group, lost)
        except psycopg.IntegrityError:
            return self._each_alone(group, taken=True)
        except Exception as fault:  # noqa: BLE001 - whatever it is, somebody waits to be told
            return self._each_alone(group) if len(group) > 1 else self._all_fail(group, fault)
        self._observer.committed(sum(not isinstance(entries, Obstacle) for entries in appended))
        for waiting, entries in zip(group, appended, strict=True):
            self._answer(waiting, entries)
        return []

    def _each_alone(self, group: Sequence[Waiting], *, taken: bool = False) -> list[Waiting]:
        """Let one that the database refuses fail without the others."""
        if len(group) > 1:
            return [again for waiting in group for again in self._commit([waiting])]
        if taken:
            self._answer(group[0], Obstacle.OVERTAKEN)
        return []

    def _answer(self, waiting: Waiting, entries: Appended) -> None:
        # An earlier try may have been committed although its acknowledgement was lost.
        if isinstance(entries, Obstacle) and waiting.tried:
            try:
                stored = self._stored_already(waiting.append)
                entries = entries if isinstance(stored, Obstacle) else stored
            except UNAVAILABLE as lost:
                self._busy(waiting, "the database does not answer", lost)
                return
        match entries:
            case Obstacle.OVERTAKEN:
                self._observer.conflicted()
                waiting.done.set_exception(IntegrityError("another command was first"))
            case Obstacle.TOKEN_WORTHLESS:
                waiting.done.set_exception(TokenWorthless("the token has expired or was revoked"))
            case _:
                self._observer.appended(len(entries), time.perf_counter() - waiting.begun)
                waiting.done.set_result(entries)

    def _in_time(self, group: Sequence[Waiting]) -> list[Waiting]:
        """Those who have time left; the others are told that no turn came."""
        for waiting in group:
            if not waiting.in_time:
                self._busy(waiting, "no turn to append came in time")
        return [waiting for waiting in group if not waiting.done.done()]

    def _try_again(self, group: Sequence[Waiting], lost: Exception) -> list[Waiting]:
        """Wait a moment for the database; those who have time for it."""
        now = time.monotonic()
        for waiting in group:
            if not waiting.tried:
                waiting.tried = True
                waiting.deadline = min(waiting.deadline, now + ASK_AGAIN_WITHIN_SECONDS)
            if now + RETRY_WAIT_SECONDS >= waiting.deadline:
                self._busy(waiting, "the database does not answer", lost)
        again = [waiting for waiting in group if not waiting.done.done()]
        if again:
            time.sleep(RETRY_WAIT_SECONDS)
        return again

    def _busy(self, waiting: Waiting, reason: str, cause: Exception | None = None) -> None:
        self._observer.gave_up()
        busy = LedgerBusy(reason)
        busy.__cause__ = cause
        waiting.done.set_exception(busy)

    @staticmethod
    def _all_fail(group: Sequence[Waiting], fault: Exception) -> list[Waiting]:
        for waiting in group:
            waiting.done.set_exception(fault)
        return []


def _turn_until(group: Sequence[Waiting]) -> float:
    return min(time.monotonic() + TURN_WITHIN_SECONDS, *(waiting.deadline for waiting in group))

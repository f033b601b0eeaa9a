"""The runner: one thread that keeps all read models up with the ledger, one active in all processes together."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection, sql
from psycopg.rows import DictRow

from audit.envelope import Envelopes
from projections import ledger_entries, tracking
from projections.bell import Bell
from projections.catalogue import READ_MODELS
from projections.database import REBUILD_LOCKS, Pool, lock_number
from projections.deputy import Deputy, News
from projections.election import candidate, elect, give_up_if_hung
from projections.following import Follower
from projections.ledger_entries import EntryReader
from projections.progress import Progress, Tell
from projections.read_model import ReadModel, create_missing
from projections.rebuild import RebuildUnderWay, Report, rebuild
from projections.rebuild_aside import RebuildsAside
from projections.rebuild_progress import ProgressLog

BATCH = 5_000
"""At most so many entries are applied at once, however many wait: so many that what each batch costs is not seen."""

GATHER_SECONDS = 0.1
"""How long a runner that just applied something lets entries gather, where nobody waits for them: a round costs as much
as many entries do, and what it costs is taken from those who append."""

MUCH_TO_FOLLOW_ROUNDS, MUCH_TO_FOLLOW_ENTRIES = 3, 100
"""After so many rounds without a pause, in which there were so many entries, a runner calls its deputy: its own work
takes the interpreter from those who are served."""

LOOK_ANYWAY_SECONDS = 5.0
"""How often the ledger is looked at where no notification came."""

REBUILT_LOOK_SECONDS = 0.25
"""How often it is looked whether another process has built a read model again."""

FIRST_WAIT_SECONDS, LAST_WAIT_SECONDS = 0.25, 2.0
"""How long a runner waits for a database that does not answer, doubling; it costs nothing to ask."""

POOL_WAIT_SECONDS = 3.0

STAND_AGAIN_SECONDS = 0.5
"""How often a runner that waits for its turn stands for election."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadModelStatus:
    """How a read model is doing.

    `lag` is the number of entries it does not tell yet, `recorded_at` the time of the last one it does. `error`
    says why it stands still, where it does; `rebuilding` whether it is being built again.
    """

    position: int
    recorded_at: datetime | None
    lag: int
    error: str | None
    rebuilding: bool


class ReadModelFailed(Exception):
    """Read models that stand still, since an entry cannot be applied; the message says which and why."""


class Stopped(Exception):
    """The runner is to stop, and with it the rebuild it began."""


class ProjectionRunner:
    """Keeps the read models up with the ledger. Any number may run on one database: one of them is active.

    While there is much to follow, `deputy` does it, if there is one. `tell_on` is told how far this runner is.
    """

    def __init__(
        self,
        pool: Pool,
        envelopes: Envelopes,
        *,
        channel: str,
        models: Sequence[ReadModel] = READ_MODELS,
        batch: int = BATCH,
        deputy: Deputy | None = None,
        tell_on: Tell = lambda reached: None,
    ) -> None:
        self._pool = pool
        self._deputy = deputy
        self._envelopes = envelopes
        self._channel = channel
        self._models = {model.name: model for model in models}
        self._batch = batch
        self._progress = Progress(self._reached, tell_on)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._bell = Bell()
        self._rebuilds = RebuildsAside(self._rebuild_unless_stopping, self._bell.ring)
        self._leading = False
        self._problem: str | None = None

    @property
    def leading(self) -> bool:
        """Whether this is the active runner."""
        return self._leading

    @property
    def problem(self) -> str | None:
        """What keeps the thread from working at all, such as a database that is away; None while nothing does."""
        return self._problem

    def prepare(self) -> None:
        """Create tables that are missing, so that readers find them, if empty."""
        if create_missing(self._pool, self._models.values()):
            self._progress.forget()

    def start(self) -> None:
        """Follow the ledger in a thread of its own, from now until `stop`; nothing but `stop` ends it."""
        if self._thread and self._thread.is_alive():
            return
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="projections", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread when the batch in hand is applied; harmless where there is none."""
        self._stopping.set()
        self._bell.ring()
        self._progress.gathered()
        if self._thread:
            self._thread.join()
        if self._deputy:
            self._deputy.dismiss()
        self._rebuilds.join()
        self._thread = None

    def catch_up(self) -> int:
        """Bring all read models to the ledger's present head; the position.

        Applies what is missing in this thread, or waits for the active runner to have done so. Raises
        ReadModelFailed where a read model stands still, psycopg.Error where the database does not answer.
        """
        self.prepare()
        with self._pool.connection() as connection:
            target = ledger_entries.head(connection)
        while not self._all_at(target):
            with candidate(self._pool) as connection:
                if elect(connection):
                    self._apply_up_to(target, connection)
                    return target
            self._require_no_error(target)
            self._progress.wait_until(target, STAND_AGAIN_SECONDS / 5, self._models)
        return target

    def wait_until(self, position: int, timeout: float, *names: str) -> bool:
        """Wait, at most `timeout` seconds, for these read models (or all) to reach a position; whether they have."""
        return self._progress.wait_until(position, timeout, names or self._models)

    def told(self, name: str) -> int:
        """How far a read model is as far as this process knows, 0 where it knows nothing. Asks nobody."""
        return self._progress.told(name)

    def hurry(self) -> None:
        """Let entries gather no longer, since somebody waits for them."""
        self._progress.gathered()

    def status(self) -> Mapping[str, ReadModelStatus]:
        """How each read model is doing, whichever process keeps it. Raises psycopg.Error."""
        with self._pool.connection() as connection:
            head = ledger_entries.head(connection)
            tracked = tracking.read(connection, self._models.values())
            rebuilding = _rebuilding(connection)
        return {
            name: ReadModelStatus(
                position=t.position,
                recorded_at=t.recorded_at,
                lag=max(head - t.position, 0),
                error=t.error,
                rebuilding=lock_number(name) in rebuilding,
            )
            for name, t in tracked.items()
        }

    def rebuild(self, name: str, report: Report) -> None:
        """Build a read model again while readers are served; see `projections.rebuild.rebuild` for what it raises.

        Raises KeyError for a name that no read model has.
        """
        self.rebuild_together([name], report)

    def rebuild_together(self, names: Iterable[str], report: Report) -> None:
        """The same of several read models, for which the ledger is read once."""
        rebuild(self._pool, [self._models[name] for name in names], self._envelopes, report)

    def _run(self) -> None:
        wait = FIRST_WAIT_SECONDS
        while not self._stopping.is_set():
            try:
                self.prepare()
                if self._deputy and self._deputy.is_here:
                    self._let_follow(self._deputy)
                    continue
                with candidate(self._pool) as connection:
                    self._problem = None
                    wait = FIRST_WAIT_SECONDS
                    if self._elected(connection):
                        self._lead(connection)
            except Exception as fault:  # noqa: BLE001 - whatever it is, only `stop` ends the thread
                problem = str(fault) or repr(fault)
                if problem != self._problem:
                    _log.warning("the read models are not kept up; trying until they are", exc_info=fault)
                self._problem = problem
                self._stopping.wait(wait)
                wait = min(wait * 2, LAST_WAIT_SECONDS)

    def _elected(self, connection: Connection[DictRow]) -> bool:
        """Wait to be elected; False where the runner is to stop before. It stands again where somebody waits for it."""
        while not elect(connection):
            self._progress.let_gather(STAND_AGAIN_SECONDS)
            if self._stopping.is_set():
                return False
        return True

    def _lead(self, connection: Connection[DictRow]) -> None:
        self._progress.runner_came()
        self._leading = True
        try:
            give_up_if_hung(connection)
            connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._channel)))
            follower = self._follower(connection, self._rebuilds.see_to)
            rounds, since = 0, self._furthest
            while not self._stopping.is_set() and not self._is_relieved(rounds, since):
                if follower.round():
                    rounds += 1
                    self._progress.let_gather(GATHER_SECONDS)
                else:
                    rounds, since = 0, self._furthest
                    self._idle(connection, follower.next_retry)
        finally:
            self._leading = False
            self._progress.runner_left()

    def _is_relieved(self, rounds: int, since: int) -> bool:
        """Whether the deputy has come, who is called after so many rounds, and entries, without a pause."""
        if self._deputy is None or self._rebuilds.under_way:
            return False
        if rounds >= MUCH_TO_FOLLOW_ROUNDS and self._furthest >= since + MUCH_TO_FOLLOW_ENTRIES:
            self._deputy.call()
        return self._deputy.is_here

    @property
    def _furthest(self) -> int:
        """How far the read model is that is furthest."""
        return max(map(self._progress.told, self._models), default=0)

    def _let_follow(self, deputy: Deputy) -> None:
        """Do nothing but pass on what the deputy tells, until it has gone."""

        def told(news: News) -> None:
            if news.leading and not self._leading:
                self._progress.runner_came(deputy.hurry)
            elif self._leading and not news.leading:
                self._progress.runner_left()
            self._leading, self._problem = news.leading, news.problem
            self._progress.tell(news.reached)

        deputy.hurry()  # it is to stand for election now
        try:
            deputy.follow(self._bell, told)
        finally:
            self._leading = False
            self._progress.runner_left()
            deputy.dismiss()

    def _idle(self, connection: Connection[DictRow], retry_at: float | None) -> None:
        """Wait for a notification, for the time to look anyway, or until it is called to stop or to a rebuild."""
        until = min(time.monotonic() + LOOK_ANYWAY_SECONDS, retry_at or math.inf)
        while not self._stopping.is_set() and (now := time.monotonic()) < until and not self._rebuilds.ended():
            if list(connection.notifies(timeout=0)):  # of which some may have come with other answers
                return
            self._bell.wait(connection, until - now)

    def _apply_up_to(self, target: int, connection: Connection[DictRow]) -> None:
        follower = self._follower(connection, self._rebuild_here)
        while not self._all_at(target):
            if not follower.round() and follower.failures:
                raise ReadModelFailed("; ".join(f"{name}: {f.error}" for name, f in follower.failures.items()))

    def _follower(self, connection: Connection[DictRow], rebuild: Callable[[ReadModel], bool]) -> Follower:
        reader = EntryReader(self._envelopes, self._batch)
        return Follower(connection, list(self._models.values()), reader, self._progress, rebuild)

    def _rebuild_here(self, model: ReadModel) -> bool:
        try:
            self.rebuild(model.name, ProgressLog(model.name))
        except RebuildUnderWay:
            time.sleep(REBUILT_LOOK_SECONDS)
        return True

    def _rebuild_unless_stopping(self, model: ReadModel) -> None:
        log = ProgressLog(model.name)

        def report(done: int, total: int) -> None:
            if self._stopping.is_set():
                raise Stopped
            log(done, total)

        self.rebuild(model.name, report)

    def _require_no_error(self, target: int) -> None:
        behind = {name: s for name, s in self.status().items() if s.position < target and s.error}
        if behind:
            raise ReadModelFailed("; ".join(f"{name}: {s.error}" for name, s in behind.items()))

    def _all_at(self, target: int) -> bool:
        return all(position >= target for position in self._reached(POOL_WAIT_SECONDS).values())

    def _reached(self, seconds: float) -> Mapping[str, int]:
        with self._pool.connection(timeout=seconds) as connection:
            tracked = tracking.read(connection, self._models.values())
        return {name: t.position for name, t in tracked.items()}


def _rebuilding(connection: Connection[DictRow]) -> frozenset[int]:
    """The lock numbers of the read models that some session is rebuilding."""
    locks = connection.execute(
        "SELECT objid FROM pg_catalog.pg_locks"
        " WHERE locktype = 'advisory' AND classid = %s AND objsubid = 2 AND granted"
        " AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())",
        (REBUILD_LOCKS,),
    ).fetchall()
    return frozenset(int(lock["objid"]) for lock in locks)

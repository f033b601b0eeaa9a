"""Building read models again from the whole ledger, while readers are served from the tables there are.

The new tables are built in a schema beside, `<name>_rebuild`, and filled from whole histories where a read model can
be: folded in memory, and copied in once. When they have caught up, one short transaction stops whoever follows the
ledger, applies the last entries, and exchanges the schemas by renaming them.

Each read model has a thread and a connection of its own: what the database does for one, it does while this process
makes the rows of another.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial

from psycopg import Connection, Cursor, errors, sql
from psycopg.rows import DictRow

from audit.envelope import Envelopes
from projections import ledger_entries, tracking
from projections.collecting import seldom_collected
from projections.database import REBUILD_LOCKS, Pool, lock_number
from projections.histories import History, undivided
from projections.ledger_entries import EntryReader, LedgerView
from projections.read_model import ReadModel, create, create_missing, drop, enter

BATCH = 10_000

EXCHANGE_WITHIN_SECONDS = 120.0

Report = Callable[[int, int], None]
"""Is told the position that is reached and the one to reach; what it raises ends the rebuild."""

_UNBOUNDED = {
    "synchronous_commit": "off",  # a crash ends the rebuild anyway
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}


class RebuildUnderWay(Exception):
    """Another session is rebuilding this read model."""


class ExchangeImpossible(Exception):
    """Somebody kept using the old tables for so long that they could not be exchanged; they are as before."""


def rebuild(
    pool: Pool, models: Sequence[ReadModel], envelopes: Envelopes, report: Report, *, batch: int = BATCH
) -> None:
    """Build read models from the first entry on, and put them in the place of what is there.

    Every entry is read once for all of them. Raises RebuildUnderWay, ExchangeImpossible, and what a read model raises
    for an entry it fails on; then the tables that were not exchanged yet are as before. A rebuild that was killed
    leaves nothing that a later one minds.
    """
    create_missing(pool, models)
    with pool.connection() as connection, ExitStack() as held:
        for model in models:
            held.enter_context(_alone(connection, model))
        new = [
            Shadow(held.enter_context(pool.connection()), model, EntryReader(envelopes, batch), report)
            for model, report in zip(models, _of_the_slowest(report, len(models)), strict=True)
        ]
        with seldom_collected():
            _build(new, LedgerView(connection, envelopes), ledger_entries.head(connection), batch)


@contextmanager
def _alone(connection: Connection[DictRow], model: ReadModel) -> Iterator[None]:
    lock = (REBUILD_LOCKS, lock_number(model.name))
    row = connection.execute("SELECT pg_try_advisory_lock(%s, %s) AS ours", lock).fetchone()
    if row is None or not row["ours"]:
        raise RebuildUnderWay(f"{model.name} is being rebuilt by another session")
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s, %s)", lock)


def _build(new: Sequence[Shadow], ledger: LedgerView, until: int, largest: int) -> None:
    """Let all of them tell everything up to a position at least and take over, each in a thread of its own."""
    with ExitStack() as held:
        threads = [(held.enter_context(ThreadPoolExecutor(1)), each) for each in new]
        alone = [thread.submit(each.build_alone, until, largest) for thread, each in threads if not each.built]
        built = [(thread, each) for thread, each in threads if each.built]
        before = [thread.submit(each.begin, until) for thread, each in built]
        for histories in undivided(ledger.by_history(until, largest), largest) if built else ():
            # The next ones are read while these are written: no more than two parts are in memory.
            _wait_for(before)
            before = [thread.submit(each.add, histories, until) for thread, each in built]
        _wait_for(
            [
                *alone,
                *(thread.submit(each.end, until, last) for (thread, each), last in zip(built, before, strict=True)),
            ]
        )


def _wait_for(work: Iterable[Future[None]]) -> None:
    """Raises what ended any of it."""
    for each in work:
        each.result()


def _of_the_slowest(report: Report, many: int) -> Sequence[Report]:
    """A report for each of so many, in whatever threads they are: what is told is how far the slowest has got."""
    reached, one_by_one = [0] * many, threading.Lock()

    def of_one(which: int, done: int, total: int) -> None:
        with one_by_one:
            reached[which] = done
            report(min(reached), total)

    return [partial(of_one, which) for which in range(many)]


class Shadow:
    """The tables that are being built beside those that readers see."""

    def __init__(self, connection: Connection[DictRow], model: ReadModel, reader: EntryReader, report: Report) -> None:
        self._connection = connection
        self._model = model
        self._reader = reader
        self._report = report
        self._builder = model.builder() if model.builder else None
        self._name = f"{model.name}_rebuild"
        self._retired = f"{model.name}_retired"
        self._position = 0
        self._added = 0

    @property
    def built(self) -> bool:
        """Whether they are made from whole histories."""
        return self._builder is not None

    def begin(self, until: int) -> None:
        """Make them, without what an earlier rebuild left behind."""
        self._drop_retired()
        with self._connection.transaction():
            drop(self._connection, self._name)
            create(self._connection, self._model, self._name, version=self._model.version)
        self._report(0, until)

    def add(self, histories: Sequence[History], until: int) -> None:
        """Write what these histories tell."""
        if self._builder:
            self._write(partial(self._builder.add, histories=histories))
        self._added += sum(len(history.entries) for history in histories)
        self._report(self._added, until)

    def end(self, until: int, before: Future[None]) -> None:
        """Take the place of the old tables, where all histories up to a position were written."""
        before.result()
        if self._builder:
            self._write(self._builder.finish)
        self._reach(until)
        self._replace_live()

    def build_alone(self, until: int, largest: int) -> None:
        """All of it without whole histories: by statements where they can do it, or by following the ledger."""
        self.begin(until)
        while self._model.positions and self._position < until:
            position = min(self._position + largest, until)
            self._write(partial(self._model.positions, position=position))
            self._reach(position)
            self._report(position, until)
        self._replace_live()

    def _write(self, change: Callable[[Cursor[DictRow]], None]) -> None:
        with self._connection.transaction(), self._connection.cursor() as cursor:
            enter(self._connection, self._name, **_UNBOUNDED)
            change(cursor)

    def _reach(self, position: int) -> None:
        """Note that the tables tell everything up to a position."""
        self._write(partial(_reached, position=position))
        self._position = position

    def _catch_up(self) -> None:
        """Apply everything up to the ledger's head."""
        self._report(self._position, ledger_entries.head(self._connection))
        while self._step():
            self._report(self._position, ledger_entries.head(self._connection))

    def _index(self) -> None:
        """Make what readers need, and whoever follows the ledger."""
        with self._connection.transaction():
            enter(self._connection, self._name, **_UNBOUNDED)
            self._connection.execute(self._model.indexes.encode())

    def _analyze(self) -> None:
        """Let the planner know what is in the tables."""
        with self._connection.transaction():
            enter(self._connection, self._name, **_UNBOUNDED)
            for table in sorted(self._model.table_names):
                self._connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))

    def _replace_live(self) -> None:
        """Take the place of the tables that readers see. Raises ExchangeImpossible."""
        self._index()
        self._catch_up()
        self._analyze()
        deadline = time.monotonic() + EXCHANGE_WITHIN_SECONDS
        while True:
            self._catch_up()
            try:
                self._exchange()
            except errors.LockNotAvailable as busy:
                if time.monotonic() >= deadline:
                    raise ExchangeImpossible(f"{self._model.name} is in use without a pause") from busy
                time.sleep(0.1)
            else:
                break
        self._drop_retired()

    def _exchange(self) -> None:
        live = sql.Identifier(self._model.name, "tracking")
        with self._connection.transaction():
            # Those who come after us wait for as long as we do: short, and then let them through.
            enter(self._connection, self._name, lock_timeout="500ms")
            # Nobody applies anything from here on; readers read.
            self._connection.execute(sql.SQL("LOCK TABLE {} IN EXCLUSIVE MODE").format(live))
            reached = tracking.read(self._connection, [self._model])[self._model.name].position
            while self._position < reached and self._step():
                pass
            # A statement that has found this table has found all the old ones; those that have not will find the new.
            self._connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(live))
            self._rename(self._model.name, self._retired)
            self._rename(self._name, self._model.name)

    def _step(self) -> bool:
        """Apply the next batch; whether there was one."""
        batch = self._reader.after(self._connection, self._position)
        if batch.unreadable and not batch.entries:
            raise batch.unreadable
        if not batch.entries:
            return False
        tracking.apply_in(self._connection, self._model, batch, self._name, **_UNBOUNDED)
        self._position = batch.position
        return True

    def _rename(self, old: str, new: str) -> None:
        self._connection.execute(
            sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new))
        )

    def _drop_retired(self) -> None:
        with self._connection.transaction():
            # Readers that found the old tables still have them; nobody new comes.
            enter(self._connection, "pg_catalog", lock_timeout="60s", statement_timeout="0")
            drop(self._connection, self._retired)


def _reached(cursor: Cursor[DictRow], position: int) -> None:
    cursor.execute(
        "UPDATE tracking SET position = notification_id, recorded_at = events.recorded_at"
        " FROM ledger.events WHERE notification_id = %s",
        (position,),
    )

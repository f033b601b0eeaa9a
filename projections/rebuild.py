"""Building read models again from the whole ledger, while readers are served from the tables there are.

The new tables are built in a schema beside, `<name>_rebuild`, and filled from whole histories where a read model can
be: folded in memory, and copied in once. When they have caught up, one short transaction stops whoever follows the
ledger, applies the last entries, and exchanges the schemas by renaming them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

from psycopg import Connection, Cursor, errors, sql
from psycopg.rows import DictRow

from audit.envelope import Envelopes
from projections import ledger_entries, tracking
from projections.collecting import seldom_collected
from projections.database import REBUILD_LOCKS, Pool, lock_number
from projections.histories import undivided
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
    with pool.connection() as connection, ExitStack() as alone:
        for model in models:
            alone.enter_context(_alone(connection, model))
        reader = EntryReader(envelopes, batch)
        new = [Shadow(connection, model, reader) for model in models]
        for each in new:
            each.create()
        with seldom_collected():
            _fill(connection, new, envelopes, batch, report)
        for each in new:
            each.catch_up(report)
            each.index()
            each.replace_live(report)


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


def _fill(
    connection: Connection[DictRow], new: Sequence[Shadow], envelopes: Envelopes, largest: int, report: Report
) -> None:
    """Bring tables that can be filled faster than by following the ledger up to its present head."""
    until, done = ledger_entries.head(connection), 0
    built = [(shadow, shadow.model.builder()) for shadow in new if shadow.model.builder]
    grown = [shadow for shadow in new if shadow.model.positions]
    report(done, until)
    if built:
        for histories in undivided(LedgerView(connection, envelopes).by_history(until, largest), largest):
            for shadow, builder in built:
                shadow.write(partial(builder.add, histories=histories))
            done += sum(len(history.entries) for history in histories)
            _grow(grown, done)
            report(done, until)
        for shadow, builder in built:
            shadow.write(builder.finish)
            shadow.reach(until)
    while grown and done < until:
        done = min(done + largest, until)
        _grow(grown, done)
        report(done, until)


def _grow(grown: Sequence[Shadow], position: int) -> None:
    for shadow in grown:
        shadow.grow(position)


class Shadow:
    """The tables that are being built beside those that readers see."""

    def __init__(self, connection: Connection[DictRow], model: ReadModel, reader: EntryReader) -> None:
        self._connection = connection
        self.model = model
        self._reader = reader
        self._name = f"{model.name}_rebuild"
        self._retired = f"{model.name}_retired"
        self._position = 0

    def create(self) -> None:
        """Begin, without what an earlier rebuild left behind."""
        self._drop_retired()
        with self._connection.transaction():
            drop(self._connection, self._name)
            create(self._connection, self.model, self._name, version=self.model.version)

    def write(self, change: Callable[[Cursor[DictRow]], None]) -> None:
        """Change the tables."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
            enter(self._connection, self._name, **_UNBOUNDED)
            change(cursor)

    def reach(self, position: int) -> None:
        """Note that the tables tell everything up to a position."""
        self.write(partial(_reached, position=position))
        self._position = position

    def grow(self, position: int) -> None:
        """Bring the tables up to a position by statements alone."""
        if self.model.positions:
            self.write(partial(self.model.positions, position=position))
            self.reach(position)

    def catch_up(self, report: Report) -> None:
        """Apply everything up to the ledger's head."""
        report(self._position, ledger_entries.head(self._connection))
        while self._step():
            report(self._position, ledger_entries.head(self._connection))

    def index(self) -> None:
        """Make what readers need."""
        with self._connection.transaction():
            enter(self._connection, self._name, **_UNBOUNDED)
            self._connection.execute(self.model.indexes.encode())
            for table in sorted(self.model.table_names):
                self._connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))

    def replace_live(self, report: Report) -> None:
        """Take the place of the tables that readers see. Raises ExchangeImpossible."""
        deadline = time.monotonic() + EXCHANGE_WITHIN_SECONDS
        while True:
            self.catch_up(report)
            try:
                self._exchange()
            except errors.LockNotAvailable as busy:
                if time.monotonic() >= deadline:
                    raise ExchangeImpossible(f"{self.model.name} is in use without a pause") from busy
                time.sleep(0.1)
            else:
                break
        self._drop_retired()

    def _exchange(self) -> None:
        live = sql.Identifier(self.model.name, "tracking")
        with self._connection.transaction():
            # Those who come after us wait for as long as we do: short, and then let them through.
            enter(self._connection, self._name, lock_timeout="500ms")
            # Nobody applies anything from here on; readers read.
            self._connection.execute(sql.SQL("LOCK TABLE {} IN EXCLUSIVE MODE").format(live))
            reached = tracking.read(self._connection, [self.model])[self.model.name].position
            while self._position < reached and self._step():
                pass
            # A statement that has found this table has found all the old ones; those that have not will find the new.
            self._connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(live))
            self._rename(self.model.name, self._retired)
            self._rename(self._name, self.model.name)

    def _step(self) -> bool:
        """Apply the next batch; whether there was one."""
        batch = self._reader.after(self._connection, self._position)
        if batch.unreadable and not batch.entries:
            raise batch.unreadable
        if not batch.entries:
            return False
        tracking.apply_in(self._connection, self.model, batch, self._name, **_UNBOUNDED)
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

"""Building a read model again from the whole ledger, while readers are served from the tables there are.

The new tables are built in a schema beside, `<name>_rebuild`. When they have caught up, one short transaction
stops whoever follows the ledger, applies the last entries, and exchanges the schemas by renaming them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from psycopg import Connection, errors, sql
from psycopg.rows import DictRow

from audit.envelope import Envelopes
from projections import ledger_entries, tracking
from projections.database import REBUILD_LOCKS, Pool, lock_number
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


def rebuild(pool: Pool, model: ReadModel, envelopes: Envelopes, report: Report, *, batch: int = BATCH) -> None:
    """Build the read model from the first entry on, and put it in the place of what is there.

    Raises RebuildUnderWay, ExchangeImpossible, and what the read model raises for an entry it fails on; then the
    tables are as before. A rebuild that was killed leaves nothing that a later one minds.
    """
    create_missing(pool, [model])
    with pool.connection() as connection, _alone(connection, model):
        new = Shadow(connection, model, EntryReader(envelopes, batch))
        new.create()
        if model.by_history:
            new.load_histories(ledger_entries.head(connection), envelopes, batch, report)
        new.catch_up(report)
        new.index()
        new.replace_live(report)


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


class Shadow:
    """The tables that are being built beside those that readers see."""

    def __init__(self, connection: Connection[DictRow], model: ReadModel, reader: EntryReader) -> None:
        self._connection = connection
        self._model = model
        self._reader = reader
        self._name = f"{model.name}_rebuild"
        self._retired = f"{model.name}_retired"
        self._position = 0

    def create(self) -> None:
        """Begin, without what an earlier rebuild left behind."""
        self._drop_retired()
        with self._connection.transaction():
            drop(self._connection, self._name)
            create(self._connection, self._model, self._name, version=self._model.version)

    def load_histories(self, until: int, envelopes: Envelopes, largest: int, report: Report) -> None:
        """Apply everything up to a position, one history after the other."""
        done = 0
        for entries in LedgerView(self._connection, envelopes).by_history(until, largest):
            report(done, until)
            with self._connection.transaction(), self._connection.cursor() as cursor:
                enter(self._connection, self._name, **_UNBOUNDED)
                self._model.apply(cursor, entries)
            done += len(entries)
        with self._connection.transaction():
            enter(self._connection, self._name)
            self._connection.execute(
                "UPDATE tracking SET position = notification_id, recorded_at = events.recorded_at"
                " FROM ledger.events WHERE notification_id = %s",
                (until,),
            )
        self._position = until

    def catch_up(self, report: Report) -> None:
        """Apply everything up to the ledger's head."""
        report(self._position, ledger_entries.head(self._connection))
        while self._step():
            report(self._position, ledger_entries.head(self._connection))

    def index(self) -> None:
        """Make what readers need."""
        with self._connection.transaction():
            enter(self._connection, self._name, **_UNBOUNDED)
            self._connection.execute(self._model.indexes.encode())
            for table in sorted(self._model.table_names):
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

"""Measures reading the whole ledger, and rebuilding: `python -m benchmarks.streaming [PLEDGES EVENTS]`.

Against the stock library: its notification log, which neither decodes nor hashes, and read models kept up by a
transaction for each event, as its ProjectionRunner does it, here with our own read models. Every round measures
everything once, so that what else the machine does meets all alike.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import tuple_row
from rich.console import Console
from rich.table import Table

from audit import decoding
from audit.envelope import Envelopes
from audit.merkle import leaf_hashes
from benchmarks.point_in_time import fill
from infrastructure.bootstrap import Service, open_on
from infrastructure.embedded_postgres import EmbeddedPostgres
from projections import tracking
from projections.catalogue import READ_MODELS
from projections.ledger_entries import EntryReader
from projections.rebuild import Shadow

ROUNDS = 3
STOCK_PAGE = 1_000
ROWS = 10_000
SINGLY = 300
"""So many events are applied in a transaction each; more would only take longer."""

Run = Callable[[], int]


def stock_log(conninfo: str) -> Run:
    """The stock recorder's notifications, from the same table, which has the library's columns."""
    given = conninfo_to_dict(conninfo)
    datastore = PostgresDatastore(
        str(given["dbname"]), str(given["host"]), str(given["port"]), str(given["user"]), "", schema="ledger"
    )
    recorder = PostgresApplicationRecorder(datastore, events_table_name="events")

    def run() -> int:
        position = done = 0
        while page := recorder.select_notifications(position + 1, STOCK_PAGE):
            position, done = page[-1].id, done + len(page)
        return done

    return run


def rows(service: Service) -> Iterator[list[bytes]]:
    """The ledger's rows in large batches."""
    position = 0
    with service.pool.connection() as connection, connection.cursor(row_factory=tuple_row) as cursor:
        while found := cursor.execute(
            "SELECT notification_id, state FROM ledger.events WHERE notification_id > %s"
            " ORDER BY notification_id LIMIT %s",
            (position, ROWS),
            binary=True,
        ).fetchall():
            position = found[-1][0]
            yield [state for _, state in found]


def from_rows(service: Service) -> int:
    """Every entry from its row, its envelope decoded and its leaf hashed."""
    done = 0
    for block in rows(service):
        for entry in block:
            decoding.envelope(entry)
        done += len(leaf_hashes(block))
    return done


def facts(service: Service) -> int:
    """Every fact, whole, and its leaf hashed."""
    envelopes, done = Envelopes(), 0
    for block in rows(service):
        for position, entry in enumerate(block, done + 1):
            envelopes.read(entry, position)
        done += len(leaf_hashes(block))
    return done


def sealed(service: Service) -> int:
    """Every entry from the sealed bundles, its envelope decoded, its leaf hashed and held against the tree."""
    done = 0
    for block in service.transparency.proven(service.transparency.size()):
        for entry in block:
            decoding.envelope(entry)
        done += len(block)
    return done


def singly(service: Service) -> int:
    """The first events, told to each read model, each in a transaction of its own that is flushed to disk."""
    with service.pool.connection() as connection:
        reader = EntryReader(Envelopes(), SINGLY)
        batch = reader.after(connection, 0)
        for model in READ_MODELS:
            Shadow(connection, model, reader).create()
            for single in batch.singly():
                tracking.apply_in(connection, model, single, f"{model.name}_rebuild")
    return len(batch.entries)


def rebuilt(service: Service) -> int:
    """Everything told to all read models together, indexes and exchange included."""
    service.projections.rebuild_together([model.name for model in READ_MODELS], lambda done, total: None)
    return service.ledger.position


def main(arguments: list[str]) -> None:
    """Make a ledger, measure in rounds, and show the table."""
    pledges, each = (int(argument) for argument in arguments or ("10000", "10"))
    with (
        tempfile.TemporaryDirectory(prefix="p2c-bench-") as folder,
        EmbeddedPostgres.start(Path(folder)) as server,
        open_on(server.conninfo) as service,
    ):
        fill(service, pledges, each)
        stock = stock_log(server.conninfo)
        runs: dict[str, tuple[str, Run]] = {
            "stock notification log": ("stock notification log", stock),
            "rows, envelope decoded, hashed": ("stock notification log", lambda: from_rows(service)),
            "rows, whole facts, hashed": ("stock notification log", lambda: facts(service)),
            "sealed bundles, envelope decoded, hashed, proven": ("stock notification log", lambda: sealed(service)),
            "all read models, a transaction for each event": (
                "all read models, a transaction for each event",
                lambda: singly(service),
            ),
            "all read models rebuilt together": (
                "all read models, a transaction for each event",
                lambda: rebuilt(service),
            ),
        }
        rates: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(ROUNDS):
            for name, (_, run) in runs.items():
                rates[name].append(_rate(run))
    table = Table(title=f"Entries a second, {pledges * each:,} entries, median of {ROUNDS} rounds (lowest to highest)")
    for heading in ("what", "a second", "times the alternative"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for name, (against, _) in runs.items():
        median = statistics.median(rates[name])
        ratio = statistics.median(ours / theirs for ours, theirs in zip(rates[name], rates[against], strict=True))
        spread = f"{median:,.0f} ({min(rates[name]):,.0f} to {max(rates[name]):,.0f})"
        table.add_row(name, spread, f"{ratio:.1f}")
    Console(width=140).print(table)


def _rate(run: Run) -> float:
    begun = time.perf_counter()
    done = run()
    return done / (time.perf_counter() - begun)


if __name__ == "__main__":
    main(sys.argv[1:])

"""Streaming: every event of a ledger read by one thread; ours decoded, and hashed as a leaf of the tree."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from audit.envelope import Envelopes
from audit.merkle import leaf_hash
from benchmarks.bench import Bench, stock_environment
from benchmarks.measures import OURS, AtLeast, Better, Measure
from benchmarks.peers.stock_library import StockPledges, save_lives
from benchmarks.rounds import Contender, Figures, interleaved
from benchmarks.workload import fill
from infrastructure.bootstrap import Service, open_on

AT_ONCE = 5_000

FROM_TABLE = f"{OURS}, from the table"
LOG = "stock notification log, neither decoded nor hashed"
LOG_DECODED = "stock notification log, decoded"

Stream = Callable[[], int]
"""Reads everything, and says how many events that was."""


class ReadTooLittle(Exception):
    """A contender has not read everything."""


def measures(bench: Bench) -> Iterator[Measure]:
    """Events a second."""
    pledges, each = bench.sizes.ledger
    with ExitStack() as stack:
        stock = stack.enter_context(_stock(bench, pledges, each))
        ours = stack.enter_context(_ours(bench, pledges, each))
        streams: dict[str, Stream] = {
            FROM_TABLE: lambda: from_table(ours),
            LOG: lambda: from_log(stock),
            LOG_DECODED: lambda: from_log_decoded(stock),
        }
        contenders = [Contender(name, _round(stream, pledges * each)) for name, stream in streams.items()]
        found = interleaved(contenders, bench.sizes.rounds)
    yield Measure.of_figure(
        "rate",
        found,
        title="streaming all events",
        unit="events a second",
        better=Better.MORE,
        targets=(AtLeast(of=FROM_TABLE, against=LOG, factor=3),),
        notes=(f"{pledges * each:,} events. Ours are decoded and hashed. The log is read {AT_ONCE:,} at a time.",),
    )


def from_table(service: Service) -> int:
    """Read the ledger's table, decode each entry, and hash it."""
    envelopes, position = Envelopes(), 0
    while True:
        with service.pool.connection() as connection:
            found = connection.execute(
                "SELECT notification_id, state FROM ledger.events WHERE notification_id > %s"
                " ORDER BY notification_id LIMIT %s",
                (position, AT_ONCE),
                binary=True,
            ).fetchall()
        for row in found:
            leaf_hash(row["state"])
            envelopes.read(row["state"], row["notification_id"])
        if not found:
            return position
        position = found[-1]["notification_id"]


def from_log(app: StockPledges) -> int:
    """Read the stock notification log, past its sections, which have ten events each."""
    position, read = 0, 0
    while found := app.recorder.select_notifications(start=position + 1, limit=AT_ONCE):
        position = found[-1].id
        read += len(found)
    return read


def from_log_decoded(app: StockPledges) -> int:
    """Read it, and decode each event."""
    position, read = 0, 0
    while found := app.recorder.select_notifications(start=position + 1, limit=AT_ONCE):
        for notification in found:
            app.mapper.to_domain_event(notification)
        position = found[-1].id
        read += len(found)
    return read


def _round(stream: Stream, events: int) -> Callable[[], Figures]:
    def run() -> Figures:
        begun = time.perf_counter()
        read = stream()
        passed = time.perf_counter() - begun
        if read != events:
            raise ReadTooLittle(f"{read} of {events} events were read")
        return {"rate": read / passed}

    return run


@contextmanager
def _ours(bench: Bench, pledges: int, each: int) -> Iterator[Service]:
    with bench.database() as conninfo, open_on(conninfo) as service:
        fill(service, pledges, each)
        yield service


@contextmanager
def _stock(bench: Bench, pledges: int, each: int) -> Iterator[StockPledges]:
    """The stock application with as many events of as many pledges."""
    with bench.database() as conninfo:
        app = StockPledges(env=stock_environment(conninfo, connections=5))
        try:
            save_lives(app, (f"P2C-2022-{n:06d}" for n in range(pledges)), each)
            yield app
        finally:
            app.close()

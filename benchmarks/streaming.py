"""Streaming: every event of a ledger read by one thread; ours decoded, and hashed as a leaf of the tree."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from audit import decoding
from audit.envelope import Envelopes
from audit.merkle import leaf_hashes
from benchmarks.bench import Bench, stock_environment
from benchmarks.measures import OURS, AtLeast, Better, Measure
from benchmarks.peers.stock_library import StockPledges, save_lives
from benchmarks.rounds import Contender, Figures, interleaved
from benchmarks.workload import fill, untold
from infrastructure.bootstrap import Service, open_on
from projections.ledger_entries import stored
from projections.transparency.changes import TRANSPARENCY

AT_ONCE = 5_000

FACTS = f"{OURS}, from the table, whole facts, hashed"
ENVELOPES = f"{OURS}, from the table, envelopes, hashed"
SEALED_FACTS = f"{OURS}, from sealed bundles, whole facts, hashed"
SEALED = f"{OURS}, from sealed bundles, envelopes, hashed"
LOG = "stock notification log, not decoded"
LOG_DECODED = "stock notification log, whole facts"

TARGETS = (
    AtLeast(of=ENVELOPES, against=LOG, factor=3, wording=f"envelopes from the table: 3 × {LOG}"),
    AtLeast(of=SEALED, against=LOG, factor=8, wording=f"envelopes from sealed bundles: 8 × {LOG}"),
    AtLeast(of=FACTS, against=LOG_DECODED, factor=3, wording=f"whole facts from the table: 3 × {LOG_DECODED}"),
    AtLeast(of=SEALED_FACTS, against=LOG_DECODED, factor=8, wording=f"the same from sealed bundles: 8 × {LOG_DECODED}"),
)

Decode = Callable[[bytes], object]

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
        streams = _streams(ours, stock)
        contenders = [Contender(name, _round(stream, pledges * each)) for name, stream in streams.items()]
        found = interleaved(contenders, bench.sizes.rounds)
    yield Measure.of_figure(
        "rate",
        found,
        title="streaming all events",
        unit="events a second",
        better=Better.MORE,
        targets=TARGETS,
        notes=(
            f"{pledges * each:,} events, {AT_ONCE:,} at a time. An envelope is what every fact has beside its data.",
        ),
    )


def _streams(ours: Service, stock: StockPledges) -> dict[str, Stream]:
    """Every way to read everything."""
    fact = partial(Envelopes().read, position=1)
    return {
        ENVELOPES: lambda: from_table(ours, decoding.envelope),
        SEALED: lambda: from_bundles(ours, decoding.envelope),
        FACTS: lambda: from_table(ours, fact),
        SEALED_FACTS: lambda: from_bundles(ours, fact),
        LOG: lambda: from_log(stock),
        LOG_DECODED: lambda: from_log_decoded(stock),
    }


def from_table(service: Service, decode: Decode) -> int:
    """Read the ledger's table, each entry decoded as it comes, and hashed."""
    read = 0
    while more := stored(service.pool, read, AT_ONCE, partial(_decoded_and_hashed, decode)):
        read += more
    return read


def _decoded_and_hashed(decode: Decode, rows: Iterable[tuple[int, bytes]]) -> int:
    return len(leaf_hashes(_decoded(decode, rows)))


def _decoded(decode: Decode, rows: Iterable[tuple[int, bytes]]) -> Iterator[bytes]:
    for _, entry in rows:
        decode(entry)
        yield entry


def from_bundles(service: Service, decode: Decode) -> int:
    """Read sealed bundles, each entry held against its hash in the tree, and decoded."""
    read = 0
    for entries in service.transparency.proven(service.ledger.position):
        for entry in entries:
            decode(entry)
        read += len(entries)
    return read


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
        service.projections.rebuild(TRANSPARENCY.name, untold)
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

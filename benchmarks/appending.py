"""Appending: writers of one process save one event each, wait for it, and go on; each has pledges of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from typing import Protocol
from uuid import uuid4

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

from audit.envelope import Envelopes
from benchmarks.bench import Bench, stock_environment
from benchmarks.measures import OURS, AtLeast, Better, Measure
from benchmarks.peers import emmett
from benchmarks.peers.stock_library import StockPledge, StockPledges, announced
from benchmarks.quantiles import quantile
from benchmarks.rounds import Contender, Figures, interleaved
from benchmarks.workload import DAY, LEADS, LIFE, delivered
from infrastructure.bootstrap import Service, open_on

MOST = 64
WRITERS = (64, 16, 1)

STOCK = "eventsourcing, stock"
RAW = "one INSERT per transaction"
EMMETT = "emmett-postgresql"

Writer = Callable[[], object]
"""Saves the next event, durably."""


class StoredTooLittle(Exception):
    """A contender has not stored what it says it has, so that its figures say nothing."""


class Appends(Protocol):
    """A contender: what writes, and how many events it finds stored."""

    def round(self, writers: int, seconds: float) -> tuple[Sequence[float], float]:
        """Let so many writers write for so long; the seconds that each event took, and how long it was in all."""

    def stored(self) -> int:
        """How many events there are in the database."""


def measures(bench: Bench) -> Iterator[Measure]:
    """Appending with 64, 16 and one writer."""
    missing = emmett.absent()
    notes = () if missing is None else (f"{EMMETT} was not measured: {missing}.",)
    with ExitStack() as stack:
        appends: dict[str, Appends] = {
            OURS: stack.enter_context(_ours(bench)),
            STOCK: stack.enter_context(_stock(bench)),
            RAW: stack.enter_context(_raw(bench)),
        }
        if missing is None:
            appends[EMMETT] = stack.enter_context(_emmett(bench))
        for writers in WRITERS:
            yield from _measured(bench, appends, writers, notes)


def _measured(bench: Bench, appends: dict[str, Appends], writers: int, notes: Sequence[str]) -> Iterator[Measure]:
    counted = {name: Counted(contender) for name, contender in appends.items()}
    seconds = bench.sizes.seconds if writers == MOST else bench.sizes.seconds / 2

    def contender(name: str) -> Contender:
        return Contender(name, lambda: counted[name].round(writers, seconds))

    found = interleaved([contender(name) for name in appends], bench.sizes.rounds)
    for each in counted.values():
        each.require_stored()
    who = f"{writers} writers" if writers > 1 else "one writer"
    targets = (
        (AtLeast(of=OURS, against=STOCK, factor=20), AtLeast(of=OURS, against=RAW, factor=1.5))
        if writers == MOST
        else ()
    )
    yield Measure.of_figure(
        "rate", found, title=f"append, {who}", unit="a second", better=Better.MORE, targets=targets, notes=notes
    )
    yield Measure.of_figure("p99", found, title=f"append, {who}, p99", unit="ms", better=Better.LESS)


class Counted:
    """A contender whose events are counted, by what it says and by what is stored."""

    def __init__(self, appends: Appends) -> None:
        self._appends = appends
        self._before = appends.stored()
        self._said = 0

    def round(self, writers: int, seconds: float) -> Figures:
        """How many a second, and what most of them took at most, in milliseconds."""
        took, passed = self._appends.round(writers, seconds)
        self._said += len(took)
        return {"rate": len(took) / passed, "p99": quantile(took, 0.99) * 1000}

    def require_stored(self) -> None:
        """Raises StoredTooLittle."""
        stored = self._appends.stored() - self._before
        if stored != self._said:
            raise StoredTooLittle(f"{self._said} events were said to be stored, {stored} are")


class Threads:
    """Writers in threads of this process, made anew for each round by `writer`."""

    def __init__(self, writer: Callable[[int], Writer], stored: Callable[[], int]) -> None:
        self._writer = writer
        self.stored = stored

    def round(self, writers: int, seconds: float) -> tuple[Sequence[float], float]:
        """Let them write at once."""
        together, took = threading.Barrier(writers + 1), list[float]()

        def write(number: int) -> None:
            save, mine = self._writer(number), list[float]()
            together.wait()
            until = time.perf_counter() + seconds
            while (begun := time.perf_counter()) < until:
                save()
                mine.append(time.perf_counter() - begun)
            took.extend(mine)

        with ThreadPoolExecutor(writers) as pool:
            at_work = [pool.submit(write, number) for number in range(writers)]
            together.wait()
            begun = time.perf_counter()
            for each in at_work:
                each.result()
            return took, time.perf_counter() - begun


@contextmanager
def _ours(bench: Bench) -> Iterator[Appends]:
    with bench.database() as conninfo, open_on(conninfo) as service:
        yield Threads(lambda _: _our_writer(service), lambda: _count(conninfo, "ledger.events"))


def _our_writer(service: Service) -> Writer:
    pledge, version = uuid4(), 0

    def save() -> None:
        nonlocal pledge, version
        if version == LIFE:
            pledge, version = uuid4(), 0
        service.ledger.append((delivered(pledge, version),))
        version += 1

    return save


@contextmanager
def _stock(bench: Bench) -> Iterator[Appends]:
    with bench.database() as conninfo:
        app = StockPledges(env=stock_environment(conninfo, connections=MOST))
        try:
            yield Threads(lambda _: _stock_writer(app), lambda: _count(conninfo, "stockpledges_events"))
        finally:
            app.close()


def _stock_writer(app: StockPledges) -> Writer:
    pledge: StockPledge | None = None

    def save() -> object:
        nonlocal pledge
        if pledge is None or pledge.version == LIFE:
            pledge = announced(str(uuid4()), LEADS[0])
        else:
            pledge.contribute("schools", Decimal(1), DAY.isoformat())
        return app.save(pledge)

    return save


_RAW_TABLE = """
CREATE TABLE events (
    originator_id uuid NOT NULL, originator_version bigint NOT NULL, topic text, state bytea, notification_id bigserial,
    PRIMARY KEY (originator_id, originator_version)
);
CREATE UNIQUE INDEX ON events (notification_id);
"""
_RAW_INSERT = "INSERT INTO events (originator_id, originator_version, topic, state) VALUES (%s, %s, %s, %s)"


@contextmanager
def _raw(bench: Bench) -> Iterator[Appends]:
    with bench.database() as conninfo, ExitStack() as stack:
        connections = [stack.enter_context(psycopg.connect(conninfo, autocommit=True)) for _ in range(MOST)]
        connections[0].execute(_RAW_TABLE)
        yield Threads(lambda number: _raw_writer(connections[number]), lambda: _count(conninfo, "events"))


def _raw_writer(connection: Connection[TupleRow]) -> Writer:
    """Inserts bytes as large as ours, made once: nothing but the database counts."""
    pledge, version = uuid4(), 0
    state, topic = Envelopes().write(delivered(pledge, 1)), "pledge.partially_fulfilled.v1"

    def save() -> None:
        nonlocal pledge, version
        if version == LIFE:
            pledge, version = uuid4(), 0
        version += 1
        connection.execute(_RAW_INSERT, (pledge, version, topic, state))

    return save


@contextmanager
def _emmett(bench: Bench) -> Iterator[Appends]:
    with bench.database() as conninfo, emmett.emmett(conninfo, MOST) as store:
        yield _Emmett(store, conninfo)


class _Emmett:
    def __init__(self, store: emmett.Emmett, conninfo: str) -> None:
        self._store = store
        self._conninfo = conninfo

    def round(self, writers: int, seconds: float) -> tuple[Sequence[float], float]:
        """One line to node."""
        return self._store.append(writers, seconds)

    def stored(self) -> int:
        """What its table of messages has."""
        return _count(self._conninfo, "emt_messages")


def _count(conninfo: str, table: str) -> int:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    return int(row[0]) if row else 0

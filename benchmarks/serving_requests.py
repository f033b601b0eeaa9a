"""Requests: clients of a service in a process of its own, over connections that are kept."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Self
from uuid import UUID, uuid4

import msgspec
import psycopg

from benchmarks.bench import Bench, plain_environment, service_environment, stock_environment
from benchmarks.load_client import Load, Seen, applied
from benchmarks.measures import OURS, AtLeast, Below, Better, Measure, Series
from benchmarks.peers import bare_service
from benchmarks.peers.stock_library import StockPledges, save_lives
from benchmarks.processes import answers_within, free_ports, serving
from benchmarks.rounds import Contender, Figures, Rounds, interleaved
from benchmarks.workload import DAY, LIFE, announced, delivered, registered, validated
from domain.events import AnyEvent
from domain.identity import pledge_id
from domain.vocabulary import Role
from infrastructure.bootstrap import Service, open_on

CLIENTS = 32
POSTED_AT_MOST = 6_000
"""More requests a second than any service here answers: so many pledges are made ready."""

READ = 1_000
TOLD_WITHIN_SECONDS = 60.0
CATCHES_UP_WITHIN_SECONDS = 120.0
AT_ONCE = 500

TWO = f"{OURS}, two processes"
STOCK = "eventsourcing behind FastAPI"
ROW = "one row behind FastAPI"
ROW_ASYNC = f"{ROW}, async"

_CONTRIBUTION = {"target": "schools", "quantity": "1", "effective_on": DAY.isoformat()}
BODY = msgspec.json.encode({"contributions": [_CONTRIBUTION]}).decode()


class AnsweredButNotStored(Exception):
    """A service has not stored what it acknowledged."""


def measures(bench: Bench) -> Iterator[Measure]:
    """POST with 32 clients and with one, and GET."""
    with ExitStack() as stack:
        ours = stack.enter_context(OurService.started(bench))
        stock = stack.enter_context(StockService.started(bench))
        yield from _posts(bench, ours, stock, CLIENTS)
        yield from _posts(bench, ours, stock, 1)
    yield from _gets(bench)


def _posts(bench: Bench, ours: OurService, stock: StockService, clients: int) -> Iterator[Measure]:
    seconds = bench.sizes.seconds
    loads: dict[str, Callable[[], Load]] = {
        OURS: lambda: ours.load(clients, seconds, processes=1),
        STOCK: lambda: stock.load(clients, seconds),
    }
    if clients > 1:
        loads[TWO] = lambda: ours.load(clients, seconds, processes=2)
    posted = dict.fromkeys(loads, 0)

    def contender(name: str) -> Contender:
        def run() -> Figures:
            seen = applied(loads[name]())
            ours.catch_up()
            posted[name] += seen.done
            return _figures(seen)

        return Contender(name, run)

    before = ours.stored(), stock.stored()
    found = interleaved([contender(name) for name in loads], bench.sizes.rounds)
    _require(ours.stored() - before[0], posted[OURS] + posted.get(TWO, 0))
    _require(stock.stored() - before[1], posted[STOCK])
    yield from _described("POST of one event", found, clients)


def _described(what: str, found: Mapping[str, Mapping[str, Rounds]], clients: int) -> Iterator[Measure]:
    who = f"{clients} clients" if clients > 1 else "one client"
    fast = AtLeast(of=OURS, against=STOCK, factor=10 if clients > 1 else 1)
    yield Measure.of_figure(
        "rate",
        found,
        title=f"{what}, {who}",
        unit="a second",
        better=Better.MORE,
        targets=(replace(fast, wording="" if clients > 1 else f"not slower than {STOCK}"),),
        notes=(_cheap(found),),
    )
    tail = Below(of=f"{OURS}, p99", against=f"{STOCK}, p50")
    yield Measure(
        title=f"{what}, {who}, time to the answer",
        unit="ms",
        better=Better.LESS,
        series=_times(found),
        targets=(tail,) if clients > 1 else (),
    )


def _gets(bench: Bench) -> Iterator[Measure]:
    references = [f"P2C-2025-{n:06d}" for n in range(READ)]
    with ExitStack() as stack:
        ours = stack.enter_context(_our_pledges(bench, references))
        bare = stack.enter_context(_bare_rows(bench, references))
        paths = {OURS: (ours, "/v1/pledges/"), ROW: (bare, "/plain/"), ROW_ASYNC: (bare, "/async/")}

        def contender(name: str) -> Contender:
            port, path = paths[name]
            load = Load(
                seconds=bench.sizes.seconds,
                method="GET",
                clients=[(port, [path + reference for reference in references[n:]]) for n in range(CLIENTS)],
                each=1,
                expected=200,
                again=True,
            )
            return Contender(name, lambda: _figures(applied(load)))

        found = interleaved([contender(name) for name in paths], bench.sizes.rounds)
    faster = max((ROW, ROW_ASYNC), key=lambda name: Series(name, found[name]["rate"]).median)
    yield Measure.of_figure(
        "rate",
        found,
        title=f"GET of one pledge, {CLIENTS} clients",
        unit="a second",
        better=Better.MORE,
        targets=(AtLeast(of=OURS, against=faster, factor=0.7),),
        notes=(_cheap(found),),
    )
    yield Measure(
        title=f"GET of one pledge, {CLIENTS} clients, time to the answer",
        unit="ms",
        better=Better.LESS,
        series=_times(found),
    )


def _figures(seen: Seen) -> Figures:
    return {"rate": seen.rate, "p50": seen.p50 * 1000, "p99": seen.p99 * 1000, "busy": seen.busy}


def _times(found: Mapping[str, Mapping[str, Rounds]]) -> Sequence[Series]:
    return [Series(f"{name}, {part}", figures[part]) for name, figures in found.items() for part in ("p50", "p99")]


def _cheap(found: Mapping[str, Mapping[str, Rounds]]) -> str:
    busiest = max(max(figures["busy"]) for figures in found.values())
    return f"The load client took at most {busiest:.0%} of one core."


def _require(stored: int, posted: int) -> None:
    if stored != posted:
        raise AnsweredButNotStored(f"{posted} were acknowledged, {stored} are stored")


@dataclass(slots=True, kw_only=True)
class OurService:
    """Two processes of the service on one database, and what makes pledges ready for the clients."""

    service: Service
    ports: Sequence[int]
    lead: UUID
    token: str
    made: int = 0

    @classmethod
    @contextmanager
    def started(cls, bench: Bench) -> Iterator[Self]:
        """The service with an organisation that leads pledges, and its token."""
        with ExitStack() as stack:
            conninfo = stack.enter_context(bench.database())
            service = stack.enter_context(open_on(conninfo))
            lead = uuid4()
            service.ledger.append((registered(lead),))
            _, token = service.credentials.issue(Role.STAKEHOLDER, lead)
            ports = [stack.enter_context(_our_process(conninfo)) for _ in range(2)]
            yield cls(service=service, ports=ports, lead=lead, token=token)

    def load(self, clients: int, seconds: float, *, processes: int) -> Load:
        """Clients, each with pledges of its own, in turns at the first processes."""
        ports = self.ports[:processes]
        references = iter(self._announced(_pledges(clients, seconds)))
        each = _pledges(clients, seconds) // clients
        return Load(
            seconds=seconds,
            method="POST",
            clients=[
                (
                    ports[n % processes],
                    [f"/v1/pledges/{reference}/contributions" for reference in islice(references, each)],
                )
                for n in range(clients)
            ],
            each=LIFE,
            expected=201,
            headers=(f"Authorization: Bearer {self.token}", "Content-Type: application/json"),
            body=BODY,
            keyed=uuid4().hex,
        )

    def stored(self) -> int:
        """How many contributions the ledger has."""
        with self.service.pool.connection() as connection:
            row = connection.execute(
                "SELECT count(*) AS stored FROM ledger.events WHERE topic = 'pledge.partially_fulfilled.v1'"
            ).fetchone()
        return int(row["stored"]) if row else 0

    def catch_up(self) -> None:
        """Let the read models follow, so that nobody else is measured meanwhile."""
        self.service.projections.wait_until(self.service.ledger.position, CATCHES_UP_WITHIN_SECONDS)

    def _announced(self, pledges: int) -> Sequence[str]:
        references = [f"P2C-2025-{n:06d}" for n in range(self.made, self.made + pledges)]
        self.made += pledges
        _append(self.service, [announced(reference, self.lead) for reference in references])
        self.catch_up()
        return references


@dataclass(slots=True, kw_only=True)
class StockService:
    """The stock library behind FastAPI, and what makes pledges ready for the clients."""

    pledges: StockPledges
    conninfo: str
    port: int
    made: int = 0

    @classmethod
    @contextmanager
    def started(cls, bench: Bench) -> Iterator[Self]:
        """The service on a database of its own."""
        with bench.database() as conninfo:
            (port,) = free_ports(1)
            environment = stock_environment(conninfo, connections=CLIENTS)
            pledges = StockPledges(env=environment)
            module = "benchmarks.peers.stock_service"
            everything = plain_environment() | environment
            with serving(module, port, port=port, ready="/alive", environment=everything):
                yield cls(pledges=pledges, conninfo=conninfo, port=port)
            pledges.close()

    def load(self, clients: int, seconds: float) -> Load:
        """The same clients."""
        each = _pledges(clients, seconds) // clients
        references = [f"P2C-2025-{n:06d}" for n in range(self.made, self.made + each * clients)]
        self.made += each * clients
        save_lives(self.pledges, references, 1)
        paths = iter(f"/pledges/{reference}/contributions" for reference in references)
        return Load(
            seconds=seconds,
            method="POST",
            clients=[(self.port, list(islice(paths, each))) for _ in range(clients)],
            each=LIFE,
            expected=201,
            headers=("Content-Type: application/json",),
            body=BODY,
        )

    def stored(self) -> int:
        """How many contributions its table has."""
        with psycopg.connect(self.conninfo) as connection:
            row = connection.execute("SELECT count(*) FROM stockpledges_events WHERE originator_version > 1").fetchone()
        return int(row[0]) if row else 0


@contextmanager
def _our_process(conninfo: str) -> Iterator[int]:
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory(prefix="p2c-bench-") as folder:
        environment = service_environment(conninfo, Path(folder), port=port)
        with serving("api.cli.main", "serve", port=port, ready="/readyz", environment=environment):
            yield port


@contextmanager
def _our_pledges(bench: Bench, references: Sequence[str]) -> Iterator[int]:
    """The port of a service that has these pledges, with three contributions each, and has told them."""
    with bench.database() as conninfo:
        with open_on(conninfo) as service:
            lead = uuid4()
            lives = [_life(reference, lead) for reference in references]
            _append(service, [registered(lead), *(fact for life in lives for fact in life)])
            service.projections.catch_up()
        with _our_process(conninfo) as port:
            if not answers_within(f"http://127.0.0.1:{port}/v1/pledges/{references[-1]}", TOLD_WITHIN_SECONDS):
                raise AnsweredButNotStored(f"{references[-1]} is not told")
            yield port


def _life(reference: str, lead: UUID) -> Sequence[AnyEvent]:
    contributions = (delivered(pledge_id(reference), version) for version in (2, 3, 4))
    return (announced(reference, lead), validated(reference), *contributions)


@contextmanager
def _bare_rows(bench: Bench, references: Sequence[str]) -> Iterator[int]:
    (port,) = free_ports(1)
    with bench.database() as conninfo:
        bare_service.fill(conninfo, list(references))
        module = "benchmarks.peers.bare_service"
        with serving(module, port, conninfo, port=port, ready="/alive", environment=plain_environment()):
            yield port


def _pledges(clients: int, seconds: float) -> int:
    """How many pledges are more than enough: a multiple of the clients."""
    wanted = POSTED_AT_MOST * seconds / LIFE if clients > 1 else POSTED_AT_MOST / 4 * seconds / LIFE
    return clients * (int(wanted / clients) + 1)


def _append(service: Service, facts: Sequence[AnyEvent]) -> None:
    for first in range(0, len(facts), AT_ONCE):
        service.ledger.append(facts[first : first + AT_ONCE])

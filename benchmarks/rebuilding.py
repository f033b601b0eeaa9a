"""Rebuilding every read model from the ledger, by event; the stock runner tells the same read models one by one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import psycopg

from benchmarks.bench import Bench, stock_environment
from benchmarks.measures import OURS, AtLeast, Better, Measure
from benchmarks.peers import stock_projection
from benchmarks.rounds import Contender, Figures, interleaved
from benchmarks.workload import fill, rebuild_all, untold
from infrastructure.bootstrap import Service, open_on

STOCK = "stock ProjectionRunner"
WITHIN_SECONDS = 600.0


class ToldTooLittle(Exception):
    """A contender has not told its read models everything."""


def measures(bench: Bench) -> Iterator[Measure]:
    """Events a second, through all read models."""
    pledges, each = bench.sizes.ledger
    one_by_one = bench.sizes.one_by_one
    with bench.database() as ours, bench.database() as others, open_on(ours) as service:
        events = fill(service, pledges, each)
        with open_on(others) as with_empty_read_models:
            fill(with_empty_read_models, one_by_one // each, each)
        environment = stock_environment(others, connections=5)
        stock_projection.fill(others, environment, one_by_one)

        def stock() -> None:
            stock_projection.project(environment, one_by_one, WITHIN_SECONDS)

        found = interleaved(
            [
                Contender(OURS, _timed(events, lambda: rebuild_all(service), lambda: _require_told(ours, events))),
                Contender(
                    STOCK,
                    _timed(
                        one_by_one,
                        stock,
                        lambda: _require_told(others, one_by_one),
                        before=lambda: stock_projection.forget(others),
                    ),
                ),
            ],
            bench.sizes.rounds,
            warm_up=0,
        )
        alone = _each_alone(service, events)
    yield Measure.of_figure(
        "rate",
        found,
        title="rebuild of every read model together",
        unit="events a second",
        better=Better.MORE,
        targets=(AtLeast(of=OURS, against=STOCK, factor=100),),
        notes=(
            f"{events:,} events; the stock runner was given the first {one_by_one:,} of such a ledger, whose tables are"
            " the smallest. It has all read models in one transaction for each event.",
            f"Once, one read model alone: {alone}.",
        ),
    )


def _timed(
    events: int, run: Callable[[], None], check: Callable[[], None], *, before: Callable[[], None] = lambda: None
) -> Callable[[], Figures]:
    def timed() -> Figures:
        before()
        begun = time.perf_counter()
        run()
        passed = time.perf_counter() - begun
        check()
        return {"rate": events / passed}

    return timed


def _each_alone(service: Service, events: int) -> str:
    told = []
    for name in service.projections.status():
        begun = time.perf_counter()
        service.projections.rebuild(name, untold)
        told.append(f"{name} {events / (time.perf_counter() - begun):,.0f} a second")
    return ", ".join(told)


def _require_told(conninfo: str, events: int) -> None:
    """Every fact of such a ledger changes a pledge, and is told in the timeline. Raises ToldTooLittle."""
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM pledge_status.pledges), (SELECT count(*) FROM timeline.entries),"
            " (SELECT position FROM transparency.tracking)"
        ).fetchone()
    if row != (events, events, events):
        raise ToldTooLittle(f"{row} of {events} events were told")

"""Envelopes: writing the stored form of a fact, and reading it back, by one thread without a database."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from uuid import uuid4

from audit.envelope import Envelopes, stamp
from benchmarks.bench import Bench
from benchmarks.measures import Better, Measure
from benchmarks.rounds import Contender, Figures, interleaved
from benchmarks.workload import START, announced

TIMES = 5_000


def measures(bench: Bench) -> Iterator[Measure]:
    """Envelopes a second."""
    envelopes, fact = Envelopes(), announced("P2C-2025-000001", uuid4())
    stored = stamp(envelopes.write(fact), START)
    found = interleaved(
        [
            Contender("written", _again_and_again(lambda: envelopes.write(fact))),
            Contender("read", _again_and_again(lambda: envelopes.read(stored, 1))),
        ],
        bench.sizes.rounds,
    )
    yield Measure.of_figure("rate", found, title="envelopes", unit="a second", better=Better.MORE)


def _again_and_again(act: Callable[[], object]) -> Callable[[], Figures]:
    def run() -> Figures:
        begun = time.perf_counter()
        for _ in range(TIMES):
            act()
        return {"rate": TIMES / (time.perf_counter() - begun)}

    return run

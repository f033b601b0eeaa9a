"""The service at rest: a process that serves a ledger, and nobody asks."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from benchmarks.bench import Bench, service_environment
from benchmarks.measures import OURS, Better, Measure, Series, Under
from benchmarks.processes import free_ports, serving
from benchmarks.workload import fill, rebuild_all
from infrastructure.bootstrap import open_on

SETTLES_IN_SECONDS = 10.0
NOT_MEASURABLE = 0.5
"""Percent of one core: what is less than that nobody would find in a list of processes."""


def measures(bench: Bench) -> Iterator[Measure]:
    """Memory and processor time of a service that has told its ledger, without PostgreSQL."""
    pledges, each = bench.sizes.ledger
    (port,) = free_ports(1)
    with bench.database() as conninfo, tempfile.TemporaryDirectory(prefix="p2c-bench-") as folder:
        with open_on(conninfo) as service:
            fill(service, pledges, each)
            rebuild_all(service)
        environment = service_environment(conninfo, Path(folder))
        with serving(
            "api.cli.main", "serve", "--port", port, port=port, ready="/readyz", environment=environment
        ) as process:
            time.sleep(SETTLES_IN_SECONDS)
            before = cpu_seconds(process.pid)
            time.sleep(bench.sizes.at_rest_seconds)
            busy = (cpu_seconds(process.pid) - before) / bench.sizes.at_rest_seconds * 100
            resident, own = memory(process.pid)
    yield Measure(
        title="service at rest, memory",
        unit="MB",
        better=Better.LESS,
        series=[Series(OURS, (resident,)), Series(f"{OURS}, of that its own alone", (own,))],
        targets=(Under(of=OURS, bound=150),),
        notes=(f"One process, a ledger of {pledges * each:,} events, {SETTLES_IN_SECONDS:.0f} s after its start.",),
    )
    yield Measure(
        title="service at rest, processor",
        unit="% of one core",
        better=Better.LESS,
        series=[Series(OURS, (busy,))],
        targets=(Under(of=OURS, bound=NOT_MEASURABLE),),
        notes=(f"Over {bench.sizes.at_rest_seconds:.0f} s.",),
    )


def cpu_seconds(pid: int) -> float:
    """What a process and its children have taken so far."""
    return sum(times.user + times.system for times in (each.cpu_times() for each in _family(pid)))


def memory(pid: int) -> tuple[float, float]:
    """Megabytes in memory of a process and its children, and how many of them are theirs alone."""
    found = [each.memory_full_info() for each in _family(pid)]
    return sum(each.rss for each in found) / 1e6, sum(each.uss for each in found) / 1e6


def _family(pid: int) -> Sequence[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []

"""Measures everything: `python -m benchmarks [--quick] [--only MODULE …]`.

A full run writes docs/performance.md; a quick one, or one of some measures only, build/performance.md.
"""

from __future__ import annotations

import argparse
import importlib
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.bench import BUILD, FULL, QUICK, ROOT, Bench
from benchmarks.machine import Machine
from benchmarks.measures import Measure, plain
from benchmarks.report import Report

MODULES = (
    "appending",
    "serving_requests",
    "streaming",
    "rebuilding",
    "point_in_time",
    "at_rest",
    "envelopes",
    "verification",
)
"""Each measures one thing; imported when its turn comes, since Django is not for everybody."""


def main() -> None:
    """Run, tell as it goes, and write the page."""
    asked = _arguments()
    sizes = QUICK if asked.quick else FULL
    full = not asked.quick and asked.only == list(MODULES)
    with (
        tempfile.TemporaryDirectory(prefix="p2c-bench-") as folder,
        Bench.on_a_server_of_its_own(Path(folder), sizes) as bench,
    ):
        machine = Machine.this(bench.server.conninfo, Path(folder))
        measures = [measure for name in asked.only for measure in _told(name, bench)]
    page = (ROOT / "docs" if full else BUILD) / "performance.md"
    page.parent.mkdir(exist_ok=True)
    Report(machine=machine, measures=measures, sizes=sizes, full=full, today=datetime.now(UTC).date()).write(page)
    print(f"written: {page.relative_to(ROOT)}")


def _told(name: str, bench: Bench) -> Iterator[Measure]:
    """The measures of a module, each told as soon as it is there."""
    begun = time.perf_counter()
    measured: Callable[[Bench], Iterator[Measure]] = importlib.import_module(f"benchmarks.{name}").measures
    for measure in measured(bench):
        _tell(measure)
        yield measure
    print(f"({name}: {time.perf_counter() - begun:.0f} s)", flush=True)


def _tell(measure: Measure) -> None:
    print(f"{measure.title}, {measure.unit}")
    for series in measure.series:
        spread = f"{plain(series.lowest)} to {plain(series.highest)}"
        print(f"  {series.contender:<55} {plain(series.median):>10}  ({spread})")
    for verdict in measure.verdicts():
        outcome: Mapping[bool | None, str] = {True: "reached", False: "NOT REACHED", None: "not measured"}
        print(f"  → {verdict.wanted}: {verdict.found} {outcome[verdict.reached]}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure every claim of speed.")
    parser.add_argument("--quick", action="store_true", help="small registers, few rounds; some minutes")
    parser.add_argument("--only", nargs="+", choices=MODULES, default=list(MODULES), help="some measures only")
    return parser.parse_args()


if __name__ == "__main__":
    main()

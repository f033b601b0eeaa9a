"""Measures the heart of the ledger on a PostgreSQL of its own, and prints a table.

Figures are of this machine, with fsync on; the median of the rounds, and their spread.
"""

from __future__ import annotations

import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

from rich.console import Console
from rich.table import Table

from application.commands import Request
from audit.envelope import Envelopes, stamp
from domain.commands import Announce, Contribute, ContributionStatement, TargetStatement
from domain.organisation import Register
from domain.values import Actor
from domain.vocabulary import FocusArea, PledgeType, Role, Sector
from infrastructure.bootstrap import Service, open_on
from infrastructure.embedded_postgres import EmbeddedPostgres

ROUNDS = 3
REQUEST = Request(actor=Actor(role=Role.BDT))
DAY = date(2025, 1, 1)
CONTRIBUTE = Contribute(contributions=(ContributionStatement(target="schools", amount=Decimal(1), effective_on=DAY),))


@dataclass(frozen=True)
class Measure:
    """What was measured, and how many a second in each round."""

    name: str
    rates: Sequence[float]


def measure(name: str, run: Callable[[], int]) -> Measure:
    """So many things done a second, in several rounds; `run` says how many it did."""
    rates = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        done = run()
        rates.append(done / (time.perf_counter() - begun))
    return Measure(name, rates)


def announcement(lead: UUID) -> Announce:
    """A pledge of a thousand schools."""
    return Announce(
        lead=lead,
        title="Schools online",
        description="Fibre for rural schools.",
        type=PledgeType.PROGRAMMATIC,
        focus_area=FocusArea.ACCESS,
        targets=(TargetStatement(id="schools", measure="schools_connected", value=Decimal(1000)),),
        announced_on=DAY,
    )


def codec(service: Service) -> list[Measure]:
    """Writing an envelope, and reading it back."""
    entry = service.ledger.entries(service.commands.register(_new(), REQUEST).state.id)[0]
    envelopes = Envelopes()
    stored = stamp(envelopes.write(entry.event), datetime.now(UTC))

    def write() -> int:
        for _ in range(10_000):
            envelopes.write(entry.event)
        return 10_000

    def read() -> int:
        for _ in range(10_000):
            envelopes.read(stored, 1)
        return 10_000

    return [measure("envelopes written", write), measure("envelopes read", read)]


def commands(service: Service) -> list[Measure]:
    """Whole commands: load, decide, save, durably; each writer on pledges of its own."""
    lead = service.commands.register(_new(), REQUEST).state.id
    pledger = Request(actor=Actor(role=Role.STAKEHOLDER, organisation=lead))

    def contribute(writers: int, each: int) -> Callable[[], int]:
        def write(writer: int) -> None:
            # A pledge has few events: an announcement, nine contributions, then the next.
            for _ in range(each // 10):
                reference = service.commands.announce(announcement(lead), pledger).state.reference
                for _ in range(9):
                    service.commands.change_pledge(reference, CONTRIBUTE, pledger)

        def run() -> int:
            with ThreadPoolExecutor(writers) as pool:
                list(pool.map(write, range(writers)))
            return writers * each

        return run

    return [
        measure(f"commands, {writers} writer{'s' if writers > 1 else ''}", contribute(writers, each))
        for writers, each in ((1, 200), (16, 30), (64, 10))
    ]


def rebuilds(service: Service) -> list[Measure]:
    """Entries a second through a rebuild of each read model."""
    head = service.ledger.position

    def rebuild(name: str) -> Callable[[], int]:
        def run() -> int:
            service.projections.rebuild(name, lambda done, total: None)
            return head

        return run

    return [measure(f"entries rebuilt into {name}", rebuild(name)) for name in service.projections.status()]


def show(measures: Sequence[Measure], version: str) -> None:
    """The table of all measures."""
    table = Table(title=f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {version}")
    for column in ("measure", "a second", "lowest", "highest"):
        table.add_column(column, justify="left" if column == "measure" else "right")
    for m in measures:
        median = statistics.median(m.rates)
        table.add_row(m.name, *(f"{rate:,.0f}" for rate in (median, min(m.rates), max(m.rates))))
    Console().print(table)


def _new() -> Register:
    return Register(name=f"Fibre for All {uuid4()}", sector=Sector.PRIVATE_SECTOR, country="KEN")


def main() -> None:
    """Run everything."""
    with (
        tempfile.TemporaryDirectory(prefix="p2c-bench-") as folder,
        EmbeddedPostgres.start(Path(folder)) as server,
        open_on(server.conninfo) as service,
    ):
        measures = [*codec(service), *commands(service), *rebuilds(service)]
        with service.pool.connection() as connection:
            row = connection.execute("SELECT 'PostgreSQL ' || current_setting('server_version') AS version").fetchone()
        show(measures, row["version"] if row else "PostgreSQL")


if __name__ == "__main__":
    main()

"""Measures questions about a moment, at growing registers: `python -m benchmarks.point_in_time [PLEDGES EVENTS] …`.

A register is made of facts like any other's: announced, admitted, then contributions a week apart, written into the
ledger's table directly and told to the read models by a rebuild. Every question is asked of random moments.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

from rich.console import Console
from rich.table import Table

from api.exports.status_csv import status_csv
from application.moments import Moment
from audit.envelope import Envelopes, stamp
from domain.circumstances import Circumstances, header
from domain.dimensions import Dimension, Division
from domain.events import Announced, AnyEvent, PartiallyFulfilled, Validated
from domain.geography import countries
from domain.identity import pledge_id
from domain.values import Actor, Contribution, Money, Party, Target
from domain.vocabulary import FocusArea, PledgeType, Role, Sector
from infrastructure.bootstrap import Service, open_on
from infrastructure.embedded_postgres import EmbeddedPostgres
from infrastructure.register import point_of
from projections.catalogue import READ_MODELS
from projections.pledge_status.filters import PledgeFilters

SIZES = ((1_000, 10), (1_000, 100), (10_000, 10), (10_000, 100), (100_000, 10))
READ_AT_MOST = 10_000
"""Where there are more pledges, what reads the history of each of them is not asked."""

ROUNDS = 7
MEASURED = (Dimension.FOCUS_AREA, Dimension.SDG, Dimension.COUNTRY)
START = datetime(2022, 1, 3, tzinfo=UTC)
SPAN = timedelta(days=1_700)
"""Facts are recorded from the start on at equal distances for so long, whatever their number."""

ACTOR = Actor(role=Role.BDT)
LEADS = tuple(uuid5(UUID(int=0), str(n)) for n in range(200))
COUNTRIES = tuple(sorted(countries()))


@dataclass(frozen=True)
class Timing:
    """What was asked, and how many milliseconds it took in each round."""

    question: str
    milliseconds: Sequence[float]


def facts(pledges: int, each: int) -> Iterator[tuple[datetime, AnyEvent]]:
    """The facts of so many pledges in the order in which they are recorded, with the instant of that."""
    chance = random.Random(20_261_124)
    for version in range(1, each + 1):
        for n in range(pledges):
            recorded = START + SPAN * (((version - 1) * pledges + n) / (pledges * each))
            yield recorded, _fact(n, version, recorded.date(), chance)


def _fact(n: int, version: int, on: date, chance: random.Random) -> AnyEvent:
    about = header(pledge_id(f"P2C-2022-{n:06d}"), version - 1, _at(on), on)
    if version == 1:
        return Announced(**about, **_promise(n, chance))
    if version == 2:
        return Validated(**about)
    paid = Decimal(chance.randrange(1_000, 50_000))
    given = Contribution(
        id=f"c{version}", target="money", amount=Money(amount=paid, currency="USD", usd=paid), effective_on=on
    )
    return PartiallyFulfilled(**about, contributions=(given,))


def _promise(n: int, chance: random.Random) -> dict[str, Any]:
    value = Decimal(chance.randrange(10_000, 90_000_000))
    return {
        "reference": f"P2C-2022-{n:06d}",
        "title": f"Pledge {n}",
        "description": "Made up for a benchmark.",
        "lead": Party(organisation=LEADS[n % len(LEADS)], sector=chance.choice(list(Sector))),
        "type": chance.choice(list(PledgeType)),
        "focus_area": chance.choice(list(FocusArea)),
        "targets": (Target(id="money", measure="money", value=Money(amount=value, currency="USD", usd=value)),),
        "countries": tuple(chance.sample(COUNTRIES, 2)),
        "sdgs": tuple(sorted(chance.sample(range(1, 18), 2))),
    }


def _at(on: date) -> Circumstances:
    return Circumstances(actor=ACTOR, today=on, command_id=uuid4())


def fill(service: Service, pledges: int, each: int) -> None:
    """Write the facts into the ledger and tell them to the read models."""
    envelopes = Envelopes()
    with service.pool.connection() as connection, connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute("SET LOCAL statement_timeout = 0")
        with cursor.copy(
            "COPY ledger.events (originator_id, originator_version, topic, state, notification_id, recorded_at)"
            " FROM STDIN"
        ) as copy:
            for position, (recorded, event) in enumerate(facts(pledges, each), start=1):
                copy.write_row(
                    (
                        event.originator_id,
                        event.originator_version,
                        envelopes.name(event),
                        stamp(envelopes.write(event), recorded),
                        position,
                        recorded,
                    )
                )
        connection.execute("ANALYZE ledger.events")
    service.projections.rebuild_together([model.name for model in READ_MODELS], lambda done, total: None)


def timings(service: Service, pledges: int) -> list[Timing]:
    """Every question, of random moments; the first round warms up and is not counted."""
    chance = random.Random(1)

    def moment() -> Moment:
        """An instant in the second half of the register's time."""
        return service.register.resolve(START + SPAN * chance.uniform(0.5, 0.99), None)

    by_dimension = {dimension: partial(_running, service, dimension) for dimension in MEASURED}
    questions: dict[str, Callable[[Moment], object]] = {
        "totals of the whole": partial(_running, service, None),
        **{f"totals by {dimension.replace('_', ' ')}": ask for dimension, ask in by_dimension.items()},
        "status rows as CSV": lambda at: sum(map(len, status_csv(service.register, at))),
        "a page of 50 pledges": partial(_page, service),
    }
    questions["snapshot as JSON, by region"] = lambda at: service.snapshots.take(at, Division(by=(Dimension.REGION,)))
    if pledges <= READ_AT_MOST:
        questions["difference from another moment"] = lambda at: service.differences.between(moment(), at, Division())
    return [
        Timing(name, tuple(_milliseconds(ask, moment()) for _ in range(ROUNDS + 1))[1:])
        for name, ask in questions.items()
    ]


def _page(service: Service, at: Moment) -> object:
    return service.pledges.page(PledgeFilters(), on=at.effective_on, at=point_of(at), after="P2C-2022-000500")


def _running(service: Service, dimension: Dimension | None, at: Moment) -> object:
    found = service.register.running_totals(at, dimension)
    if found is None:
        raise LookupError(f"{at} has no running totals")
    return found


def _milliseconds(ask: Callable[[Moment], object], at: Moment) -> float:
    begun = time.perf_counter()
    ask(at)
    return (time.perf_counter() - begun) * 1000


def show(found: dict[tuple[int, int], list[Timing]]) -> None:
    """The table of all sizes."""
    table = Table(title="Milliseconds, median of the rounds (lowest to highest)")
    table.add_column("question")
    for pledges, each in found:
        table.add_column(f"{pledges:,} pledges, {each} facts each", justify="right")
    for question in dict.fromkeys(timing.question for column in found.values() for timing in column):
        table.add_row(question, *(_cell(column, question) for column in found.values()))
    Console(width=150).print(table)


def _cell(column: list[Timing], question: str) -> str:
    rounds = next((timing.milliseconds for timing in column if timing.question == question), None)
    return f"{statistics.median(rounds):,.1f} ({min(rounds):,.1f} to {max(rounds):,.1f})" if rounds else "not asked"


def main(arguments: list[str]) -> None:
    """Every size that is asked for, each on a database of its own."""
    numbers = [int(argument.replace(",", "")) for argument in arguments]
    sizes = tuple(zip(numbers[::2], numbers[1::2], strict=True)) or SIZES
    found = {}
    for pledges, each in sizes:
        with (
            tempfile.TemporaryDirectory(prefix="p2c-bench-") as folder,
            EmbeddedPostgres.start(Path(folder)) as server,
            open_on(server.conninfo) as service,
        ):
            fill(service, pledges, each)
            found[pledges, each] = timings(service, pledges)
    show(found)


if __name__ == "__main__":
    main(sys.argv[1:])

"""Questions about a moment: the totals, and the status of every pledge, at any instant of a register's time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

from api.exports.status_csv import status_csv
from application.moments import Moment
from benchmarks.bench import Bench
from benchmarks.measures import OURS, AtLeast, Better, GrowsAtMost, Measure, Series, Under
from benchmarks.peers.simple_history import RUNGS, SimpleHistory, connected
from benchmarks.rounds import Contender, Figures, Rounds, interleaved
from benchmarks.statements import milliseconds_in_database
from benchmarks.workload import SPAN, START, fill, rebuild_all
from domain.dimensions import Division
from domain.ladder import ZERO, Ladder
from infrastructure.bootstrap import Service, open_on

SIMPLE = "django-simple-history"
FILE = f"{OURS}, as a CSV file"
GROWN = 10
"""Times the history."""

COMPARED = 3
"""Instants at which both have to say the same before anything is measured."""

WHOLE = "with everything"
"""Resolving the moment, transfer, and making values of it."""


class Disagreement(Exception):
    """The contenders do not say the same of an instant, so that they do not do the same work."""


@dataclass(frozen=True, slots=True)
class Questions:
    """What one contender is asked of an instant: milliseconds in the database, and with everything."""

    in_database: Callable[[datetime], float]
    whole: Callable[[datetime], object]


def measures(bench: Bench) -> Iterator[Measure]:
    """Totals and status rows beside django-simple-history, and how both grow with the history."""
    pledges, each = bench.sizes.register
    with ExitStack() as stack:
        conninfo = stack.enter_context(bench.database())
        ours = stack.enter_context(open_on(conninfo))
        facts = _filled(ours, pledges, each)
        simple = stack.enter_context(connected(conninfo))
        rows = simple.fill()
        if rows != facts:
            raise Disagreement(f"{facts} facts make {rows} rows of history")
        require_agreement(ours, simple)
        size = f"{pledges:,} pledges, {facts:,} events"
        totals = {OURS: _our_totals(ours), SIMPLE: _simple(simple, simple.totals)}
        yield from _compared(bench, f"totals as of any instant, {size}", totals, bound=15, factor=30)
        statuses = {OURS: _our_rows(ours), SIMPLE: _simple(simple, simple.rows), FILE: _our_file(ours)}
        yield from _compared(bench, f"all status rows as of any instant, {size}", statuses, bound=300, factor=8)
    yield from _grown(bench)


def _grown(bench: Bench) -> Iterator[Measure]:
    pledges = bench.sizes.growing
    names = {each: f"{each} events each" for each in (GROWN, GROWN * GROWN)}
    with ExitStack() as stack:
        registers = {}
        for each, name in names.items():
            registers[name] = stack.enter_context(open_on(stack.enter_context(bench.database())))
            _filled(registers[name], pledges, each)
        short, long = names.values()
        target = GrowsAtMost(of=long, against=short, factor=1.5)
        for what, questions in (("totals", _our_totals), ("all status rows", _our_rows)):
            asked = {name: questions(service) for name, service in registers.items()}
            found = interleaved([_contender(name, each) for name, each in asked.items()], bench.sizes.rounds)
            yield Measure.of_figure(
                "in database",
                found,
                title=f"{what} with {GROWN} times the history, {pledges:,} pledges, in the database",
                unit="ms",
                better=Better.LESS,
                targets=(target,) if what == "totals" else (),
            )


def _compared(
    bench: Bench, title: str, questions: Mapping[str, Questions], *, bound: float, factor: float
) -> Iterator[Measure]:
    found = interleaved([_contender(name, asked) for name, asked in questions.items()], bench.sizes.rounds)
    yield Measure(
        title=f"{title}, in the database",
        unit="ms",
        better=Better.LESS,
        series=_series(found, "in database"),
        targets=(Under(of=OURS, bound=bound), AtLeast(of=OURS, against=SIMPLE, factor=factor)),
    )
    yield Measure(title=f"{title}, {WHOLE}", unit="ms", better=Better.LESS, series=_series(found, "whole"))


def _series(found: Mapping[str, Mapping[str, Rounds]], figure: str) -> Sequence[Series]:
    return [Series(name, figures[figure]) for name, figures in found.items()]


def _contender(name: str, asked: Questions) -> Contender:
    """Each round is another instant, the same for all contenders, in the second half of the register's time."""
    chance = random.Random(1)

    def run() -> Figures:
        at = _instant(chance)
        in_database = asked.in_database(at)
        begun = time.perf_counter()
        asked.whole(at)
        return {"in database": in_database, "whole": (time.perf_counter() - begun) * 1000}

    return Contender(name, run)


def _instant(chance: random.Random) -> datetime:
    return START + SPAN * chance.uniform(0.5, 0.99)


def _our_totals(service: Service) -> Questions:
    return _ours(service, lambda moment: service.snapshots.counted(moment, Division()))


def _our_rows(service: Service) -> Questions:
    return _ours(service, lambda moment: list(service.register.statuses(moment)))


def _our_file(service: Service) -> Questions:
    return _ours(service, lambda moment: sum(map(len, status_csv(service.register, moment))))


def _ours(service: Service, answer: Callable[[Moment], object]) -> Questions:
    def ask(at: datetime) -> object:
        return answer(service.register.resolve(at, None))

    return Questions(lambda at: milliseconds_in_database(service.pool, lambda: ask(at)), ask)


def _simple(simple: SimpleHistory, ask: Callable[[datetime], object]) -> Questions:
    return Questions(lambda at: simple.milliseconds_in_database(lambda: ask(at)), ask)


def _filled(service: Service, pledges: int, each: int) -> int:
    facts = fill(service, pledges, each)
    rebuild_all(service)
    return facts


def require_agreement(service: Service, simple: SimpleHistory) -> None:
    """Make sure that both say the same of several instants. Raises Disagreement."""
    chance = random.Random(2)
    for _ in range(COMPARED):
        at = _instant(chance)
        moment = service.register.resolve(at, None)
        total = service.snapshots.counted(moment, Division()).whole
        theirs = simple.totals(at)
        ladder = Ladder(**{name.removesuffix("_usd"): theirs[name] or ZERO for name in RUNGS})
        if (total.pledges, total.ladder) != (theirs["pledges"], ladder):
            raise Disagreement(f"at {at}: {total} is not {theirs}")
        told = sum(status.published for status in service.register.statuses(moment))
        lines = sum(part.count(b"\r\n") for part in status_csv(service.register, moment))
        if not told == lines - 1 == len(simple.rows(at)):
            raise Disagreement(f"at {at}: {told} statuses and {lines - 1} lines are not {len(simple.rows(at))}")

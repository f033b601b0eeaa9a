"""The running totals made from whole histories: sums are added up in memory, and copied in at the end."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import localcontext
from functools import lru_cache
from itertools import chain, groupby, islice
from operator import itemgetter

from psycopg import Cursor
from psycopg.rows import DictRow

from domain.ladder import DIGITS
from projections.copying import copy_lines, escaped_json, line
from projections.histories import History
from projections.portfolio.changes import VERSION, apply
from projections.portfolio.counted import Part, Presence, Whom
from projections.portfolio.steps import Brought, Step, ahead_of_its_day, joined, move, recorded_on
from projections.portfolio.storing import add_sums, copy_steps, copy_sums
from projections.portfolio.sums import Sums
from projections.read_model import ReadModel

STEPS_AT_ONCE = 10_000
MOST_SUMS = 400_000
"""So many sums are kept in memory, some 300 MB; of a larger register they are stored and begun again."""


class RunningTotalsBuilder:
    """Keeps the sums, up to a number, and who is a member of what, which grows with the parts; writes steps and
    states."""

    def __init__(self) -> None:
        self._sums = Sums()
        self._stored = False
        self._membership = Membership()
        self._ahead: dict[tuple[date, date], int] = {}

    def add(self, cursor: Cursor[DictRow], histories: Sequence[History]) -> None:
        """Write what these histories change and what became of their pledges, and add it up."""
        with localcontext(prec=DIGITS):
            self._write(cursor, chain.from_iterable(map(self._steps, histories)))
        latest = (history.steps[-1].after for history in histories if history.steps)
        states = (f"{state.pledge.id}\t{escaped_json(state.document)}" for state in latest if state)
        copy_lines(cursor, "states", ("id", "state"), states)

    def finish(self, cursor: Cursor[DictRow]) -> None:
        """Write who joined which parts when, the sums and the members."""
        joiners = self._membership.steps()
        with localcontext(prec=DIGITS):
            while together := list(islice(joiners, STEPS_AT_ONCE)):
                self._write(cursor, map(self._sums.step, together))
            if self._stored:
                add_sums(cursor, self._sums)
            else:
                copy_sums(cursor, self._sums)
        copy_lines(cursor, "members", ("dimension", "key", "kind", "member", "pledges"), self._membership.lines())
        ahead = (line(*span, position) for span, position in self._ahead.items())
        copy_lines(cursor, "ahead", ("recorded_on", "effective_on", "position"), ahead)

    def _write(self, cursor: Cursor[DictRow], steps: Iterator[Step]) -> None:
        copy_steps(cursor, steps)
        if len(self._sums) > MOST_SUMS:
            add_sums(cursor, self._sums)
            self._sums, self._stored = Sums(), True

    def _steps(self, history: History) -> Iterator[Step]:
        was = Presence()
        for step in history.steps:
            now = was.after(step.after)
            day = recorded_on(step.entry)
            moved = move(step.entry, was, now, day)
            yield from self._sums.move(moved)
            self._membership.change(moved.position, moved.brought)
            if span := ahead_of_its_day(step.entry, day):
                self._ahead[span] = min(moved.position, self._ahead.get(span, moved.position))
            was = now


class Membership:
    """At which positions pledges brought whom into which part, or took them out again."""

    def __init__(self) -> None:
        self._positions: defaultdict[Part, dict[Whom, array[int]]] = defaultdict(dict)

    def change(self, position: int, brought: Iterable[Brought]) -> None:
        """A fact at a position brings these."""
        for parts, whom, times in brought:
            for part in parts:
                found = self._positions[part]
                for member in whom:
                    found.setdefault(member, array("q")).append(times * position)

    def steps(self) -> Iterator[Step]:
        """Who joined a part for the first time, or left it for good, in the order of positions."""
        came = sorted(
            (position, (part, kind, more))
            for part, positions in self._positions.items()
            for (kind, _), signed in positions.items()
            for position, more in _first_and_last(signed)
        )
        for position, together in groupby(came, itemgetter(0)):
            yield from joined(position, (more for _, more in together))

    def lines(self) -> Iterator[str]:
        """How many pledges bring each member into each part at the end."""
        for part, positions in self._positions.items():
            of_part = line(*part)
            for member, signed in positions.items():
                if pledges := sum(1 if position > 0 else -1 for position in signed):
                    yield f"{of_part}\t{_whom(member)}\t{pledges}"


@lru_cache(maxsize=10_000)
def _whom(member: Whom) -> str:
    return line(*member)


def _first_and_last(signed: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Where the first came (1) and the last went (-1), of positions that are negative where somebody went."""
    count = 0
    for position in sorted(signed, key=abs):
        was, count = count, count + (1 if position > 0 else -1)
        if bool(was) != bool(count):
            yield abs(position), bool(count) - bool(was)


PORTFOLIO = ReadModel.of_package("projections.portfolio", version=VERSION, apply=apply, builder=RunningTotalsBuilder)

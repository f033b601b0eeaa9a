"""The running totals made from whole histories: added up in memory, and copied in at the end."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal, localcontext
from functools import lru_cache
from itertools import groupby, islice

from psycopg import Cursor, sql
from psycopg.rows import DictRow

from domain.ladder import DIGITS
from projections.histories import History, Step
from projections.pledge_state import document
from projections.portfolio.changes import VERSION, Row, Sums, apply, recorded_on
from projections.portfolio.counted import FIGURES, LADDER, Member, Part, Presence, changes
from projections.read_model import ReadModel

LINES_AT_ONCE = 1_000
MOST_SUMS = 400_000
"""So many sums are kept in memory, some 300 MB; of a larger register they are stored and begun again."""


class RunningTotalsBuilder:
    """Keeps the sums, up to a number, and who is a member of what, which grows with the parts; writes states."""

    def __init__(self) -> None:
        self._sums = Sums()
        self._stored = False
        self._membership = Membership()
        self._ahead: set[tuple[date, date]] = set()

    def add(self, cursor: Cursor[DictRow], histories: Sequence[History]) -> None:
        """Add up what these histories change, and write what became of their pledges."""
        with localcontext(prec=DIGITS):
            for history in histories:
                self._add(history.steps)
        if len(self._sums) > MOST_SUMS:
            self._store(cursor)
        latest = (history.steps[-1].after for history in histories if history.steps)
        _copy(cursor, "states", ("id", "state"), ((pledge.id, document(pledge)) for pledge in latest if pledge))

    def finish(self, cursor: Cursor[DictRow]) -> None:
        """Write the sums and the members."""
        with localcontext(prec=DIGITS):
            self._membership.count(self._sums)
            if self._stored:
                self._store(cursor)
            else:
                _copy_lines(cursor, map(_line, self._sums.by_grain()))
        _copy(cursor, "members", ("dimension", "key", "kind", "member", "pledges"), self._membership.rows())
        _copy(cursor, "ahead", ("recorded_on", "effective_on"), sorted(self._ahead))

    def _store(self, cursor: Cursor[DictRow]) -> None:
        """Add the sums to what is stored, as whoever follows the ledger does."""
        self._sums.store(cursor)
        self._sums, self._stored = Sums(), True

    def _add(self, steps: Sequence[Step]) -> None:
        was = Presence.of(None)
        for day, of_day in groupby(steps, lambda step: recorded_on(step.entry)):
            facts = list(of_day)
            now = Presence.of(facts[-1].after)
            for changed in changes(was, now, day):
                self._sums.add(changed.parts, changed.day, changed.figures)
            self._membership.change(was, now, day)
            self._ahead |= {(day, fact.event.effective_on) for fact in facts if fact.event.effective_on > day}
            was = now


class Membership:
    """On which days pledges brought whom into which part, or took them out again."""

    def __init__(self) -> None:
        self._days: dict[Member, array[int]] = {}
        self._counts: dict[Member, int] = {}

    def change(self, was: Presence, now: Presence, day: date) -> None:
        """A pledge that was there is here from a day on."""
        if was == now:
            return
        before, after = set(was.members()), set(now.members())
        for sign, members in ((1, after - before), (-1, before - after)):
            for member in members:
                self._days.setdefault(member, array("i")).append(sign * day.toordinal())

    def count(self, sums: Sums) -> None:
        """Add to the sums who joined a part for the first time, or left it for good, by day."""
        for member, days in self._days.items():
            part, kind, _ = member
            count = 0
            for ordinal, of_day in groupby(sorted(days, key=abs), abs):
                was, count = count, count + sum(1 if signed > 0 else -1 for signed in of_day)
                if bool(was) != bool(count):
                    sums.add([part], date.fromordinal(ordinal), {kind: Decimal(bool(count) - bool(was))})
            self._counts[member] = count

    def rows(self) -> Iterator[tuple[object, ...]]:
        """How many pledges bring each member into each part at the end."""
        for (part, kind, member), pledges in self._counts.items():
            if pledges:
                yield (*part, kind, member, pledges)


_FIGURES = sql.SQL("COPY figures ({}) FROM STDIN").format(
    sql.SQL(", ").join(map(sql.Identifier, ("dimension", "key", "grain", "since", *FIGURES)))
)


def _line(row: Row) -> str:
    """A row of the sums as COPY takes it, in the form in which it is kept up: dollars without zeros at the end."""
    part, grain, since, figures = row
    amounts = (_text(name, figures[name]) if name in figures else "0" for name in FIGURES)
    return "\t".join((*_escaped(part), grain, since.isoformat(), *amounts))


def _text(name: str, amount: Decimal) -> str:
    return str(amount.normalize() if name in LADDER else amount)


@lru_cache(maxsize=10_000)
def _escaped(part: Part) -> tuple[str, str]:
    dimension, key = (
        text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r") for text in part
    )
    return dimension, key


def _copy_lines(cursor: Cursor[DictRow], lines: Iterator[str]) -> None:
    """Write the rows of the sums, of which there are several for each fact: so many that they are written as text."""
    with cursor.copy(_FIGURES) as copy:
        while together := list(islice(lines, LINES_AT_ONCE)):
            copy.write("\n".join([*together, ""]))


def _copy(cursor: Cursor[DictRow], table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


PORTFOLIO = ReadModel.of_package("projections.portfolio", version=VERSION, apply=apply, builder=RunningTotalsBuilder)

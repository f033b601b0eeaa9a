"""The portfolio of a report: every pledge at the period's opening and closing, and its cuts by each dimension."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from domain.counted import counted_of
from domain.dimensions import Dimension, Key, keys, order
from domain.ladder import RUNGS, Ladder, is_published, is_standing, ladder_of, sum_of
from domain.pledge import Pledge
from domain.progress.course import Course
from domain.progress.report import Cut, Figure, Headline, Proportion, Reach, Row, Value

TOP = 5
"""How many goals are top goals."""


@dataclass(frozen=True)
class Passage:
    """A pledge through the period: as it was when the period opened, if it was, and as it is when it closes."""

    course: Course
    opening: Pledge | None
    closing: Pledge

    @cached_property
    def ladder(self) -> Ladder:
        """Its dollars when the period closes."""
        return ladder_of(self.closing)

    @cached_property
    def delivered(self) -> Decimal:
        """What was delivered in the period, corrections included."""
        return sum_of((self.ladder.delivered, -ladder_of(self.opening).delivered))

    @cached_property
    def stands(self) -> bool:
        """Whether it is admitted and not withdrawn when the period closes."""
        return is_standing(self.closing)

    @cached_property
    def is_published(self) -> bool:
        """Whether BDT admitted it, so that it may be named."""
        return is_published(self.closing)

    @cached_property
    def is_new(self) -> bool:
        """Whether it stands and did not when the period opened."""
        return self.stands and not (self.opening and is_standing(self.opening))

    @cached_property
    def counts(self) -> bool:
        """Whether a cut shows anything of it."""
        return self.stands or bool(self.delivered) or self.ladder != Ladder()


def headline(passages: Iterable[Passage]) -> Headline:
    """Pledges, value, organisations and countries, to date and new."""
    all_ = list(passages)
    before = [p.opening for p in all_ if p.opening and is_standing(p.opening)]
    now = [p.closing for p in all_ if p.stands]
    return Headline(
        pledges=Figure(len(now), sum(p.is_new for p in all_)),
        value=Value(sum_of(p.ladder.validated for p in all_), sum_of(p.ladder.validated for p in all_ if p.is_new)),
        organisations=_figure(now, before, lambda pledge: (p.organisation for p in (pledge.lead, *pledge.partners))),
        countries=_figure(now, before, lambda pledge: pledge.countries),
    )


def cut(passages: Iterable[Passage], dimension: Dimension, on: date) -> Cut:
    """The portfolio by one dimension at the end of the period."""
    parts: defaultdict[Key, list[Passage]] = defaultdict(list)
    counted = [passage for passage in passages if passage.counts]
    for passage in counted:
        for key in keys(counted_of(passage.closing), dimension, on):
            parts[key].append(passage)
    rows = tuple(_row(key, parts[key]) for key in sorted(parts, key=order))
    return Cut(dimension=dimension, rows=rows, whole=_row(None, counted))


def reach(cut: Cut, key: Key) -> Reach:
    """How much of the portfolio reaches what the key names."""
    row = next((row for row in cut.rows if row.key == key), _row(key, ()))
    return Reach(
        Proportion(row.pledges, cut.whole.pledges), Proportion(row.ladder.validated, cut.whole.ladder.validated)
    )


def top(cut: Cut) -> tuple[Row, ...]:
    """The parts that most pledges touch, the most valuable first among equals."""
    stated = (row for row in cut.rows if row.key is not None and row.pledges)
    return tuple(sorted(stated, key=lambda row: (-row.pledges, -row.ladder.validated, order(row.key)))[:TOP])


def _figure(now: Iterable[Pledge], before: Iterable[Pledge], of: Callable[[Pledge], Iterable[object]]) -> Figure:
    had = {item for pledge in before for item in of(pledge)}
    has = {item for pledge in now for item in of(pledge)}
    return Figure(len(has), len(has - had))


def _row(key: Key, passages: Sequence[Passage]) -> Row:
    sums = {rung: sum_of(getattr(p.ladder, rung) for p in passages) for rung in RUNGS}
    return Row(
        key=key,
        pledges=sum(p.stands for p in passages),
        ladder=Ladder(**sums),
        new_pledges=sum(p.is_new for p in passages),
        new_value=sum_of(p.ladder.validated for p in passages if p.is_new),
        new_delivered=sum_of(p.delivered for p in passages),
    )

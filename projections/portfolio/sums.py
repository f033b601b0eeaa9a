"""What steps come to by part and block of positions, and what the calendar changes, by day, by month and by year."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import TypeVar

from projections.portfolio.counted import SIZES, Change, Figures, Part, add
from projections.portfolio.steps import Move, Step

BlockRow = tuple[Part, int, int, Figures]
"""Of a part, by what size of blocks, in which one of that size, what its figures come to."""

CalendarRow = tuple[Part, str, date, Figures]
"""Of a part, by what grain, from which day on, what its figures change."""

_ByPart = defaultdict[Part, dict[str, Decimal]]

Span = TypeVar("Span")
"""A block of positions, or the first day of a time."""


class Sums:
    """Adds up what changes in each part: by the smallest blocks and by day, from which all others are made."""

    def __init__(self) -> None:
        self._blocks: defaultdict[int, _ByPart] = defaultdict(_by_part)
        self._days: defaultdict[date, _ByPart] = defaultdict(_by_part)

    def __len__(self) -> int:
        """How many parts there are figures of, in all blocks and on all days."""
        return sum(map(len, self._blocks.values())) + sum(map(len, self._days.values()))

    def move(self, move: Move) -> Iterator[Step]:
        """Add what a fact changes; what of that it changes at once."""
        for change in move.changes:
            if change.day == move.day:
                yield self.step(Step(move.position, change.parts, change.figures))
            else:
                self._later(change)

    def step(self, step: Step) -> Step:
        """Add a step; the same step."""
        _add_each(self._blocks[step.position // SIZES[0]], step.parts, step.figures)
        return step

    def _later(self, change: Change) -> None:
        _add_each(self._days[change.day], change.parts, change.figures)

    def blocks(self) -> Iterator[BlockRow]:
        """The figures that say anything, of each part in each block of each size."""
        smaller: Mapping[int, _ByPart] = self._blocks
        for size, larger in zip(SIZES, (*SIZES[1:], None), strict=True):
            yield from ((part, size, block, figures) for block, part, figures in _saying(smaller))
            if larger:
                smaller = _summed((block * size // larger, by_part) for block, by_part in smaller.items())

    def calendar(self) -> Iterator[CalendarRow]:
        """The figures that say anything, of each part on each day, in each month and in each year."""
        months = _summed((day.replace(day=1), by_part) for day, by_part in self._days.items())
        years = _summed((month.replace(month=1), by_part) for month, by_part in months.items())
        for grain, sums in (("day", self._days), ("month", months), ("year", years)):
            yield from ((part, grain, since, figures) for since, part, figures in _saying(sums))


def _by_part() -> _ByPart:
    return defaultdict(dict)


def _add_each(sums: _ByPart, parts: Iterable[Part], figures: Figures) -> None:
    # What `add` does, without the call: a fact is added to the figures of some twenty parts.
    added = tuple(figures.items())
    for part in parts:
        found = sums[part]
        for name, amount in added:
            found[name] = found[name] + amount if name in found else amount


def _summed(smaller: Iterable[tuple[Span, _ByPart]]) -> Mapping[Span, _ByPart]:
    sums: defaultdict[Span, _ByPart] = defaultdict(_by_part)
    for span, by_part in smaller:
        for part, figures in by_part.items():
            add(sums[span][part], figures)
    return sums


def _saying(sums: Mapping[Span, _ByPart]) -> Iterator[tuple[Span, Part, Figures]]:
    return (
        (span, part, figures)
        for span, by_part in sums.items()
        for part, figures in by_part.items()
        if any(figures.values())
    )

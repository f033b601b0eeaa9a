"""What pledges count that nothing moved between two moments: most of a register, so they are added up together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Context
from itertools import product

from domain.counted import Counted
from domain.difference import Figures, figures_of, groups_touched, of_part, of_whole
from domain.dimensions import Attribution, Division, Key, keys
from domain.ladder import DIGITS, RUNGS, ZERO, Ladder
from domain.vocabulary import CountryGroup

_EXACT = Context(prec=DIGITS)

Place = tuple[tuple[CountryGroup, ...], tuple[tuple[Key, ...], ...]]
"""The country groups that pledges touch, and the keys that they have in each dimension."""


def resting_figures(pledges: Iterable[Counted], on: date, division: Division) -> Iterator[Figures]:
    """The figures of these pledges on a day, together wherever they are counted in the same groups and parts."""
    if division.attribution is not Attribution.FULL:
        yield from (figures_of(pledge, on, division) for pledge in pledges)
        return
    sums: defaultdict[Place, _Sum] = defaultdict(_Sum)
    for pledge in pledges:
        sums[_place(pledge, on, division)].count(pledge)
    for (groups, parts), counted in sums.items():
        found = dict(of_whole(groups, counted.ladder, counted.standing))
        for part in product(*parts) if parts else ():
            found |= of_part(part, counted.ladder, counted.standing)
        yield found


def _place(pledge: Counted, on: date, division: Division) -> Place:
    return groups_touched(pledge, on), tuple(keys(pledge, dimension, on) for dimension in division.by)


class _Sum:
    """Adds up what pledges count."""

    def __init__(self) -> None:
        self.standing = 0
        self._amounts = dict.fromkeys(RUNGS, ZERO)

    def count(self, pledge: Counted) -> None:
        self.standing += pledge.standing
        for rung in RUNGS:
            # A zero adds no dollars, but might add places after the point.
            if amount := getattr(pledge.ladder, rung):
                self._amounts[rung] = _EXACT.add(self._amounts[rung], amount)

    @property
    def ladder(self) -> Ladder:
        return Ladder(**self._amounts)

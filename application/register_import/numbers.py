"""Reference numbers for many pledges at once: free ones, in order, without holes where nobody comes between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from application.ports import ReferenceNumbers
from application.register_import.register import RegisterView
from domain.identity import numbered_reference, pledge_id

References = Mapping[int, Sequence[str]]
"""References that no pledge has, by year, in the order in which they are to be used."""


class ReferencesInUse:
    """Hands out references in order; one that was looked at but not used stays the next."""

    def __init__(self, references: References) -> None:
        self._references = references
        self._used: Counter[int] = Counter()

    def next(self, year: int) -> str:
        """The reference the next pledge of this year would have."""
        return self._references[year][self._used[year]]

    def use(self, year: int) -> None:
        """The next reference is a pledge's now."""
        self._used[year] += 1

    @property
    def used(self) -> References:
        """The references that are in use, by year."""
        return {year: tuple(self._references[year][:count]) for year, count in self._used.items() if count}


def provisional(wanted: Mapping[int, int], numbers: ReferenceNumbers, view: RegisterView) -> References:
    """The references that would be given now; nothing is taken."""
    last = {year: numbers.last(year) for year in wanted}

    def ahead(year: int, count: int) -> range:
        first = last[year] + 1
        last[year] += count
        return range(first, first + count)

    return _free(wanted, ahead, view)


def taken(wanted: Mapping[int, int], numbers: ReferenceNumbers, view: RegisterView) -> References:
    """References that are taken from now on, whether they will be used or not."""
    return _free(wanted, numbers.take, view)


def _free(wanted: Mapping[int, int], take: Callable[[int, int], range], view: RegisterView) -> References:
    return {year: _free_of_year(year, count, take, view) for year, count in wanted.items()}


def _free_of_year(year: int, count: int, take: Callable[[int, int], range], view: RegisterView) -> tuple[str, ...]:
    """An import may have brought a reference of this form along: its number is passed over."""
    free: list[str] = []
    while len(free) < count:
        references = [numbered_reference(year, number) for number in take(year, count - len(free))]
        used = view.existing(map(pledge_id, references))
        free += [reference for reference in references if pledge_id(reference) not in used]
    return tuple(free)

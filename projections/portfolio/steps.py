"""What each fact changes in the running totals at its position, and whom it brings into which parts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date
from decimal import Decimal
from itertools import product
from typing import NamedTuple

from audit.envelope import Entry
from projections.portfolio.counted import Change, Figures, Member, Part, Presence, Whom, changes


class Step(NamedTuple):
    """What a fact changed at once in some parts, in each of them the same."""

    position: int
    parts: frozenset[Part]
    figures: Figures


class Brought(NamedTuple):
    """Whom a pledge brings into which parts once more (1), or no longer (-1): each of them into each part."""

    parts: frozenset[Part]
    whom: frozenset[Whom]
    times: int

    def members(self) -> Iterator[Member]:
        """Each of them in each part."""
        return ((part, kind, member) for part, (kind, member) in product(self.parts, self.whom))


class Move(NamedTuple):
    """A fact, what it changed, and whom its pledge brings since then into which parts more often or less often."""

    position: int
    day: date
    changes: Sequence[Change]
    brought: Sequence[Brought]


def move(fact: Entry, was: Presence, now: Presence, day: date) -> Move:
    """What it changes that the pledge is here after the fact, which was recorded on a day, and was there before it."""
    return Move(fact.position, day, tuple(changes(was, now, day)), _brought(was, now))


def recorded_on(entry: Entry) -> date:
    """The day on which an entry was recorded."""
    return entry.recorded_at.astimezone(UTC).date()


def ahead_of_its_day(fact: Entry, day: date) -> tuple[date, date] | None:
    """From when until when a fact, recorded on a day, is not true yet; None for one that was true already."""
    return (day, fact.event.effective_on) if fact.event.effective_on > day else None


def joined(position: int, more: Iterable[tuple[Part, str, int]]) -> Iterator[Step]:
    """How many more, of which kind, have since a position joined which part: one step for all parts in which as many
    did."""
    by_part: defaultdict[Part, dict[str, int]] = defaultdict(dict)
    for part, kind, number in more:
        by_part[part][kind] = by_part[part].get(kind, 0) + number
    for figures, parts in _alike(by_part).items():
        yield Step(position, frozenset(parts), {kind: Decimal(number) for kind, number in figures})


def _alike(by_part: Mapping[Part, Mapping[str, int]]) -> Mapping[tuple[tuple[str, int], ...], Sequence[Part]]:
    alike: defaultdict[tuple[tuple[str, int], ...], list[Part]] = defaultdict(list)
    for part, numbers in by_part.items():
        if figures := tuple(sorted(item for item in numbers.items() if item[1])):
            alike[figures].append(part)
    return alike


def _brought(was: Presence, now: Presence) -> Sequence[Brought]:
    if was.stated is now.stated:
        return ()
    both = was.parts & now.parts
    found = (
        Brought(now.parts - both, now.brings, 1),
        Brought(both, now.brings - was.brings, 1),
        Brought(was.parts - both, was.brings, -1),
        Brought(both, was.brings - now.brings, -1),
    )
    return tuple(brought for brought in found if brought.parts and brought.whom)

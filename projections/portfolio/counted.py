"""What a pledge counts for in the running totals, and what a fact changes in them, at once and on later days.

A total is the sum of what all facts up to a position changed, and of what changed since because a date went by: a
pledge's reporting becomes due, then overdue, then silent. That is written in advance, on the day on which it will, and
taken back when the pledge changes before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from domain.counted import Counted, counted_of
from domain.dimensions import DATED, Dimension, keys
from domain.ladder import RUNGS
from domain.pledge import Pledge
from domain.vocabulary import Lifecycle, ReportingHealth

WHOLE = ""
"""The dimension, and the key, of the whole portfolio; also the key of what pledges do not state."""

DIMENSIONS = tuple(dimension for dimension in Dimension if dimension not in DATED)
"""By what there are running totals: by what only facts change."""

LADDER = tuple(f"{rung}_usd" for rung in RUNGS)
LIFECYCLE = {lifecycle: f"lifecycle_{lifecycle}" for lifecycle in Lifecycle}
REPORTING = {health: f"reporting_{health}" for health in ReportingHealth}
SUMMED = ("pledges", "reported", *LADDER, *LIFECYCLE.values(), *REPORTING.values())
"""The figures of a total that are sums over pledges."""

ORGANISATIONS, COUNTRIES = "organisations", "countries"
FIGURES = (*SUMMED, ORGANISATIONS, COUNTRIES)

SIZES = (1 << 10, 1 << 14, 1 << 18, 1 << 22)
"""Of how many positions there are sums, the smallest first: each is sixteen of the one before."""

Part = tuple[str, str]
"""A part of the portfolio: a dimension and a key, as text."""

Member = tuple[Part, str, str]
"""A part, which of `organisations` and `countries`, and the one of them that a pledge brings into the part."""

Figures = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be added to the figures of some parts, to each of them the same, on a day."""

    parts: frozenset[Part]
    day: date
    figures: Figures


def changes(old: Presence, new: Presence, day: date) -> Iterator[Change]:
    """What it changes, from a day on, that a pledge counts no longer as `old` but as `new`."""
    gone, come = _course(old.counted, day, -1), _course(new.counted, day, 1)
    moved = _together(gone, come)
    for parts, course in (
        (old.parts - new.parts, gone),
        (new.parts - old.parts, come),
        (old.parts & new.parts, moved),
    ):
        if parts:
            yield from (Change(parts, on, figures) for on, figures in course.items() if figures)


@dataclass(frozen=True, slots=True)
class Presence:
    """What a pledge counts as, the parts it belongs to, and the organisations and countries that it brings into them,
    if it stands."""

    counted: Counted | None = None
    parts: frozenset[Part] = frozenset()
    brings: frozenset[tuple[str, str]] = frozenset()

    @staticmethod
    def of(pledge: Pledge | None) -> Presence:
        """Where a pledge is; nowhere, where there is none."""
        if pledge is None:
            return Presence()
        counted = counted_of(pledge)
        return Presence(counted, _parts(counted), _brings(counted))

    def after(self, pledge: Pledge | None) -> Presence:
        """Where the same pledge is when something has happened to it: mostly where it was."""
        if pledge is None or self.counted is None:
            return Presence.of(pledge)
        old, new = self.counted, counted_of(pledge)
        # Dollars and reports put no pledge into another part; whatever else is counted may.
        if replace(old, ladder=new.ladder, reports=new.reports, reporting=new.reporting) == new:
            return Presence(new, self.parts, self.brings)
        return Presence(new, _parts(new), _brings(new))

    def members(self) -> Iterator[Member]:
        """Whom the pledge brings into each of its parts."""
        return ((part, kind, member) for part in self.parts for kind, member in self.brings)


def _parts(counted: Counted) -> frozenset[Part]:
    """The parts that a pledge belongs to; the whole is one of them."""
    # No dimension of these asks for the date, but the functions that find keys do.
    found = {
        (str(dimension), WHOLE if key is None else str(key))
        for dimension in DIMENSIONS
        for key in keys(counted, dimension, counted.announced_on)
    }
    return frozenset({(WHOLE, WHOLE), *found})


def _brings(counted: Counted) -> frozenset[tuple[str, str]]:
    if not counted.standing:
        return frozenset()
    organisations = {party.organisation for party in (counted.lead, *counted.partners)}
    return frozenset(
        {*((ORGANISATIONS, str(id)) for id in organisations), *((COUNTRIES, c) for c in counted.countries)}
    )


def _course(counted: Counted | None, day: date, sign: int) -> dict[date, Figures]:
    """What a pledge counts from a day on, and what changes on later days if nothing happens to it."""
    if counted is None:
        return {}
    amounts = {rung: getattr(counted.ladder, name) for rung, name in zip(LADDER, RUNGS, strict=True)}
    amounts |= {"pledges": counted.standing, "reported": counted.standing and bool(counted.reports)}
    amounts[LIFECYCLE[counted.lifecycle]] = 1
    course: dict[date, dict[str, Decimal]] = {day: {name: sign * Decimal(n) for name, n in amounts.items() if n}}
    if counted.standing:
        healths = list(_reporting(counted, day))
        for n, (on, health) in enumerate(healths):
            figures = course.setdefault(on, {})
            figures[REPORTING[health]] = Decimal(sign)
            if n:
                figures[REPORTING[healths[n - 1][1]]] = Decimal(-sign)
    return dict(course)


def _reporting(counted: Counted, day: date) -> Iterator[tuple[date, ReportingHealth]]:
    """How the pledge stands with its reports on a day, and from which later days on otherwise."""
    health = counted.reporting_health(day)
    yield day, health
    schedule = counted.reporting
    if schedule is None:
        return
    for on in (schedule.due_on, schedule.overdue_on, schedule.silent_on):
        if on > day and (later := schedule.health(on)) != health:
            health = later
            yield on, health


def _together(*courses: Mapping[date, Figures]) -> dict[date, Figures]:
    """The courses added up, without what cancels out."""
    sums: dict[date, dict[str, Decimal]] = {}
    for course in courses:
        for on, figures in course.items():
            added = sums.setdefault(on, {})
            for name, amount in figures.items():
                added[name] = added.get(name, Decimal(0)) + amount
    kept = {on: {name: amount for name, amount in figures.items() if amount} for on, figures in sums.items()}
    return {on: figures for on, figures in kept.items() if figures}

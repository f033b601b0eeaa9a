"""What a pledge counts for in the running totals, and what a change of it changes on which day.

A total at the end of a day is the sum of all changes up to that day. What changes by a fact is written on the day the
fact was recorded. A pledge's reporting also changes when a date goes by: that is written in advance, on the day on
which it will, and taken back when the pledge changes before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.counted import counted_of
from domain.dimensions import DATED, Dimension, keys
from domain.ladder import RUNGS, is_standing, ladder_of
from domain.pledge import Pledge
from domain.schedule import reporting_health, reporting_schedule
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

Part = tuple[str, str]
"""A part of the portfolio: a dimension and a key, as text."""

Member = tuple[Part, str, str]
"""A part, which of `organisations` and `countries`, and the one of them that a pledge brings into the part."""

Figures = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be added to the figures of a part on a day."""

    part: Part
    day: date
    figures: Figures


def changes(old: Pledge | None, new: Pledge | None, day: date, was: Presence, now: Presence) -> Iterator[Change]:
    """What it changes in every part, from a day on, that a pledge is no longer `old` but `new`; `was` and `now` are
    where it was and is."""
    gone, come = _course(old, day, -1), _course(new, day, 1)
    moved = _together(gone, come)
    for parts, course in ((was.parts - now.parts, gone), (now.parts - was.parts, come), (was.parts & now.parts, moved)):
        for part in parts:
            yield from (Change(part, on, figures) for on, figures in course.items())


def parts_of(pledge: Pledge | None) -> frozenset[Part]:
    """The parts that a pledge belongs to; the whole is one of them."""
    if pledge is None:
        return frozenset()
    counted = counted_of(pledge)
    # No dimension of these asks for the date, but the functions that find keys do.
    found = {
        (str(dimension), WHOLE if key is None else str(key))
        for dimension in DIMENSIONS
        for key in keys(counted, dimension, pledge.announced_on)
    }
    return frozenset({(WHOLE, WHOLE), *found})


@dataclass(frozen=True, slots=True)
class Presence:
    """The parts a pledge belongs to, and the organisations and countries that it brings into them, if it stands."""

    parts: frozenset[Part]
    brings: frozenset[tuple[str, str]]

    @staticmethod
    def of(pledge: Pledge | None) -> Presence:
        """Where a pledge is; nowhere, where there is none."""
        if pledge is None or not is_standing(pledge):
            return Presence(parts_of(pledge), frozenset())
        organisations = {party.organisation for party in (pledge.lead, *pledge.partners)}
        brings = {*((ORGANISATIONS, str(id)) for id in organisations), *((COUNTRIES, c) for c in pledge.countries)}
        return Presence(parts_of(pledge), frozenset(brings))

    def members(self) -> Iterator[Member]:
        """Whom the pledge brings into each of its parts."""
        return ((part, kind, member) for part in self.parts for kind, member in self.brings)


def _course(pledge: Pledge | None, day: date, sign: int) -> dict[date, Figures]:
    """What a pledge counts from a day on, and what changes on later days if nothing happens to it."""
    if pledge is None:
        return {}
    ladder, standing = ladder_of(pledge), is_standing(pledge)
    counted = {rung: getattr(ladder, name) for rung, name in zip(LADDER, RUNGS, strict=True)}
    counted |= {"pledges": standing, "reported": standing and bool(pledge.reports), LIFECYCLE[pledge.lifecycle]: 1}
    course: dict[date, dict[str, Decimal]] = {day: {name: sign * Decimal(n) for name, n in counted.items() if n}}
    if standing:
        healths = list(_reporting(pledge, day))
        for n, (on, health) in enumerate(healths):
            figures = course.setdefault(on, {})
            figures[REPORTING[health]] = Decimal(sign)
            if n:
                figures[REPORTING[healths[n - 1][1]]] = Decimal(-sign)
    return dict(course)


def _reporting(pledge: Pledge, day: date) -> Iterator[tuple[date, ReportingHealth]]:
    """How the pledge stands with its reports on a day, and from which later days on otherwise."""
    health = reporting_health(pledge, day)
    yield day, health
    schedule = reporting_schedule(pledge)
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

"""What a pledge counts for in the running totals, and what a change of it changes on which day.

A total at the end of a day is the sum of all changes up to that day. What changes by a fact is written on the day the
fact was recorded. A pledge's reporting also changes when a date goes by: that is written in advance, on the day on
which it will, and taken back when the pledge changes before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache

from domain.counted import Counted
from domain.dimensions import DATED, Dimension, keys
from domain.ladder import RUNGS, ZERO, Ladder, is_published, is_standing, ladder_of
from domain.pledge import Pledge
from domain.schedule import ReportingSchedule, reporting_schedule
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

_NO_LADDER = Ladder()


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be added to the figures of each of these parts on a day."""

    parts: frozenset[Part]
    day: date
    figures: Figures


@dataclass(frozen=True, slots=True)
class Presence:
    """The parts a pledge belongs to, the organisations and countries that it brings into them, if it stands, and what
    it counts in each part; when its next report falls due, if it stands and owes one.

    Two are equal where the pledge is the same member of the same parts, whatever it counts.
    """

    parts: frozenset[Part]
    brings: frozenset[tuple[str, str]]
    figures: Figures = field(compare=False)
    schedule: ReportingSchedule | None = field(compare=False)

    @staticmethod
    def of(pledge: Pledge | None) -> Presence:
        """Where a pledge is; nowhere, where there is none."""
        if pledge is None:
            return Presence(frozenset(), frozenset(), {}, None)
        standing = is_standing(pledge)
        brings = _brought(pledge) if standing else frozenset()
        return Presence(parts_of(pledge), brings, _counted(pledge), reporting_schedule(pledge) if standing else None)

    def members(self) -> Iterator[Member]:
        """Whom the pledge brings into each of its parts."""
        return ((part, kind, member) for part in self.parts for kind, member in self.brings)

    def course(self, day: date, sign: int) -> dict[date, dict[str, Decimal]]:
        """What a pledge counts from a day on, and what changes on later days if nothing happens to it."""
        if not self.parts:
            return {}
        course = {day: {name: sign * amount for name, amount in self.figures.items()}}
        former: ReportingHealth | None = None
        for on, health in self._reporting(day):
            figures = course.setdefault(on, {})
            figures[REPORTING[health]] = Decimal(sign)
            if former is not None:
                figures[REPORTING[former]] = Decimal(-sign)
            former = health
        return course

    def _reporting(self, day: date) -> Iterator[tuple[date, ReportingHealth]]:
        """How the pledge stands with its reports on a day, and from which later days on otherwise."""
        if not self.brings:
            return
        schedule = self.schedule
        if schedule is None:
            yield day, ReportingHealth.NOT_DUE
            return
        health = schedule.health(day)
        yield day, health
        for on in (schedule.due_on, schedule.overdue_on, schedule.silent_on):
            if on > day and (later := schedule.health(on)) != health:
                health = later
                yield on, health


def changes(was: Presence, now: Presence, day: date) -> Iterator[Change]:
    """What it changes in the parts, from a day on, that a pledge is no longer there but here."""
    gone, come = was.course(day, -1), now.course(day, 1)
    left, joined = was.parts - now.parts, now.parts - was.parts
    moved = ((was.parts & now.parts), _together(gone, come))
    for parts, course in ((left, gone), (joined, come), moved):
        if parts:
            yield from (Change(parts, on, figures) for on, figures in course.items())


def parts_of(pledge: Pledge) -> frozenset[Part]:
    """The parts that a pledge belongs to; the whole is one of them."""
    stated = Counted(
        lead=pledge.lead,
        partners=(),
        type=pledge.type,
        focus_area=pledge.focus_area,
        pillars=pledge.pillars,
        countries=pledge.countries,
        beneficiary_groups=pledge.beneficiary_groups,
        sdgs=pledge.sdgs,
        wsis_lines=pledge.wsis_lines,
        announced_on=pledge.announced_on,
        lifecycle=pledge.lifecycle,
        published=is_published(pledge),
        standing=is_standing(pledge),
        ladder=_NO_LADDER,
        reports=0,
        reporting=None,
    )
    return _parts(stated)


@lru_cache(maxsize=2_000)  # most facts leave their pledge where it is
def _parts(stated: Counted) -> frozenset[Part]:
    # No dimension of these asks for the date, but the functions that find keys do.
    found = {
        (str(dimension), WHOLE if key is None else str(key))
        for dimension in DIMENSIONS
        for key in keys(stated, dimension, stated.announced_on)
    }
    return frozenset({(WHOLE, WHOLE), *found})


def _brought(pledge: Pledge) -> frozenset[tuple[str, str]]:
    organisations = {party.organisation for party in (pledge.lead, *pledge.partners)}
    return frozenset({*((ORGANISATIONS, str(id)) for id in organisations), *((COUNTRIES, c) for c in pledge.countries)})


def _counted(pledge: Pledge) -> Figures:
    """What a pledge counts, whatever the day; without what is nothing."""
    ladder, standing = ladder_of(pledge), is_standing(pledge)
    counted: dict[str, Decimal | int] = {rung: getattr(ladder, name) for rung, name in zip(LADDER, RUNGS, strict=True)}
    counted |= {"pledges": standing, "reported": standing and bool(pledge.reports), LIFECYCLE[pledge.lifecycle]: 1}
    return {name: Decimal(n) for name, n in counted.items() if n}


def _together(gone: Mapping[date, Figures], come: Mapping[date, Figures]) -> dict[date, Figures]:
    """The courses added up, without what cancels out."""
    sums: dict[date, dict[str, Decimal]] = {on: dict(figures) for on, figures in gone.items()}
    for on, figures in come.items():
        added = sums.setdefault(on, {})
        for name, amount in figures.items():
            added[name] = added.get(name, ZERO) + amount
    kept = {on: {name: amount for name, amount in figures.items() if amount} for on, figures in sums.items()}
    return {on: figures for on, figures in kept.items() if figures}

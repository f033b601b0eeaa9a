"""What a pledge counts for in the running totals, and what a fact changes in them, at once and on later days.

A total is the sum of what all facts up to a position changed, and of what changed since because a date went by: a
pledge's reporting becomes due, then overdue, then silent. That is written in advance, on the day on which it will, and
taken back when the pledge changes before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter

from domain.counted import Counted, counted_of
from domain.dimensions import DATED, Dimension, keys
from domain.ladder import RUNGS, ZERO
from domain.schedule import ReportingSchedule
from domain.vocabulary import Lifecycle, ReportingHealth
from projections.pledge_state import Description, PledgeState

WHOLE = ""
"""The dimension, and the key, of the whole portfolio; also the key of what pledges do not state."""

DIMENSIONS = tuple(dimension for dimension in Dimension if dimension not in DATED)
"""By what there are running totals: by what only facts change."""

MOVING = (Dimension.LIFECYCLE, Dimension.ORGANISATION)
"""Those in which a pledge has another key when it is admitted, say, whatever is stated of it."""

SETTLED = tuple(dimension for dimension in DIMENSIONS if dimension not in MOVING)

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

Whom = tuple[str, str]
"""Which of `organisations` and `countries`, and the one of them that a pledge brings into its parts."""

Member = tuple[Part, str, str]
"""A part, and whom pledges bring into it."""

Figures = Mapping[str, Decimal]

ONE = Decimal(1)
_rungs = attrgetter(*RUNGS)


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be added to the figures of some parts, to each of them the same, on a day."""

    parts: frozenset[Part]
    day: date
    figures: Figures


@dataclass(frozen=True, slots=True)
class Presence:
    """The parts a pledge belongs to, the organisations and countries that it brings into them, if it stands, and what
    it counts in each part; when its next report falls due, if it owes one.

    Parts and whom it brings follow from what is stated of it and how it stands: where that is the same, so are they.
    """

    stated: tuple[object, ...] = ()
    parts: frozenset[Part] = frozenset()
    brings: frozenset[Whom] = frozenset()
    standing: bool = False
    figures: Figures = field(default_factory=dict)
    schedule: ReportingSchedule | None = None

    @staticmethod
    def of(state: PledgeState | None) -> Presence:
        """Where a pledge is; nowhere, where there is none."""
        return Presence().after(state)

    def after(self, state: PledgeState | None) -> Presence:
        """Where the same pledge is when something has happened to it: mostly where it was."""
        if state is None:
            return Presence()
        counted = state.status
        stated = (state.description, counted.lifecycle, counted.published)
        stays = stated == self.stated
        return Presence(
            stated=self.stated if stays else stated,
            parts=self.parts if stays else _settled(state.description) | _parts(counted, MOVING),
            brings=self.brings if stays else _brings(state.description) if counted.standing else frozenset(),
            standing=counted.standing,
            figures=_figures(counted),
            schedule=counted.reporting,
        )

    def course(self, day: date, sign: int) -> dict[date, dict[str, Decimal]]:
        """What the pledge counts from a day on, and what changes on later days if nothing happens to it."""
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
        if not self.standing:
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
    """What it changes, from a day on, that a pledge is no longer there but here."""
    if was.stated is now.stated and (was.schedule is now.schedule or was.schedule == now.schedule):
        # What goes by the calendar stays as it is.
        if figures := _moved(was.figures, now.figures):
            yield Change(now.parts, day, figures)
        return
    gone, come = was.course(day, -1), now.course(day, 1)
    for parts, course in (
        (was.parts - now.parts, gone),
        (now.parts - was.parts, come),
        (was.parts & now.parts, _together(gone, come)),
    ):
        if parts:
            yield from (Change(parts, on, figures) for on, figures in course.items() if figures)


def _parts(counted: Counted, dimensions: Iterable[Dimension]) -> frozenset[Part]:
    """The parts that a pledge belongs to by some dimensions."""
    # No dimension of these asks for the date, but the functions that find keys do.
    return frozenset(
        (str(dimension), WHOLE if key is None else str(key))
        for dimension in dimensions
        for key in keys(counted, dimension, counted.announced_on)
    )


@lru_cache(maxsize=1_000)
def _settled(stated: Description) -> frozenset[Part]:
    """The parts that it belongs to as long as the same is stated of it; the whole is one of them."""
    return _parts(counted_of(stated.pledge), SETTLED) | {(WHOLE, WHOLE)}


@lru_cache(maxsize=1_000)
def _brings(stated: Description) -> frozenset[Whom]:
    organisations = ((ORGANISATIONS, str(party.organisation)) for party in stated.pledge.parties)
    return frozenset((*organisations, *((COUNTRIES, country) for country in stated.pledge.countries)))


def _figures(counted: Counted) -> Figures:
    """What a pledge counts, whatever the day; without what is nothing."""
    figures = {LIFECYCLE[counted.lifecycle]: ONE}
    if counted.standing:
        figures["pledges"] = ONE
        if counted.reports:
            figures["reported"] = ONE
    dollars = zip(LADDER, _rungs(counted.ladder), strict=True)
    return figures | {rung: amount for rung, amount in dollars if amount}


def _moved(was: Figures, now: Figures) -> Figures:
    come = {name: amount - was.get(name, ZERO) for name, amount in now.items() if was.get(name) != amount}
    return come | {name: -amount for name, amount in was.items() if name not in now}


def _together(gone: Mapping[date, Figures], come: Mapping[date, Figures]) -> dict[date, Figures]:
    """The courses added up, without what cancels out."""
    sums: dict[date, dict[str, Decimal]] = {on: dict(figures) for on, figures in gone.items()}
    for on, figures in come.items():
        add(sums.setdefault(on, {}), figures)
    return {on: {name: amount for name, amount in figures.items() if amount} for on, figures in sums.items()}


def add(sums: dict[str, Decimal], figures: Figures) -> None:
    """Add figures to sums."""
    for name, amount in figures.items():
        sums[name] = sums[name] + amount if name in sums else amount

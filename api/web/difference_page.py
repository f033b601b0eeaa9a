"""What the page of two moments shows: every figure then and now, and what moved it from the one to the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice
from typing import Any

from api.web.paging import Paged, paged
from application.moments import Moment
from audit.snapshot import Document
from domain.difference import COUNT, Cause
from domain.dimensions import Key
from domain.ladder import RUNGS, ZERO, sum_of
from domain.totals import rate
from domain.vocabulary import CountryGroup
from infrastructure.bootstrap import Service
from infrastructure.register import point_of
from projections.pinning import Point

MOVEMENTS_A_PAGE = 50

FIGURES = (COUNT, *(f"{rung}_usd" for rung in RUNGS))
"""What is measured, of all pledges and of those in a group of countries."""


@dataclass(frozen=True, slots=True)
class CauseLine:
    """What one cause did to a figure, to how many pledges, and how far that reaches along the longest, from -1 to 1."""

    cause: Cause
    change: Decimal
    pledges: int
    length: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure at both moments, and why it moved."""

    name: str
    opening: Decimal
    change: Decimal
    closing: Decimal
    causes: Sequence[CauseLine] = ()

    @property
    def is_count(self) -> bool:
        """Whether it counts pledges, rather than US dollars."""
        return self.name == COUNT

    @property
    def sum_of_causes(self) -> Decimal:
        """What the causes come to."""
        return sum_of(line.change for line in self.causes)

    @property
    def adds_up(self) -> bool:
        """Whether the causes are the change, and the change is what lies between the two moments, exactly."""
        return self.sum_of_causes == self.change == sum_of((self.closing, -self.opening))


@dataclass(frozen=True, slots=True)
class Scope:
    """The figures of all pledges, or of those that touch a group of countries."""

    group: CountryGroup | None
    figures: Sequence[Figure]

    @property
    def moved(self) -> Sequence[Figure]:
        """The figures that something moved."""
        return [figure for figure in self.figures if figure.causes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """What one cause did to one pledge, by figure, and the facts that did it, each by its version of the pledge.

    `reference` is None where the pledges are not public: what the cause did to all of those is told together. `title`
    is None where the pledge was not public at the moments it is asked for. `countries` joined or left a group.
    """

    reference: str | None
    title: str | None
    cause: Cause
    changes: Mapping[str, Decimal]
    positions: Sequence[int]
    versions: Mapping[int, int]
    countries: Sequence[str]


@dataclass(frozen=True, slots=True)
class PartMoved:
    """A part of the portfolio at both moments, as by which its figures are divided."""

    keys: tuple[Key, ...]
    figures: Mapping[str, Figure]


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferencePage:
    """Why two moments differ. `shown` is the scope whose movements are listed."""

    opening: Moment
    closing: Moment
    digest: str
    scopes: Sequence[Scope]
    shown: Scope
    parts: Sequence[PartMoved]
    movements: Paged[Movement]

    @property
    def whole(self) -> Scope:
        """The figures of all pledges."""
        return self.scopes[0]

    @property
    def exactly(self) -> dict[str, object]:
        """The parameters that name the two moments for ever."""
        return {
            "from": self.opening.position,
            "from_effective_on": self.opening.effective_on,
            "to": self.closing.position,
            "to_effective_on": self.closing.effective_on,
        }


def difference_page(
    service: Service,
    compared: tuple[Moment, Moment],
    difference: Document,
    *,
    of: CountryGroup | None,
    number: int,
) -> DifferencePage:
    """The page of a difference, with a page of the movements of a group of countries; of all pledges without one.

    Where nothing moved the figures of all pledges, the movements are those of the first group in which something did.
    """
    opening, closing = compared
    scopes = [Scope(group, list(_figures(difference, group))) for group in (None, *CountryGroup)]
    shown = next((scope for scope in scopes if scope.group is of and scope.moved), None) or _first_moved(scopes)
    listed = paged(list(_movements(difference["movements"], shown.group)), number, MOVEMENTS_A_PAGE)
    return DifferencePage(
        opening=opening,
        closing=closing,
        digest=difference["digest"],
        scopes=scopes,
        shown=shown,
        parts=[_part(group, difference["group_by"]) for group in difference["groups"]],
        movements=listed.showing(_named(service, compared, listed.items, everybody=difference["unpublished"])),
    )


def _first_moved(scopes: Sequence[Scope]) -> Scope:
    return next((scope for scope in scopes if scope.moved), scopes[0])


def _figures(difference: Document, group: CountryGroup | None) -> Iterator[Figure]:
    for name in FIGURES:
        measure = _measure(group, name)
        yield Figure(
            name=name,
            opening=Decimal(difference["opening"][measure]),
            change=Decimal(difference["totals"][measure]),
            closing=Decimal(difference["closing"][measure]),
            causes=_causes([cause for cause in difference["causes"] if cause["measure"] == measure]),
        )


def _causes(told: Sequence[Mapping[str, Any]]) -> list[CauseLine]:
    changes = [Decimal(cause["change"]) for cause in told]
    longest = max(map(abs, changes), default=ZERO)
    return [
        CauseLine(Cause(cause["cause"]), change, cause["pledges"], rate(change, longest) or ZERO)
        for cause, change in zip(told, changes, strict=True)
    ]


def _part(group: Mapping[str, Any], dimensions: Sequence[str]) -> PartMoved:
    def figure(name: str) -> Figure:
        opening, change, closing = (Decimal(group[side].get(name, 0)) for side in ("opening", "totals", "closing"))
        return Figure(name=name, opening=opening, change=change, closing=closing)

    return PartMoved(tuple(group["key"][name] for name in dimensions), {name: figure(name) for name in FIGURES})


def _measure(group: CountryGroup | None, figure: str) -> str:
    return f"{group}_{figure}" if group else figure


def _movements(told: Iterable[Mapping[str, Any]], group: CountryGroup | None) -> Iterator[Movement]:
    """The movements of a scope, those of one pledge by one cause together, by reference."""
    names = {_measure(group, figure): figure for figure in FIGURES}
    lines: defaultdict[tuple[str | None, str], list[Mapping[str, Any]]] = defaultdict(list)
    for line in told:
        if line["measure"] in names:
            lines[line["reference"], line["cause"]].append(line)
    for (reference, cause), moved in sorted(lines.items(), key=lambda item: item[0][0] is None):
        changes: defaultdict[str, list[Decimal]] = defaultdict(list)
        for line in moved:
            changes[names[line["measure"]]].append(Decimal(line["change"]))
        yield Movement(
            reference=reference,
            title=None,
            cause=Cause(cause),
            changes={figure: sum_of(amounts) for figure, amounts in changes.items()},
            positions=sorted({position for line in moved for position in line["positions"]}) if reference else (),
            versions={},
            countries=sorted({country for line in moved for country in line.get("countries", ())}) if reference else (),
        )


MOST_POSITIONS = 20
"""So many facts of one movement are told; who wants all of them has the data."""


def _named(
    service: Service, compared: tuple[Moment, Moment], movements: Sequence[Movement], *, everybody: bool
) -> list[Movement]:
    """The movements with the titles of their pledges, and with the facts that did it."""
    references = {movement.reference for movement in movements if movement.reference}
    titles = _titles(service, [point_of(moment) for moment in compared], references, everybody=everybody)
    told = {position for movement in movements for position in islice(movement.positions, MOST_POSITIONS)}
    happened = service.timeline.at_positions(told) if told else {}
    return [
        replace(
            movement,
            title=titles.get(movement.reference or ""),
            versions={p: happened[p].version for p in movement.positions if p in happened},
        )
        for movement in movements
    ]


def _titles(service: Service, points: Sequence[Point], references: Iterable[str], *, everybody: bool) -> dict[str, str]:
    """What pledges were called at the later moment at which they were public."""
    wanted = set(references)
    found: dict[str, str] = {}
    for point in points:
        if wanted:
            found |= service.pledges.titles(wanted, point, published=not everybody)
    return found

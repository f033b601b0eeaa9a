"""Which values a pledge has, as bits: so the values of many pledges are counted in one walk through their rows.

Which bit is whose follows from the vocabulary and the country groups: where these change, so must the read model's
version. Whether a country is in a group is a question about a date. So a pledge is marked with the stays in groups that
its countries ever have, and the date says which of these count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from itertools import count

from psycopg import sql

from domain import vocabulary
from domain.geography import members, memberships, regions_of
from domain.pledge import Pledge
from domain.vocabulary import CountryGroup

BITS = 60
COLUMNS = ("marks_1", "marks_2")
"""The first has so many bits, the second those that follow."""

VALUES: Mapping[str, Iterable[str]] = {
    "type": vocabulary.labels("pledge_type"),
    "focus_area": vocabulary.labels("focus_area"),
    "pillar": vocabulary.labels("pillar"),
    "sector": vocabulary.labels("sector"),
    "region": vocabulary.labels("region"),
    "beneficiary_group": vocabulary.labels("beneficiary_group"),
    "sdg": vocabulary.labels("sdg"),
}
"""What is marked, besides stays in groups, by its name among the filters."""

_STAYS = "stays"


@cache
def marks() -> Mapping[str, Mapping[str, int]]:
    """The bit of each value, by what it is a value of."""
    place = count()
    values = {**VALUES, _STAYS: sorted(set(_stays().values()))}
    return {name: {value: 1 << next(place) for value in of} for name, of in values.items()}


def marked(pledge: Pledge) -> tuple[int, ...]:
    """The columns of a pledge. What is in no list has no mark."""
    bits = 0
    for name, value in _values(pledge):
        bits |= marks()[name].get(value, 0)
    return _columns(bits)


def has(bits: int) -> sql.Composable:
    """Says of a row that it has one of these marks at least."""
    parts = [
        sql.SQL("{} & {} <> 0").format(sql.Identifier(column), sql.Literal(part))
        for column, part in zip(COLUMNS, _columns(bits), strict=True)
        if part
    ]
    return sql.SQL("({})").format(sql.SQL(" OR ").join(parts)) if parts else sql.SQL("false")


def marks_of_members(group: CountryGroup, on: date) -> int:
    """The marks of which a pledge has one where one of its countries is in the group on a day."""
    bits = 0
    for country in members(group, on):
        bits |= marks()[_STAYS][_stays()[country]]
    return bits


def _values(pledge: Pledge) -> Iterator[tuple[str, str]]:
    yield from (("type", pledge.type), ("focus_area", pledge.focus_area), ("sector", pledge.lead.sector))
    yield from (("pillar", pillar) for pillar in pledge.pillars)
    yield from (("region", region) for region in regions_of(pledge.countries))
    yield from (("beneficiary_group", group) for group in pledge.beneficiary_groups)
    yield from (("sdg", str(sdg)) for sdg in pledge.sdgs)
    yield from ((_STAYS, stays) for country in pledge.countries if (stays := _stays().get(country)))


@cache
def _stays() -> Mapping[str, str]:
    """When each country is in which groups, as a text that is the same for those that always go together."""
    found: dict[str, list[str]] = {}
    for stay in memberships():
        found.setdefault(stay.iso3, []).append(f"{stay.group} {stay.since} {stay.until}")
    return {iso3: ", ".join(sorted(stays)) for iso3, stays in found.items()}


def _columns(bits: int) -> tuple[int, ...]:
    return tuple((bits >> BITS * n) & ((1 << BITS) - 1) for n in range(len(COLUMNS)))

"""What pledges that are looked for come to, and how many each value of each filter would find beside the other filters.

The latter takes one pass over the pledges, and one for countries. Each row notes which of the faceted filters it
misses. A row that misses none is counted everywhere; one that misses a single filter is counted among that filter's
own values, for another choice there would find it; one that misses more is counted nowhere. Rows that miss the same are
counted together, for each value those that have it: which these are, a row says in two numbers (see `marks`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any, LiteralString

from psycopg import sql
from psycopg.rows import DictRow

from domain.ladder import RUNGS, Ladder
from domain.vocabulary import CountryGroup, Lifecycle
from projections.database import Source, rows
from projections.pinning import AT_POINT, Point, point, require_reached
from projections.pledge_status.filters import REPORTING_HEALTH, Condition, PledgeFilters, conditions
from projections.pledge_status.marks import VALUES, has, marks, marks_of_members


class Facet(StrEnum):
    """A filter whose values are counted, by its name among the filters."""

    LIFECYCLE = "lifecycle"
    TYPE = "type"
    FOCUS_AREA = "focus_area"
    PILLAR = "pillar"
    SECTOR = "sector"
    REGION = "region"
    COUNTRY = "country"
    TARGET_GROUP = "target_group"
    BENEFICIARY_GROUP = "beneficiary_group"
    SDG = "sdg"
    REPORTING = "reporting"
    SCALED_UP = "scaled_up"
    YEAR = "year"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """How many pledges there are, and what they come to."""

    pledges: int
    ladder: Ladder


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What pledges that meet every filter come to, and the values of each facet with their numbers of pledges.

    Values are texts: codes, years, SDGs, `true` and `false`. One that no pledge has is left out.
    """

    pledges: int
    ladder: Ladder
    facets: Mapping[Facet, Mapping[str, int]]


_COUNTED = sql.SQL("""
SELECT tracking.position AS reached, counted.*
FROM pledge_status.tracking LEFT JOIN (
    SELECT missed, year, count(*) AS pledges, {sums}, {values}
    FROM (
        SELECT *, extract(year FROM announced_on)::integer AS year, {missed} AS missed
        FROM pledge_status.pledges WHERE {conditions}
    ) AS noted
    WHERE missed & (missed - 1) = 0 GROUP BY missed, year
) AS counted ON true
""")

# There are too many countries to ask of each row for each of them.
_BY_COUNTRY = sql.SQL("""
SELECT tracking.position AS reached, counted.*
FROM pledge_status.tracking LEFT JOIN (
    SELECT country, count(*) AS pledges
    FROM (
        SELECT unnest(countries) AS country
        FROM (SELECT *, {missed} AS missed FROM pledge_status.pledges WHERE {conditions}) AS noted
        WHERE missed IN (0, {bit})
    ) AS apart GROUP BY country
) AS counted ON true
""")

_SUM = sql.SQL("""
SELECT tracking.position AS reached, counted.*
FROM pledge_status.tracking CROSS JOIN (
    SELECT count(*) AS pledges, {sums} FROM pledge_status.pledges WHERE {conditions}
) AS counted
""")


def summary(source: Source, filters: PledgeFilters, at: Point) -> Summary:
    """The totals of what meets the filters, and the facets' numbers, at a point. Raises PositionNotReached."""
    faceted = {facet: own for facet in Facet if (own := _own_condition(filters, facet, at))}
    others = list(conditions(_without_facets(filters), at.effective_on, AT_POINT))
    looked_through = {
        "missed": _missed(faceted),
        "conditions": sql.SQL(" AND ").join([AT_POINT, *(condition.text for condition in others)]),
    }
    named = [condition.values for condition in (*faceted.values(), *others)]
    values = {**point(at), **{name: value for of_one in named for name, value in of_one.items()}}
    told = {**_SETTLED, **_of_groups(at.effective_on)}
    counting = _COUNTED.format(
        sums=_each_rung("sum({0}) AS {0}"),
        values=sql.SQL(", ").join(map(_number, told.values(), range(len(told)))),
        **looked_through,
    )
    counted = _found(source, counting, values, at, "missed")
    by_country = _BY_COUNTRY.format(bit=sql.Literal(_BITS[Facet.COUNTRY]), **looked_through)
    countries = _found(source, by_country, values, at, "country")
    return Summary(
        pledges=sum(row["pledges"] for row in counted if not row["missed"]),
        ladder=sum((_ladder(row) for row in counted if not row["missed"]), Ladder()),
        facets={**_facets(told, counted), Facet.COUNTRY: {row["country"]: row["pledges"] for row in countries}},
    )


def sum_of(source: Source, filters: PledgeFilters, at: Point) -> Sum:
    """How many pledges meet the filters at a point, and what they come to. Raises PositionNotReached."""
    given = list(conditions(filters, at.effective_on, AT_POINT))
    query = _SUM.format(
        sums=_each_rung("coalesce(sum({0}), 0) AS {0}"),
        conditions=sql.SQL(" AND ").join([AT_POINT, *(condition.text for condition in given)]),
    )
    values = {name: value for condition in given for name, value in condition.values.items()}
    [found] = rows(source, query, {**values, **point(at)})
    require_reached(at, found["reached"])
    return Sum(pledges=found["pledges"], ladder=_ladder(found))


def _found(
    source: Source, query: sql.Composed, values: Mapping[str, Any], at: Point, always: LiteralString
) -> list[DictRow]:
    found = rows(source, query, values)
    require_reached(at, found[0]["reached"])
    return [row for row in found if row[always] is not None]


def _facets(
    told: Mapping[tuple[Facet, str], sql.Composable], counted: Sequence[DictRow]
) -> Mapping[Facet, Mapping[str, int]]:
    """The numbers of all values, each of the rows that miss no filter, or none but that of the value's own facet."""
    facets: dict[Facet, Counter[str]] = {facet: Counter() for facet in Facet}
    for row in counted:
        if row["missed"] in {0, _BITS[Facet.YEAR]}:
            facets[Facet.YEAR][str(row["year"])] += row["pledges"]
        for n, (facet, value) in enumerate(told):
            if row["missed"] in {0, _BITS[facet]}:
                facets[facet][value] += row[_name(n)]
    return {facet: {value: number for value, number in numbers.items() if number} for facet, numbers in facets.items()}


def _own_condition(filters: PledgeFilters, facet: Facet, at: Point) -> Condition | None:
    alone: Any = {facet.value: getattr(filters, facet)}
    return next(conditions(PledgeFilters(**alone), at.effective_on, AT_POINT), None)


def _without_facets(filters: PledgeFilters) -> PledgeFilters:
    nothing = PledgeFilters()
    empty: Any = {facet.value: getattr(nothing, facet) for facet in Facet}
    return replace(filters, **empty)


def _missed(faceted: Mapping[Facet, Condition]) -> sql.Composable:
    """The sum of the bits of the filters that a row does not meet."""
    notes: list[sql.Composable] = [
        sql.SQL("CASE WHEN {} THEN 0 ELSE {} END").format(condition.text, sql.Literal(_BITS[facet]))
        for facet, condition in faceted.items()
    ]
    return sql.SQL(" + ").join([sql.SQL("0"), *notes])


def _each_rung(form: LiteralString) -> sql.Composable:
    return sql.SQL(", ").join(sql.SQL(form).format(sql.Identifier(f"{rung}_usd")) for rung in RUNGS)


def _of_values() -> Iterator[tuple[Facet, str, sql.Composable]]:
    """Each value that a row can be asked for, whatever the day, and the question."""
    for lifecycle in Lifecycle:
        yield Facet.LIFECYCLE, lifecycle, sql.SQL("lifecycle = {}").format(sql.Literal(lifecycle.value))
    for name in VALUES:
        for value, bit in marks()[name].items():
            yield Facet(name), value, has(bit)
    for health, condition in REPORTING_HEALTH.items():
        yield Facet.REPORTING, health, sql.SQL(condition)
    yield Facet.SCALED_UP, "true", sql.SQL("scaled_up")
    yield Facet.SCALED_UP, "false", sql.SQL("NOT scaled_up")


def _of_groups(on: date) -> Mapping[tuple[Facet, str], sql.Composable]:
    return {(Facet.TARGET_GROUP, group.value): has(marks_of_members(group, on)) for group in CountryGroup}


def _number(question: sql.Composable, n: int) -> sql.Composable:
    return sql.SQL("count(*) FILTER (WHERE {}) AS {}").format(question, sql.Identifier(_name(n)))


def _name(n: int) -> str:
    return f"value_{n}"


_BITS: Mapping[Facet, int] = {facet: 1 << n for n, facet in enumerate(Facet)}
"""By which a row notes that it misses the filter."""

# As one text, since it is long, and always the same.
_SETTLED: Mapping[tuple[Facet, str], sql.Composable] = {
    (facet, value): sql.SQL(question.as_string(None)) for facet, value, question in _of_values()
}


def _ladder(row: DictRow) -> Ladder:
    return Ladder(**{rung: row[f"{rung}_usd"] for rung in RUNGS})

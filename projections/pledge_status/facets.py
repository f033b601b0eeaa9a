"""What pledges that are looked for come to, and how many each value of each filter would find beside the other filters.

The latter takes one pass over the pledges: each row notes which of the faceted filters it misses. A row that misses
none is counted everywhere; one that misses a single filter is counted among that filter's own values, for another
choice there would find it; one that misses more is counted nowhere. Many pledges are alike: those that have the same
values together are counted first, and what is said of each value is added up from these few.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, LiteralString

from psycopg import sql
from psycopg.rows import DictRow

from domain.geography import members
from domain.ladder import RUNGS, Ladder
from domain.vocabulary import CountryGroup
from projections.database import Source, rows
from projections.pinning import AT_POINT, Point, point, require_reached
from projections.pledge_status.filters import REPORTING_HEALTH, Condition, PledgeFilters, conditions


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


_SINGLE: Mapping[Facet, LiteralString] = {
    Facet.LIFECYCLE: "lifecycle",
    Facet.TYPE: "type",
    Facet.FOCUS_AREA: "focus_area",
    Facet.SECTOR: "lead_sector",
    Facet.REPORTING: "reporting",
    Facet.SCALED_UP: "scaled_up",
    Facet.YEAR: "year",
}
"""The columns of `alike`; of each pledge one value."""

_SEVERAL: Mapping[Facet, tuple[LiteralString, LiteralString]] = {
    Facet.PILLAR: ("near", "pillars"),
    Facet.REGION: ("placed", "regions"),
    Facet.COUNTRY: ("placed", "countries"),
    Facet.TARGET_GROUP: ("placed", "target_groups"),
    Facet.BENEFICIARY_GROUP: ("near", "beneficiary_groups"),
    Facet.SDG: ("near", "sdgs"),
}
"""Where the values are that pledges have several of, and in which column."""

_SUMMARY = sql.SQL("""
SELECT tracking.position AS reached, counted.*
FROM pledge_status.tracking LEFT JOIN (
    WITH noted AS (
        SELECT *, {missed} AS missed FROM pledge_status.pledges WHERE {conditions}
    ), near AS MATERIALIZED (
        SELECT 1 AS pledges, lifecycle, type, focus_area, lead_sector, {reporting} AS reporting, scaled_up,
               extract(year FROM announced_on)::integer AS year, pillars, regions, countries, beneficiary_groups, sdgs,
               {rungs}, missed
        FROM noted WHERE missed & (missed - 1) = 0
    ), alike AS MATERIALIZED (
        SELECT {single}, missed, count(*) AS pledges, {summed} FROM near GROUP BY {single}, missed
    ), placed AS MATERIALIZED (
        SELECT count(*) AS pledges, regions, countries, {target_groups} AS target_groups, missed
        FROM near GROUP BY regions, countries, missed
    )
    SELECT NULL AS facet, NULL AS value, coalesce(sum(pledges), 0)::bigint AS pledges, {sums}
    FROM alike WHERE missed = 0
    UNION ALL {facets}
) AS counted ON true
""")

_SUM = sql.SQL("""
SELECT tracking.position AS reached, counted.*
FROM pledge_status.tracking CROSS JOIN (
    SELECT count(*) AS pledges, {sums} FROM pledge_status.pledges WHERE {conditions}
) AS counted
""")

_OF_SINGLE = sql.SQL("""
SELECT {facet}, {value}::text, sum(pledges)::bigint, {nothing}
FROM alike WHERE missed IN (0, {bit}) GROUP BY {value}
""")
_OF_SEVERAL = sql.SQL("""
SELECT {facet}, value::text, sum(pledges)::bigint, {nothing}
FROM (SELECT {values} AS together, sum(pledges) AS pledges FROM {source} WHERE missed IN (0, {bit})
      GROUP BY together) AS counted
CROSS JOIN LATERAL (SELECT DISTINCT unnest(together) AS value) AS apart GROUP BY value
""")


def summary(source: Source, filters: PledgeFilters, at: Point) -> Summary:
    """The totals of what meets the filters, and the facets' numbers, at a point. Raises PositionNotReached."""
    bits = {facet: 1 << n for n, facet in enumerate(Facet)}
    faceted = {facet: own for facet in Facet if (own := _own_condition(filters, facet, at))}
    others = list(conditions(_without_facets(filters), at.effective_on, AT_POINT))
    query = _SUMMARY.format(
        missed=_missed(faceted, bits),
        reporting=_reporting(),
        target_groups=_target_groups(),
        conditions=sql.SQL(" AND ").join([AT_POINT, *(condition.text for condition in others)]),
        rungs=_each_rung("{}"),
        single=sql.SQL(", ").join(map(sql.SQL, _SINGLE.values())),
        summed=_each_rung("sum({0}) AS {0}"),
        sums=_each_rung("coalesce(sum({0}), 0) AS {0}"),
        facets=sql.SQL(" UNION ALL ").join(_counts(facet, bits[facet]) for facet in Facet),
    )
    named = [condition.values for condition in (*faceted.values(), *others)]
    values = {name: value for of_one in named for name, value in of_one.items()}
    groups = {f"members_of_{group}": sorted(members(group, at.effective_on)) for group in CountryGroup}
    found = rows(source, query, {**values, **groups, **point(at)})
    require_reached(at, found[0]["reached"])
    return _summary(found)


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


def _own_condition(filters: PledgeFilters, facet: Facet, at: Point) -> Condition | None:
    alone: Any = {facet.value: getattr(filters, facet)}
    return next(conditions(PledgeFilters(**alone), at.effective_on, AT_POINT), None)


def _without_facets(filters: PledgeFilters) -> PledgeFilters:
    nothing = PledgeFilters()
    empty: Any = {facet.value: getattr(nothing, facet) for facet in Facet}
    return replace(filters, **empty)


def _missed(faceted: Mapping[Facet, Condition], bits: Mapping[Facet, int]) -> sql.Composable:
    """The sum of the bits of the filters that a row does not meet."""
    notes: list[sql.Composable] = [
        sql.SQL("CASE WHEN {} THEN 0 ELSE {} END").format(condition.text, sql.Literal(bits[facet]))
        for facet, condition in faceted.items()
    ]
    return sql.SQL(" + ").join([sql.SQL("0"), *notes])


def _counts(facet: Facet, bit: int) -> sql.Composable:
    told = {
        "facet": sql.Literal(facet.value),
        "bit": sql.Literal(bit),
        "nothing": sql.SQL(", ").join([sql.SQL("NULL")] * len(RUNGS)),
    }
    if facet in _SINGLE:
        return _OF_SINGLE.format(value=sql.SQL(_SINGLE[facet]), **told)
    source, values = _SEVERAL[facet]
    return _OF_SEVERAL.format(source=sql.SQL(source), values=sql.SQL(values), **told)


def _each_rung(form: LiteralString) -> sql.Composable:
    return sql.SQL(", ").join(sql.SQL(form).format(sql.Identifier(f"{rung}_usd")) for rung in RUNGS)


def _reporting() -> sql.Composable:
    cases = [
        sql.SQL("WHEN {} THEN {}").format(sql.SQL(condition), sql.Literal(health.value))
        for health, condition in REPORTING_HEALTH.items()
    ]
    return sql.SQL("(CASE {} END)").format(sql.SQL(" ").join(cases))


def _target_groups() -> sql.Composable:
    touched = [
        sql.SQL("CASE WHEN countries && {}::text[] THEN {} END").format(
            sql.Placeholder(f"members_of_{group}"), sql.Literal(group.value)
        )
        for group in CountryGroup
    ]
    return sql.SQL("array_remove(ARRAY[{}], NULL)").format(sql.SQL(", ").join(touched))


def _summary(found: list[DictRow]) -> Summary:
    facets: dict[Facet, dict[str, int]] = {facet: {} for facet in Facet}
    for row in found:
        if row["facet"] is not None:
            facets[Facet(row["facet"])][row["value"]] = row["pledges"]
    whole = next(row for row in found if row["facet"] is None)
    return Summary(
        pledges=whole["pledges"],
        ladder=_ladder(whole),
        facets=facets,
    )


def _ladder(row: DictRow) -> Ladder:
    return Ladder(**{rung: row[f"{rung}_usd"] for rung in RUNGS})

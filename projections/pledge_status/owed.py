"""The duties to report that are due at a point: how many each lead has, and which they are.

A row says when its report falls due, overdue and so on: so no state has to be read, and a part of the list in the order
of leads costs no more than counting.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg import sql

from domain.obligations import Duty
from domain.schedule import ReportingSchedule
from domain.vocabulary import FocusArea, Region, Sector
from projections.database import Source, rows, streamed
from projections.pinning import AT_POINT, Point, point, require_reached
from projections.pledge_status.filters import Condition, PledgeFilters, conditions

_SCHEDULE = ("due_on", "overdue_on", "silent_on", "never_reported")
_COLUMNS = (
    "reference",
    "title",
    "lead",
    "lead_sector",
    "lead_region",
    "regions",
    "focus_area",
    "announced_on",
    "reported_until",
    *_SCHEDULE,
)

_BY_LEAD = sql.SQL("""
SELECT tracking.position AS reached, found.*
FROM pledge_status.tracking LEFT JOIN (
    SELECT lead, count(*) AS due FROM pledge_status.pledges WHERE {conditions} GROUP BY lead
) AS found ON true
""")

_DUE = sql.SQL("""
SELECT tracking.position AS reached, found.*
FROM pledge_status.tracking LEFT JOIN (
    SELECT {columns} FROM pledge_status.pledges WHERE {conditions} {part}
) AS found ON true
""")

_TOLD = sql.SQL(", ").join(map(sql.Identifier, _COLUMNS))
_ALL = sql.SQL("")
_PART = sql.SQL("""
    AND lead = ANY(%(of_leads)s::uuid[])
    ORDER BY array_position(%(of_leads)s::uuid[], lead), due_on, reference LIMIT %(limit)s OFFSET %(skip)s
""")


def due_by_lead(source: Source, filters: PledgeFilters, at: Point) -> Mapping[UUID, int]:
    """How many duties are due of each lead that has one, by its id. Raises PositionNotReached."""
    query, values = _asked(_BY_LEAD, filters, at)
    found = rows(source, query, values)
    require_reached(at, found[0]["reached"])
    return {row["lead"]: row["due"] for row in found if row["lead"]}


def due(source: Source, filters: PledgeFilters, at: Point) -> Sequence[Duty]:
    """All duties that are due, in no order. Raises PositionNotReached."""
    query, values = _asked(_DUE, filters, at, columns=_TOLD, part=_ALL)
    return _duties(source, query, values, at)


def due_of_leads(
    source: Source, filters: PledgeFilters, at: Point, leads: Sequence[UUID], *, skip: int, limit: int
) -> Sequence[Duty]:
    """At most `limit` duties of these leads, without the first `skip`: by lead, those due for longest first.

    Raises PositionNotReached.
    """
    query, values = _asked(_DUE, filters, at, columns=_TOLD, part=_PART)
    return _duties(source, query, {**values, "of_leads": list(leads), "skip": skip, "limit": limit}, at)


def _asked(
    query: sql.SQL, filters: PledgeFilters, at: Point, **more: sql.Composable
) -> tuple[sql.Composed, Mapping[str, Any]]:
    given = [_IS_DUE, *conditions(filters, at.effective_on, AT_POINT)]
    met = sql.SQL(" AND ").join([AT_POINT, *(condition.text for condition in given)])
    values = {name: value for condition in given for name, value in condition.values.items()}
    return query.format(conditions=met, **more), {**values, **point(at)}


_IS_DUE = Condition(sql.SQL("standing AND due_on <= %(on)s"), {})


def _duties(source: Source, query: sql.Composed, values: Mapping[str, Any], at: Point) -> Sequence[Duty]:
    def take(coming: Iterable[tuple[Any, ...]]) -> list[Duty]:
        return list(_told(coming, at))

    return streamed(source, query, values, take)


def _told(coming: Iterable[tuple[Any, ...]], at: Point) -> Iterator[Duty]:
    for reached, *told in coming:
        require_reached(at, reached)
        row = dict(zip(_COLUMNS, told, strict=True))
        if row["reference"] is not None:
            yield _duty(row)


def _duty(row: Mapping[str, Any]) -> Duty:
    return Duty(
        reference=row["reference"],
        title=row["title"],
        lead=row["lead"],
        sector=Sector(row["lead_sector"]),
        pledger_region=Region(row["lead_region"]) if row["lead_region"] else None,
        regions=tuple(map(Region, row["regions"])),
        focus_area=FocusArea(row["focus_area"]),
        announced_on=row["announced_on"],
        reported_until=row["reported_until"],
        schedule=ReportingSchedule(**{name: row[name] for name in _SCHEDULE}),
    )

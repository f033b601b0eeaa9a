"""The contributions that BDT has not verified: those to look at, and those that it asked about.

Each state says how many of them it has, and the day of the earliest. The first N contributions are of the first N
pledges by that day: so all pledges that stand are looked through, and as many as are shown are read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import LiteralString
from uuid import UUID

import msgspec
from psycopg import sql

from domain.pledge import RecordedContribution, Standing
from projections.database import Source, rows
from projections.pinning import AT_POINT, Point, point, require_reached

_COLUMNS: Mapping[Standing, tuple[LiteralString, LiteralString]] = {
    Standing.REPORTED: ("to_verify", "to_verify_since"),
    Standing.QUERIED: ("asked", "asked_since"),
}
"""How many contributions of a standing a pledge has, and since when."""

_UNVERIFIED = sql.SQL("""
SELECT tracking.position AS reached, found.*
FROM pledge_status.tracking LEFT JOIN (
    WITH there AS MATERIALIZED (
        SELECT position, lower(effective) AS since, reference, title, lead, {many} AS many, {earliest} AS earliest
        FROM pledge_status.pledges WHERE standing AND {many} > 0 AND {at_point}
    ), foremost AS (
        SELECT * FROM there ORDER BY earliest, reference LIMIT %(limit)s + %(skip)s
    ), whole AS (
        SELECT foremost.*, pledge::jsonb AS pledge FROM foremost JOIN pledge_status.states USING (position, since)
    )
    SELECT reference, title, lead, counted, (SELECT sum(many)::bigint FROM there) AS of_all,
           (SELECT target ->> 'measure' FROM jsonb_array_elements(pledge -> 'targets') AS targets (target)
            WHERE target ->> 'id' = counted #>> '{{contribution,target}}') AS measure
    FROM whole CROSS JOIN LATERAL jsonb_each(pledge -> 'contributions') AS contributions (id, counted)
    WHERE counted ->> 'standing' = %(standing)s
    ORDER BY counted #>> '{{contribution,effective_on}}', reference, counted #>> '{{contribution,id}}'
    LIMIT %(limit)s OFFSET %(skip)s
) AS found ON true
ORDER BY counted #>> '{{contribution,effective_on}}', reference, counted #>> '{{contribution,id}}'
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unverified:
    """A contribution, the pledge it is towards, and what its target is measured in (None: the target is not known)."""

    reference: str
    title: str
    lead: UUID
    measure: str | None
    recorded: RecordedContribution


@dataclass(frozen=True, slots=True)
class UnverifiedPart:
    """A part of the contributions of one standing, and how many there are of all."""

    items: Sequence[Unverified]
    of_all: int


def unverified(source: Source, at: Point, standing: Standing, *, limit: int, skip: int = 0) -> UnverifiedPart:
    """At most `limit` contributions of a standing at a point, those of the earliest days first.

    The first `skip` of them are left out. Only those of pledges that are admitted and not withdrawn: nobody has to look
    at others. Raises PositionNotReached.
    """
    many, earliest = map(sql.SQL, _COLUMNS[standing])
    query = _UNVERIFIED.format(at_point=AT_POINT, many=many, earliest=earliest)
    found = rows(source, query, {**point(at), "standing": standing, "limit": limit, "skip": skip})
    require_reached(at, found[0]["reached"])
    told = [row for row in found if row["reference"] is not None]
    return UnverifiedPart(
        items=[
            Unverified(
                reference=row["reference"],
                title=row["title"],
                lead=row["lead"],
                measure=row["measure"],
                recorded=msgspec.convert(row["counted"], RecordedContribution),
            )
            for row in told
        ],
        of_all=told[0]["of_all"] if told else 0,
    )

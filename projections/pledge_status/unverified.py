"""The contributions that BDT has not verified: those to look at, and those that it asked about.

They are taken out of the states of the pledges that stand, which tell everything of them: among the states of ten
thousand pledges that is a matter of a tenth of a second, and needs no table of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec
from psycopg import sql

from domain.pledge import RecordedContribution, Standing
from projections.database import Source, rows
from projections.pinning import AT_POINT, Point, point, require_reached

_UNVERIFIED = sql.SQL("""
SELECT tracking.position AS reached, found.*
FROM pledge_status.tracking LEFT JOIN (
    SELECT reference, title, lead, counted, count(*) OVER () AS of_all,
           (SELECT target ->> 'measure' FROM jsonb_array_elements(pledge::jsonb -> 'targets') AS targets (target)
            WHERE target ->> 'id' = counted #>> '{{contribution,target}}') AS measure
    FROM pledge_status.pledges
    CROSS JOIN LATERAL jsonb_each(pledge::jsonb -> 'contributions') AS contributions (id, counted)
    WHERE standing AND {at_point} AND counted ->> 'standing' = %(standing)s
    ORDER BY counted #>> '{{contribution,effective_on}}', reference, counted #>> '{{contribution,id}}'
    LIMIT %(limit)s OFFSET %(skip)s
) AS found ON true
ORDER BY counted #>> '{{contribution,effective_on}}', reference, counted #>> '{{contribution,id}}'
""").format(at_point=AT_POINT)


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
    found = rows(source, _UNVERIFIED, {**point(at), "standing": standing, "limit": limit, "skip": skip})
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

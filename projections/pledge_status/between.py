"""What of the pledges is not the same at two points, and what the others come to.

A pledge has the same facts at two points where its rows there have the same last fact and the same first date (see
`projections.intervals`). So a comparison need not look at the facts of a pledge that nothing happened to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from psycopg import sql

from domain.geography import members
from domain.ladder import RUNGS, ZERO, Ladder
from domain.status import PledgeStatus
from domain.vocabulary import CountryGroup
from projections.database import Source, rows, streamed
from projections.pinning import Point, answers_at, require_reached
from projections.pledge_status.told_status import status_of_document

_OPENING = sql.SQL("""
    SELECT id, position, lower(effective) AS since FROM pledge_status.pledges WHERE {opening}
""").format(opening=answers_at("opening_at", "opening_on"))
_CLOSING = answers_at("closing_at", "closing_on")

_CHANGED = sql.SQL("""
SELECT tracking.position AS reached, found.id
FROM pledge_status.tracking LEFT JOIN (
    SELECT id FROM ({opening}) AS opening FULL JOIN (
        SELECT id, position, lower(effective) AS since FROM pledge_status.pledges WHERE {closing}
    ) AS closing USING (id)
    WHERE (opening.position, opening.since) IS DISTINCT FROM (closing.position, closing.since)
) AS found ON true
""").format(opening=_OPENING, closing=_CLOSING)

_UNCHANGED = sql.SQL("""
SELECT tracking.position AS reached, found.told
FROM pledge_status.tracking LEFT JOIN (
    SELECT told FROM pledge_status.pledges AS closing JOIN ({opening}) AS opening
    ON (opening.id, opening.position, opening.since) = (closing.id, closing.position, lower(closing.effective))
    WHERE {closing} AND (%(touching)s::text[] IS NULL OR countries && %(touching)s::text[])
) AS found ON true
""").format(opening=_OPENING, closing=_CLOSING)

_AT_REST = sql.SQL("""
SELECT tracking.position AS reached, found.*
FROM pledge_status.tracking LEFT JOIN (
    SELECT groups, count(*) FILTER (WHERE standing) AS standing, {sums}
    FROM (
        SELECT ARRAY[{groups}] AS groups, standing, {rungs}
        FROM pledge_status.pledges AS closing JOIN ({opening}) AS opening
        ON (opening.id, opening.position, opening.since) = (closing.id, closing.position, lower(closing.effective))
        WHERE {closing} AND NOT countries && %(moved)s::text[]
    ) AS resting GROUP BY groups
) AS found ON true
""").format(
    # A zero adds no dollars, but might add places after the point.
    sums=sql.SQL(", ").join(
        sql.SQL("sum({0}) FILTER (WHERE {0} <> 0) AS {0}").format(sql.Identifier(f"{rung}_usd")) for rung in RUNGS
    ),
    rungs=sql.SQL(", ").join(sql.Identifier(f"{rung}_usd") for rung in RUNGS),
    groups=sql.SQL(", ").join(
        sql.SQL("countries && {}::text[]").format(sql.Placeholder(f"members_of_{group}")) for group in CountryGroup
    ),
    opening=_OPENING,
    closing=_CLOSING,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting:
    """What pledges come to that touch the same country groups: how many of them stand, and their dollars."""

    groups: tuple[CountryGroup, ...]
    standing: int
    ladder: Ladder


def changed(source: Source, opening: Point, closing: Point) -> Sequence[UUID]:
    """The pledges that have not the same facts at both points, in no order. Raises PositionNotReached."""
    found = rows(source, _CHANGED, _points(opening, closing))
    _require_both(found[0]["reached"], opening, closing)
    return [row["id"] for row in found if row["id"]]


def unchanged(
    source: Source, opening: Point, closing: Point, touching: Collection[str] | None = None
) -> Sequence[PledgeStatus]:
    """The status of each pledge that has the same facts at both points, in no order.

    Only of those that touch one of some countries, if these are given. Raises PositionNotReached.
    """

    def take(coming: Iterable[tuple[Any, ...]]) -> list[PledgeStatus]:
        return list(_statuses(coming, opening, closing))

    wanted = None if touching is None else sorted(touching)
    return streamed(source, _UNCHANGED, {**_points(opening, closing), "touching": wanted}, take)


def resting(source: Source, opening: Point, closing: Point, moved: Collection[str]) -> Sequence[Resting]:
    """What those pledges come to that have the same facts at both points, and touch none of the countries `moved`.

    `moved` has to have all countries that are not in the same groups on both days. Raises PositionNotReached.
    """
    asked = {"moved": sorted(moved), **_members(closing.effective_on)}
    found = rows(source, _AT_REST, {**_points(opening, closing), **asked})
    _require_both(found[0]["reached"], opening, closing)
    return [_resting(row) for row in found if row["groups"]]


def _statuses(coming: Iterable[tuple[Any, ...]], opening: Point, closing: Point) -> Iterator[PledgeStatus]:
    for reached, told in coming:
        _require_both(reached, opening, closing)
        if told is not None:
            yield status_of_document(told)


def _resting(row: Mapping[str, Any]) -> Resting:
    return Resting(
        groups=tuple(group for group, touched in zip(CountryGroup, row["groups"], strict=True) if touched),
        standing=row["standing"],
        ladder=Ladder(**{rung: row[f"{rung}_usd"] or ZERO for rung in RUNGS}),
    )


def _members(on: date) -> Mapping[str, list[str]]:
    return {f"members_of_{group}": sorted(members(group, on)) for group in CountryGroup}


def _points(opening: Point, closing: Point) -> Mapping[str, object]:
    return {
        "opening_at": opening.position,
        "opening_on": opening.effective_on,
        "closing_at": closing.position,
        "closing_on": closing.effective_on,
    }


def _require_both(reached: int, opening: Point, closing: Point) -> None:
    require_reached(opening, reached)
    require_reached(closing, reached)

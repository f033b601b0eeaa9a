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
from domain.pledge import Pledge
from domain.status import PledgeStatus
from domain.vocabulary import CountryGroup
from projections.database import Source, rows, streamed
from projections.pinning import Point, answers_at, require_reached
from projections.pledge_state import pledge_of
from projections.pledge_status.told_status import status_of_document

_OPENING = sql.SQL("""
    SELECT id, position, lower(effective) AS since, upper(effective) AS until
    FROM pledge_status.pledges WHERE {opening}
""").format(opening=answers_at("opening_at", "opening_on"))
_CLOSING = answers_at("closing_at", "closing_on")

_CHANGED = sql.SQL("""
SELECT tracking.position AS reached, found.*
FROM pledge_status.tracking LEFT JOIN (
    SELECT id, opening.position, opening.since, opening.until FROM ({opening}) AS opening FULL JOIN (
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

_STATES = """
SELECT position, pledge FROM pledge_status.states
JOIN unnest(%(positions)s::bigint[], %(since)s::date[]) AS wanted (position, since) USING (position, since)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A pledge that has not the same facts at two points.

    Where all that differ come after the last fact that it has at the earlier-named one, `position` is that fact's, and
    `since` the first date of the state there; None otherwise.
    """

    id: UUID
    position: int | None
    since: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting:
    """What pledges come to that touch the same country groups: how many of them stand, and their dollars."""

    groups: tuple[CountryGroup, ...]
    standing: int
    ladder: Ladder


def changed(source: Source, opening: Point, closing: Point) -> Sequence[Changed]:
    """The pledges that have not the same facts at both points, by id. Raises PositionNotReached."""
    found = rows(source, _CHANGED, _points(opening, closing))
    _require_both(found[0]["reached"], opening, closing)
    told = (_changed(row, opening, closing) for row in found if row["id"])
    return sorted(told, key=lambda each: each.id)


def states(source: Source, wanted: Iterable[Changed]) -> Mapping[int, Pledge]:
    """The states that the position and the first date of changed pledges tell, by position."""
    told = [each for each in wanted if each.position is not None]
    asked = {"positions": [each.position for each in told], "since": [each.since for each in told]}
    return {row["position"]: pledge_of(row["pledge"]) for row in rows(source, _STATES, asked)}


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


def _changed(row: Mapping[str, Any], opening: Point, closing: Point) -> Changed:
    # A state began to be the answer for the days up to the next one on which an earlier fact was true. So where that
    # day comes after the other point's, every fact that the other point has besides is a later one.
    grown = opening.position <= closing.position and opening.effective_on <= closing.effective_on
    if not grown or row["position"] is None or (row["until"] and row["until"] <= closing.effective_on):
        return Changed(id=row["id"], position=None, since=None)
    return Changed(id=row["id"], position=row["position"], since=row["since"])


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

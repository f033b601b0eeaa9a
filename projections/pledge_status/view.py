"""What can be asked about pledges as they are, or as they were at a moment."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from psycopg import sql
from psycopg.rows import DictRow

from domain.ladder import Ladder
from domain.obligations import Duty
from domain.pledge import Pledge, Standing
from domain.status import PledgeStatus
from projections.database import Source, can_be_stored, rows
from projections.pinning import AT_POINT, CURRENT, Point, point, require_reached
from projections.pledge_state import pledge_of
from projections.pledge_status.between import Changed, Resting, changed, resting, states, unchanged
from projections.pledge_status.course import course
from projections.pledge_status.facets import Sum, Summary, sum_of, summary
from projections.pledge_status.filters import PledgeFilters, conditions
from projections.pledge_status.listing import Sorting, rows_in_order, statuses_in_order, statuses_in_part
from projections.pledge_status.owed import due, due_by_lead, due_of_leads
from projections.pledge_status.status_lines import status_lines
from projections.pledge_status.told_status import status_of_document
from projections.pledge_status.unverified import UnverifiedPart, unverified

STREAMED_AT_ONCE = 2_000
STATUSES_AT_ONCE = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PledgeRow:
    """A state of a pledge, with the position and the recorded time of the entry that made it."""

    pledge: Pledge
    position: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PledgePage:
    """A part of a list as it was at `position`, recorded at `recorded_at` (None: before the first entry).

    `next` is what to give as `after` for the part that follows; None where nothing does.
    """

    items: tuple[PledgeRow, ...]
    next: str | None
    position: int
    recorded_at: datetime | None


# `tracking` comes first in each statement: the exchange of rebuilt tables for old ones locks it, so a statement
# finds all its tables before the exchange, or all of them after it.
_PLEDGES = sql.SQL("""
SELECT tracking.position AS reached, coalesce(%(at)s::bigint, tracking.position) AS pinned,
       CASE WHEN %(at)s::bigint IS NULL THEN tracking.recorded_at
            ELSE (SELECT recorded_at FROM ledger.events WHERE notification_id <= %(at)s
                  ORDER BY notification_id DESC LIMIT 1) END AS pinned_recorded_at,
       found.*
FROM pledge_status.tracking LEFT JOIN (
    WITH met AS {looked_through} (
        SELECT reference, position, recorded_at, lower(effective) AS since FROM pledge_status.pledges WHERE {conditions}
    )
    SELECT pledge, position, recorded_at
    FROM (SELECT * FROM met ORDER BY reference LIMIT %(limit)s) AS wanted
    JOIN pledge_status.states USING (position, since) ORDER BY reference
) AS found ON true
""")

# By reference there are all states that ever were: how many of them meet a filter says nothing of how many do so at a
# moment, where it asks for what changes. A search word is as hard to guess about. So what meets such a filter is looked
# for first, and put in order then.
_IN_ORDER, _FIRST = sql.SQL("NOT MATERIALIZED"), sql.SQL("MATERIALIZED")
_CHANGING = ("lifecycle", "reporting", "scaled_up", "q")


_NAMED = (
    sql.SQL("""
SELECT tracking.position AS reached, found.*
FROM pledge_status.tracking LEFT JOIN (
    SELECT reference, pledge, position, recorded_at, (
        SELECT json_object_agg(id, called) FROM pledge_status.names
        WHERE {current} AND id = ANY(pledges.partners || pledges.lead)
    ) AS names
    FROM pledge_status.pledges
    JOIN pledge_status.states USING (position) WHERE since = lower(effective)
    AND {current} AND reference = ANY(%(references)s::text[])
) AS found ON true
""")
    .format(current=CURRENT)
    .as_bytes()
)


_KNOWN_TO = sql.SQL("""
SELECT id FROM pledge_status.pledges
WHERE {current} AND id = ANY(%(ids)s::uuid[])
      AND (published OR lead = %(organisation)s::uuid OR %(organisation)s::uuid = ANY(partners))
""").format(current=CURRENT)


_STATUSES = sql.SQL("""
SELECT tracking.position AS reached, found.reference, found.told
FROM pledge_status.tracking LEFT JOIN (
    SELECT reference, told FROM pledge_status.pledges WHERE {at_point} LIMIT %(limit)s
) AS found ON true
""").format(at_point=AT_POINT)

_STATUSES_IN_ORDER = sql.SQL("""
SELECT tracking.position AS reached, found.reference, found.told
FROM pledge_status.tracking LEFT JOIN (
    SELECT reference, told FROM pledge_status.pledges
    WHERE {at_point} AND reference > %(after)s ORDER BY reference LIMIT %(limit)s
) AS found ON true
""").format(at_point=AT_POINT)


_TITLES = sql.SQL("""
SELECT tracking.position AS reached, found.reference, found.title
FROM pledge_status.tracking LEFT JOIN (
    SELECT reference, title FROM pledge_status.pledges
    WHERE reference = ANY(%(references)s::text[]) AND (published OR NOT %(published)s) AND {at_point}
) AS found ON true
""").format(at_point=AT_POINT)


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestPledge:
    """A pledge as it is, None where there is none, the names of its parties, and the position at which that is so."""

    row: PledgeRow | None
    names: Mapping[UUID, str]
    position: int


class PledgeStatusView:
    """Reads the states of pledges. Every method takes one short statement of its own."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def get(self, reference: str, *, at: Point | None = None) -> PledgeRow | None:
        """The pledge with this reference, now or at a point; None where there was none.

        Raises PositionNotReached.
        """
        return self._found(reference, at=at)[0]

    def latest(self, references: Sequence[str]) -> Mapping[str, LatestPledge]:
        """Of each reference: the pledge now, if there is one, and what its parties are called."""
        found = rows(self._source, _NAMED, {"references": list(filter(can_be_stored, references))})
        reached = found[0]["reached"]
        none = LatestPledge(row=None, names={}, position=reached)
        there = {row["reference"]: _latest(row) for row in found if row["pledge"]}
        return dict.fromkeys(references, none) | there

    def page(
        self, filters: PledgeFilters, *, on: date, after: str | None = None, limit: int = 50, at: Point | None = None
    ) -> PledgePage:
        """At most `limit` pledges that meet the filters, by reference, beginning after the reference `after`.

        `on` is the date for which reporting health and country groups are asked about. Give the `position` of the
        first page, and `on`, as `at` for those that follow, so that they belong together while writing goes on.

        Raises PositionNotReached.
        """
        given = list(conditions(filters, on, CURRENT if at is None else AT_POINT))
        values = {name: value for condition in given for name, value in condition.values.items()}
        wanted = [condition.text for condition in given]
        if after is not None:
            wanted.append(sql.SQL("reference > %(after)s"))
        how = _FIRST if any(getattr(filters, name) not in {None, ()} for name in _CHANGING) else _IN_ORDER
        found = self._read(wanted, {**values, "on": on, "after": after}, at=at, limit=limit + 1, looked_through=how)
        items = tuple(_row(row) for row in found[:limit] if row["pledge"])
        return PledgePage(
            items=items,
            next=items[-1].pledge.reference if len(found) > limit else None,
            position=found[0]["pinned"],
            recorded_at=found[0]["pinned_recorded_at"],
        )

    def known_to(self, ids: Iterable[UUID], organisation: UUID | None) -> frozenset[UUID]:
        """Which of these pledges are published now, or have the organisation, if one is given, as a party."""
        found = rows(self._source, _KNOWN_TO, {"ids": list(ids), "organisation": organisation})
        return frozenset(row["id"] for row in found)

    def summary(self, filters: PledgeFilters, at: Point) -> Summary:
        """What the pledges that meet the filters come to, and how many each value of a facet would find.

        Raises PositionNotReached.
        """
        return summary(self._source, filters, at)

    def sum_of(self, filters: PledgeFilters, at: Point) -> Sum:
        """The same without the facets, for far less."""
        return sum_of(self._source, filters, at)

    def in_order(
        self, filters: PledgeFilters, sorting: Sorting, at: Point, *, offset: int = 0, limit: int = 50
    ) -> tuple[PledgeRow, ...]:
        """At most `limit` pledges that meet the filters at a point, in an order, without the first `offset` of them.

        The parts of one list of one point fit together, whatever is recorded meanwhile. Raises PositionNotReached.
        """
        found = rows_in_order(self._source, filters, sorting, at, offset=offset, limit=limit)
        return tuple(_row(row) for row in found)

    def statuses_in_part(
        self, filters: PledgeFilters, sorting: Sorting, at: Point, *, offset: int, limit: int
    ) -> tuple[PledgeStatus, ...]:
        """The same part of the list, but the status of each pledge alone. Raises PositionNotReached."""
        return statuses_in_part(self._source, filters, sorting, at, offset=offset, limit=limit)

    def statuses_in_order(self, filters: PledgeFilters, sorting: Sorting, at: Point) -> Iterator[PledgeStatus]:
        """The status of every pledge that meets the filters at a point, in an order. Raises PositionNotReached."""
        return statuses_in_order(self._source, filters, sorting, at)

    def stream(self, at: Point) -> Iterator[PledgeRow]:
        """Every pledge as it was at a point, by reference, a few at a time. Raises PositionNotReached."""
        after: str | None = None
        while True:
            wanted: list[sql.Composable] = [] if after is None else [sql.SQL("reference > %(after)s")]
            found = self._read(wanted, {"after": after}, at=at, limit=STREAMED_AT_ONCE)
            states = [_row(row) for row in found if row["pledge"]]
            yield from states
            if len(states) < STREAMED_AT_ONCE:
                return
            after = states[-1].pledge.reference

    def statuses(self, at: Point) -> Iterator[PledgeStatus]:
        """The status of every pledge at a point, by reference, so many at a time. Raises PositionNotReached."""
        # Where all of them are read at once, they are put in order here: the server would need its disk for that.
        told = self._statuses(_STATUSES, at, limit=STATUSES_AT_ONCE + 1)
        if len(told) > STATUSES_AT_ONCE:
            told = self._statuses(_STATUSES_IN_ORDER, at, after="", limit=STATUSES_AT_ONCE)
        told.sort(key=lambda row: str(row["reference"]))
        while told:
            yield from (status_of_document(row["told"]) for row in told)
            if len(told) < STATUSES_AT_ONCE:
                return
            told = self._statuses(_STATUSES_IN_ORDER, at, after=told[-1]["reference"], limit=STATUSES_AT_ONCE)

    def _statuses(self, query: sql.Composed, at: Point, **values: object) -> list[DictRow]:
        found = rows(self._source, query, {**point(at), **values})
        require_reached(at, found[0]["reached"])
        return [row for row in found if row["told"] is not None]

    def titles(self, references: Iterable[str], at: Point, *, published: bool) -> Mapping[str, str]:
        """What pledges were called at a point, by reference; only those that BDT had admitted, if asked.

        Raises PositionNotReached.
        """
        asked = {"references": list(filter(can_be_stored, references)), "published": published}
        found = rows(self._source, _TITLES, {**point(at), **asked})
        require_reached(at, found[0]["reached"])
        return {row["reference"]: row["title"] for row in found if row["reference"] is not None}

    def unverified(self, at: Point, standing: Standing, *, limit: int, skip: int = 0) -> UnverifiedPart:
        """Contributions that BDT has yet to verify, or asked about; see `projections.pledge_status.unverified`."""
        return unverified(self._source, at, standing, limit=limit, skip=skip)

    def due_by_lead(self, filters: PledgeFilters, at: Point) -> Mapping[UUID, int]:
        """How many duties to report are due of each lead that has one. Raises PositionNotReached."""
        return due_by_lead(self._source, filters, at)

    def due(self, filters: PledgeFilters, at: Point) -> Sequence[Duty]:
        """All duties to report that are due, in no order. Raises PositionNotReached."""
        return due(self._source, filters, at)

    def due_of_leads(
        self, filters: PledgeFilters, at: Point, leads: Sequence[UUID], *, skip: int, limit: int
    ) -> Sequence[Duty]:
        """A part of those of some leads; see `projections.pledge_status.owed`. Raises PositionNotReached."""
        return due_of_leads(self._source, filters, at, leads, skip=skip, limit=limit)

    def status_lines(
        self, at: Point, columns: Sequence[str], *, lead_names: Mapping[UUID, str], formula_starts: Sequence[str]
    ) -> Iterator[str]:
        """The rows of a status snapshot as lines of a CSV file; see `projections.pledge_status.status_lines`."""
        return status_lines(self._source, at, columns, lead_names, formula_starts)

    def course(self, at: Point) -> Sequence[tuple[date, Ladder]]:
        """What all pledges came to at the end of each month; see `projections.pledge_status.course`."""
        return course(self._source, at)

    def changed(self, opening: Point, closing: Point) -> Sequence[Changed]:
        """The pledges that have not the same facts at both points, by id. Raises PositionNotReached."""
        return changed(self._source, opening, closing)

    def states(self, wanted: Iterable[Changed]) -> Mapping[int, Pledge]:
        """The states from which changed pledges went on, by position."""
        return states(self._source, wanted)

    def unchanged(
        self, opening: Point, closing: Point, touching: Collection[str] | None = None
    ) -> Sequence[PledgeStatus]:
        """The status of each of the others; see `projections.pledge_status.between`."""
        return unchanged(self._source, opening, closing, touching)

    def resting(self, opening: Point, closing: Point, moved: Collection[str]) -> Sequence[Resting]:
        """What those others come to that touch none of some countries; see `projections.pledge_status.between`."""
        return resting(self._source, opening, closing, moved)

    def _found(self, reference: str, *, at: Point | None) -> tuple[PledgeRow | None, int]:
        known = sql.SQL("reference = %(reference)s") if can_be_stored(reference) else sql.SQL("false")
        found = self._read([known], {"reference": reference}, at=at, limit=1)
        return _row(found[0]) if found[0]["pledge"] else None, found[0]["reached"]

    def _read(
        self,
        wanted: list[sql.Composable],
        values: Mapping[str, object],
        *,
        at: Point | None,
        limit: int | None,
        looked_through: sql.SQL = _IN_ORDER,
    ) -> list[DictRow]:
        """The rows that meet the conditions, or a single one without a state where none does."""
        current = CURRENT if at is None else AT_POINT
        query = _PLEDGES.format(conditions=sql.SQL(" AND ").join([current, *wanted]), looked_through=looked_through)
        found = rows(self._source, query, {"on": None, **values, **point(at), "limit": limit})
        require_reached(at, found[0]["reached"])
        return found


def _latest(row: DictRow) -> LatestPledge:
    names = {UUID(id): name for id, name in (row["names"] or {}).items()}
    return LatestPledge(row=_row(row), names=names, position=row["reached"])


def _row(row: DictRow) -> PledgeRow:
    return PledgeRow(pledge=pledge_of(row["pledge"]), position=row["position"], recorded_at=row["recorded_at"])

"""What can be asked about what happened to a pledge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import sql
from psycopg.rows import DictRow

from projections.database import Source, can_be_stored, rows
from projections.pinning import Point, point, require_reached


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineItem:
    """One thing that happened to a pledge: the entry of the ledger, with a summary in one English sentence."""

    position: int
    pledge: UUID
    reference: str
    version: int
    type: str
    recorded_at: datetime
    effective_on: date
    actor: Mapping[str, Any]
    summary: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelinePage:
    """A part of a history as it was at `position`."""

    items: tuple[TimelineItem, ...]
    position: int


_HISTORY = """
SELECT tracking.position AS reached, coalesce(%(at)s::bigint, tracking.position) AS pinned, found.*
FROM timeline.tracking LEFT JOIN (
    SELECT position, stream AS pledge, reference, version, type, recorded_at, effective_on, actor, summary, data
    FROM timeline.entries WHERE reference = %(reference)s AND version > %(after_version)s
      AND (%(at)s::bigint IS NULL OR position <= %(at)s AND effective_on <= %(on)s)
    ORDER BY version LIMIT %(limit)s
) AS found ON true ORDER BY version
"""

_LATEST = """
SELECT position, stream AS pledge, reference, version, type, recorded_at, effective_on, actor, summary, data
FROM timeline.entries WHERE reference IS NOT NULL ORDER BY position DESC LIMIT %(limit)s
"""


# What a fact is called has the version of its form at its end: `pledge.reported.v1`.
_OF_KIND = sql.SQL("split_part(type, '.', 2) = ANY(%(kinds)s::text[])")
_AT_POINT = sql.SQL("position <= %(at)s AND effective_on <= %(on)s")

_FOUND = """
SELECT tracking.position AS reached, found.*
FROM timeline.tracking LEFT JOIN (
    SELECT position, stream AS pledge, reference, version, type, recorded_at, effective_on, actor, summary, data
    FROM timeline.entries WHERE reference IS NOT NULL AND {conditions} ORDER BY position DESC LIMIT %(limit)s
) AS found ON true ORDER BY position
"""
_LATEST_OF_KIND = sql.SQL(_FOUND).format(conditions=sql.SQL(" AND ").join([_OF_KIND, _AT_POINT]))
_OF_PLEDGES = sql.SQL(_FOUND).format(
    conditions=sql.SQL(" AND ").join([sql.SQL("reference = ANY(%(references)s::text[])"), _OF_KIND, _AT_POINT])
)
_AT_POSITIONS = sql.SQL(_FOUND).format(conditions=sql.SQL("position = ANY(%(positions)s::bigint[])"))


class TimelineView:
    """Reads histories."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def history(
        self, reference: str, *, after_version: int = 0, limit: int = 100, at: Point | None = None
    ) -> TimelinePage:
        """What happened to a pledge after one of its versions, in order; nothing for an unknown reference.

        With a point, only what was recorded up to its position and true by its date. Raises PositionNotReached.
        """
        known = reference if can_be_stored(reference) else ""
        asked = {"reference": known, "after_version": after_version, "limit": limit, "on": None}
        found = rows(self._source, _HISTORY, {**asked, **point(at)})
        require_reached(at, found[0]["reached"])
        return TimelinePage(items=tuple(_item(row) for row in found if row["pledge"]), position=found[0]["pinned"])

    def latest(self, limit: int) -> tuple[TimelineItem, ...]:
        """What happened last, to whichever pledge, the latest first."""
        return tuple(_item(row) for row in rows(self._source, _LATEST, {"limit": limit}))

    def latest_of(self, kinds: Iterable[str], limit: int, at: Point) -> tuple[TimelineItem, ...]:
        """What happened last of some kinds (`reported`), as known at a point, the latest first.

        Raises PositionNotReached.
        """
        return self._found(_LATEST_OF_KIND, at, kinds=list(kinds), limit=limit)[::-1]

    def of_pledges(self, references: Iterable[str], kinds: Iterable[str], at: Point) -> tuple[TimelineItem, ...]:
        """What happened of some kinds to some pledges, as known at a point, in ledger order.

        Raises PositionNotReached.
        """
        known = list(filter(can_be_stored, references))
        return self._found(_OF_PLEDGES, at, references=known, kinds=list(kinds), limit=None)

    def at_positions(self, positions: Iterable[int]) -> Mapping[int, TimelineItem]:
        """The things that happened to pledges at these positions of the ledger, by position."""
        found = self._found(_AT_POSITIONS, None, positions=list(positions), limit=None)
        return {item.position: item for item in found}

    def _found(self, query: sql.Composed, at: Point | None, **asked: object) -> tuple[TimelineItem, ...]:
        found = rows(self._source, query, {**point(at), **asked})
        require_reached(at, found[0]["reached"])
        return tuple(_item(row) for row in found if row["pledge"])


def _item(row: DictRow) -> TimelineItem:
    return TimelineItem(**{field.name: row[field.name] for field in fields(TimelineItem)})

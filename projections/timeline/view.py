"""What can be asked about what happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from projections.database import Pool, can_be_stored, rows
from projections.pinning import Point, point


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


_HISTORY = """
SELECT position, pledge, reference, version, type, recorded_at, effective_on, actor, summary, data
FROM timeline.events WHERE reference = %(reference)s AND version > %(after_version)s
  AND (%(at)s::bigint IS NULL OR position <= %(at)s AND effective_on <= %(on)s)
ORDER BY version LIMIT %(limit)s
"""

_LATEST = """
SELECT position, pledge, reference, version, type, recorded_at, effective_on, actor, summary, data
FROM timeline.events ORDER BY position DESC LIMIT %(limit)s
"""


class TimelineView:
    """Reads histories."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def history(
        self, reference: str, *, after_version: int = 0, limit: int = 100, at: Point | None = None
    ) -> tuple[TimelineItem, ...]:
        """What happened to a pledge after one of its versions, in order; nothing for an unknown reference.

        With a point, only what was recorded up to its position and true by its date.
        """
        if not can_be_stored(reference):
            return ()
        asked = {"reference": reference, "after_version": after_version, "limit": limit, "on": None}
        return tuple(_item(row) for row in rows(self._pool, _HISTORY, {**asked, **point(at)}))

    def latest(self, limit: int) -> tuple[TimelineItem, ...]:
        """What happened last, to whichever pledge, the latest first."""
        return tuple(_item(row) for row in rows(self._pool, _LATEST, {"limit": limit}))

    def position(self) -> int:
        """How far the ledger is told here."""
        return int(rows(self._pool, "SELECT position FROM timeline.tracking", {})[0]["position"])


def _item(row: DictRow) -> TimelineItem:
    return TimelineItem(**row)

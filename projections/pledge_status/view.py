"""What can be asked about pledges as they are, or as they were at a position of the ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from psycopg import sql
from psycopg.rows import DictRow

from domain.pledge import Pledge
from projections.database import Pool, can_be_stored, rows
from projections.pinning import AT_POSITION, CURRENT, require_reached
from projections.pledge_state import pledge_of
from projections.pledge_status.filters import PledgeFilters, conditions


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
    SELECT state, lower(positions) AS position, recorded_at FROM pledge_status.pledges
    WHERE {conditions} ORDER BY reference LIMIT %(limit)s
) AS found ON true
""")


class PledgeStatusView:
    """Reads the states of pledges. Every method takes one short statement of its own."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def get(self, reference: str, *, at: int | None = None) -> PledgeRow | None:
        """The pledge with this reference, now or at a position; None where there was none.

        Raises PositionNotReached.
        """
        if not can_be_stored(reference):
            return None
        found = self._read([sql.SQL("reference = %(reference)s")], {"reference": reference}, at=at, limit=1)
        return _row(found[0]) if found[0]["state"] else None

    def page(
        self, filters: PledgeFilters, *, on: date, after: str | None = None, limit: int = 50, at: int | None = None
    ) -> PledgePage:
        """At most `limit` pledges that meet the filters, by reference, beginning after the reference `after`.

        `on` is the date for which reporting health and country groups are asked about. Give the `position` of the
        first page as `at` for those that follow, so that they belong together while writing goes on.

        Raises PositionNotReached.
        """
        given = list(conditions(filters, on, CURRENT if at is None else AT_POSITION))
        values = {name: value for condition in given for name, value in condition.values.items()}
        wanted = [condition.text for condition in given]
        if after is not None:
            wanted.append(sql.SQL("reference > %(after)s"))
        found = self._read(wanted, {**values, "on": on, "after": after}, at=at, limit=limit + 1)
        items = tuple(_row(row) for row in found[:limit] if row["state"])
        return PledgePage(
            items=items,
            next=items[-1].pledge.reference if len(found) > limit else None,
            position=found[0]["pinned"],
            recorded_at=found[0]["pinned_recorded_at"],
        )

    def sources(self, register: str) -> Mapping[str, tuple[PledgeRow, ...]]:
        """The pledges imported from a register, by the record there that they come from."""
        by_record: dict[str, list[PledgeRow]] = defaultdict(list)
        for row in self._read([sql.SQL("source_register = %(register)s")], {"register": register}, at=None, limit=None):
            if row["state"] and (source := (pledge_row := _row(row)).pledge.source):
                by_record[source.record].append(pledge_row)
        return {record: tuple(pledges) for record, pledges in by_record.items()}

    def position(self) -> int:
        """How far the ledger is told here."""
        return int(rows(self._pool, "SELECT position FROM pledge_status.tracking", {})[0]["position"])

    def _read(
        self, wanted: list[sql.Composable], values: Mapping[str, object], *, at: int | None, limit: int | None
    ) -> list[DictRow]:
        """The rows that meet the conditions, or a single one without a state where none does."""
        current = CURRENT if at is None else AT_POSITION
        query = _PLEDGES.format(conditions=sql.SQL(" AND ").join([current, *wanted]))
        found = rows(self._pool, query, {**values, "at": at, "limit": limit})
        require_reached(at, found[0]["reached"])
        return found


def _row(row: DictRow) -> PledgeRow:
    return PledgeRow(pledge=pledge_of(row["state"]), position=row["position"], recorded_at=row["recorded_at"])

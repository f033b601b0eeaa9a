"""What the portfolio came to at the end of a day."""

from __future__ import annotations

from psycopg import sql
from psycopg.rows import DictRow

from domain.dimensions import Dimension, Key, order
from domain.ladder import RUNGS, Ladder
from domain.totals import Group, Total, Totals
from projections.database import Source, rows
from projections.pinning import Point, point, require_reached
from projections.portfolio.counted import (
    COUNTRIES,
    DIMENSIONS,
    FIGURES,
    LADDER,
    LIFECYCLE,
    ORGANISATIONS,
    REPORTING,
    WHOLE,
)

_NUMBERS = frozenset({Dimension.SDG, Dimension.YEAR})
"""Dimensions whose keys are numbers."""

# A point is the end of a day where its position is the last that was recorded by then, and its date is the day.
_TOTALS = sql.SQL("""
WITH day AS (SELECT %(on)s::date AS day, %(month)s::date AS month, %(year)s::date AS year,
                    (%(on)s::date + 1)::timestamp AT TIME ZONE 'UTC' AS over)
SELECT tracking.position AS reached,
       coalesce((SELECT recorded_at FROM ledger.events WHERE notification_id <= %(at)s
                 ORDER BY notification_id DESC LIMIT 1) < day.over, true)
       AND coalesce((SELECT recorded_at FROM ledger.events WHERE notification_id > %(at)s
                     ORDER BY notification_id LIMIT 1) >= day.over, true)
       AND NOT EXISTS (SELECT FROM portfolio.ahead WHERE recorded_on <= day.day AND effective_on > day.day) AS ended,
       found.*
FROM portfolio.tracking CROSS JOIN day LEFT JOIN LATERAL (
    SELECT dimension, key, {sums} FROM portfolio.figures
    WHERE dimension = ANY(%(dimensions)s)
          AND (grain = 'year' AND since < day.year
               OR grain = 'month' AND since >= day.year AND since < day.month
               OR grain = 'day' AND since BETWEEN day.month AND day.day)
    GROUP BY dimension, key
) AS found ON true
""").format(sums=sql.SQL(", ").join(sql.SQL("sum({0}) AS {0}").format(sql.Identifier(name)) for name in FIGURES))


class PortfolioView:
    """Reads running totals, in one short statement whose cost depends on days and parts, not on facts."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def totals(self, at: Point, dimension: Dimension | None = None) -> Totals | None:
        """The totals at a point, with full attribution.

        None where there are no running totals: for a dimension whose keys change with the date, and for a point that
        is not the end of a day. Raises PositionNotReached.
        """
        if dimension is not None and dimension not in DIMENSIONS:
            return None
        asked = [WHOLE] if dimension is None else [WHOLE, dimension]
        month = at.effective_on.replace(day=1)
        found = rows(
            self._source,
            _TOTALS,
            {**point(at), "month": month, "year": month.replace(month=1), "dimensions": asked},
        )
        require_reached(at, found[0]["reached"])
        if not found[0]["ended"]:
            return None
        parts = {(row["dimension"], row["key"]): _total(row) for row in found if row["dimension"] is not None}
        groups = [
            Group((_key(dimension, key),), total)
            for (of, key), total in parts.items()
            if dimension is not None and of == dimension and total.lifecycle
        ]
        return Totals(
            whole=parts.get((WHOLE, WHOLE), Total()),
            groups=tuple(sorted(groups, key=lambda group: order(group.keys[0]))),
        )

    def position(self) -> int:
        """How far the ledger is told here."""
        return int(rows(self._source, "SELECT position FROM portfolio.tracking", {})[0]["position"])


def _key(dimension: Dimension, text: str) -> Key:
    if text == WHOLE:
        return None
    return int(text) if dimension in _NUMBERS else text


def _total(row: DictRow) -> Total:
    return Total(
        pledges=int(row["pledges"]),
        organisations=int(row[ORGANISATIONS]),
        countries=int(row[COUNTRIES]),
        ladder=Ladder(**{rung: row[name] for rung, name in zip(RUNGS, LADDER, strict=True)}),
        lifecycle=dict(sorted((code, int(row[name])) for code, name in LIFECYCLE.items() if row[name])),
        reporting=dict(sorted((code, int(row[name])) for code, name in REPORTING.items() if row[name])),
        reported=int(row["reported"]),
    )

"""What the portfolio came to at an instant."""

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
    SIZES,
    WHOLE,
)

_NUMBERS = frozenset({Dimension.SDG, Dimension.YEAR})
"""Dimensions whose keys are numbers."""

# A point is an instant's where its position was the last one on its day, at the day's end or earlier.
_TOTALS = sql.SQL("""
WITH day AS (SELECT %(on)s::date AS day, %(month)s::date AS month, %(year)s::date AS year,
                    %(on)s::timestamp AT TIME ZONE 'UTC' AS begins,
                    (%(on)s::date + 1)::timestamp AT TIME ZONE 'UTC' AS over)
SELECT tracking.position AS reached,
       coalesce((SELECT recorded_at FROM ledger.events WHERE notification_id <= %(at)s
                 ORDER BY notification_id DESC LIMIT 1) < day.over, true)
       AND coalesce((SELECT recorded_at FROM ledger.events WHERE notification_id > %(at)s
                     ORDER BY notification_id LIMIT 1) >= day.begins, true)
       AND NOT EXISTS (SELECT FROM portfolio.ahead
                       WHERE recorded_on <= day.day AND effective_on > day.day AND position <= %(at)s) AS known,
       found.*
FROM portfolio.tracking CROSS JOIN day LEFT JOIN LATERAL (
    SELECT dimension, key, {sums} FROM (
        SELECT dimension, key, {figures} FROM portfolio.blocks
        WHERE dimension = ANY(%(dimensions)s) AND ({blocks})
        UNION ALL
        SELECT dimension, key, {calendar} FROM portfolio.calendar
        WHERE dimension = ANY(%(dimensions)s)
              AND (grain = 'year' AND since < day.year
                   OR grain = 'month' AND since >= day.year AND since < day.month
                   OR grain = 'day' AND since BETWEEN day.month AND day.day)
        UNION ALL
        SELECT dimension, key, {steps}
        FROM portfolio.steps CROSS JOIN unnest(%(dimensions)s) AS dimension
        CROSS JOIN jsonb_array_elements_text(parts -> dimension) AS key
        WHERE position >= %(summed)s AND position <= %(at)s
    ) AS changed GROUP BY dimension, key
) AS found ON true
""").format(
    sums=sql.SQL(", ").join(sql.SQL("coalesce(sum({0}), 0) AS {0}").format(sql.Identifier(name)) for name in FIGURES),
    figures=sql.SQL(", ").join(map(sql.Identifier, FIGURES)),
    steps=sql.SQL(", ").join(map(sql.Identifier, FIGURES)),
    calendar=sql.SQL(", ").join(
        sql.Identifier(name) if name in REPORTING.values() else sql.SQL("NULL") for name in FIGURES
    ),
    blocks=sql.SQL(" OR ").join(
        sql.SQL("size = {size} AND block >= {first} AND block < {end}").format(
            size=sql.Literal(size), first=sql.Placeholder(f"first_{size}"), end=sql.Placeholder(f"end_{size}")
        )
        for size in SIZES
    ),
)


def _blocks(position: int) -> dict[str, int]:
    """Which blocks of each size have the positions up to this one in them, and from which one on none has."""
    spans: dict[str, int] = {}
    first = 0
    for size in reversed(SIZES):
        end = (position + 1) // size
        spans |= {f"first_{size}": first // size, f"end_{size}": end}
        first = end * size
    return {**spans, "summed": first}


class PortfolioView:
    """Reads running totals, in one short statement whose cost depends on the parts, not on pledges or facts."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def totals(self, at: Point, dimension: Dimension | None = None) -> Totals | None:
        """The totals at a point, with full attribution.

        None where there are no running totals: for a dimension whose keys change with the date, for a point that no
        instant of its day was, and while a fact is recorded that is not true yet. Raises PositionNotReached.
        """
        if dimension is not None and dimension not in DIMENSIONS:
            return None
        asked = [WHOLE] if dimension is None else [WHOLE, dimension]
        month = at.effective_on.replace(day=1)
        found = rows(
            self._source,
            _TOTALS,
            {
                **point(at),
                **_blocks(at.position),
                "month": month,
                "year": month.replace(month=1),
                "dimensions": asked,
            },
        )
        require_reached(at, found[0]["reached"])
        if not found[0]["known"]:
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

"""What all pledges came to at the end of each month, as known at a point.

Not what the running totals tell: those say what the register knew at the end of each month, and this says what it knows
now of each month. The sums of `turns` by blocks of positions make it as dear for a million facts as for a thousand.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from psycopg import sql

from domain.ladder import RUNGS, Ladder
from projections.database import Source, rows
from projections.pinning import Point, point, require_reached

BLOCK = 1 << 14
"""Of how many positions there are sums; the tables' definitions have the same number."""

_COURSE = sql.SQL("""
SELECT tracking.position AS reached, found.*
FROM pledge_status.tracking LEFT JOIN (
    SELECT least((date_trunc('month', day) + interval '1 month - 1 day')::date, %(on)s::date) AS month, {sums}
    FROM (
        SELECT since AS day, ends, {rungs} FROM pledge_status.course
        WHERE block < %(block)s AND (grain = 'month' AND since < %(month)s
                                     OR grain = 'day' AND since BETWEEN %(month)s AND %(on)s)
        UNION ALL
        SELECT day, ends, {rungs} FROM pledge_status.turns
        WHERE position BETWEEN %(block)s * {size}::bigint AND %(at)s AND day <= %(on)s
    ) AS turned GROUP BY month HAVING sum(ends) > 0
) AS found ON true ORDER BY month
""").format(
    rungs=sql.SQL(", ").join(sql.Identifier(f"{rung}_usd") for rung in RUNGS),
    sums=sql.SQL(", ").join(sql.SQL("sum({0}) AS {0}").format(sql.Identifier(f"{rung}_usd")) for rung in RUNGS),
    size=sql.Literal(BLOCK),
)


def course(source: Source, at: Point) -> Sequence[tuple[date, Ladder]]:
    """What all pledges came to at the end of each month in which a state of one began or ended.

    The last month ends with the point's own day. Raises PositionNotReached.
    """
    # The block with the position itself is whole only where nothing follows in it.
    blocks = {"block": (at.position + 1) // BLOCK, "month": at.effective_on.replace(day=1)}
    found = rows(source, _COURSE, {**point(at), **blocks})
    require_reached(at, found[0]["reached"])
    reached, told = Ladder(), []
    for row in found:
        if row["month"] is not None:
            reached += Ladder(**{rung: row[f"{rung}_usd"] for rung in RUNGS})
            told.append((row["month"], reached))
    return told

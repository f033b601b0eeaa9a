"""Reading as of a position, so that what is read in several steps belongs together."""

from __future__ import annotations

from psycopg import sql

CURRENT = sql.SQL("upper_inf(positions)")
"""Tells the interval rows that are current now from the others."""

AT_POSITION = sql.SQL(
    "positions @> %(at)s::bigint"
    " AND lower(positions) <= %(at)s::bigint AND coalesce(upper(positions), 9223372036854775807) > %(at)s::bigint"
)
"""Tells the interval rows that were current at a position from the others.

It says so twice: for an index on ranges, and for one in the order of a list that has both ends in it.
"""


class PositionNotReached(Exception):
    """A read model was asked about a position that it has not got to; wait for it, or ask about an earlier one."""

    def __init__(self, asked: int, reached: int) -> None:
        super().__init__(f"position {asked} was asked about, {reached} is reached")
        self.asked = asked
        self.reached = reached


def require_reached(at: int | None, reached: int) -> None:
    """Refuse a position that is ahead: the answer would change when it is reached. Raises PositionNotReached."""
    if at is not None and at > reached:
        raise PositionNotReached(at, reached)

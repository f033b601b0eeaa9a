"""Reading as of a position and an effective date, so that what is read in several steps belongs together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import LiteralString

from psycopg import sql


@dataclass(frozen=True, slots=True)
class Point:
    """The facts recorded up to a position and true by a date."""

    position: int
    effective_on: date


def point(at: Point | None) -> dict[str, object]:
    """The values that `AT_POINT` names; without a point, no position, and no date either."""
    return {"at": None} if at is None else {"at": at.position, "on": at.effective_on}


CURRENT = sql.SQL("upper_inf(positions) AND upper_inf(effective)")
"""Tells the rows that are the answer now, with every fact there is, from the others."""


def answers_at(position: LiteralString, on: LiteralString) -> sql.Composed:
    """Tells the rows that are the answer at a point from the others; the point's values go by these names."""
    return sql.SQL(
        "((positions @> {position}::bigint AND effective @> {on}::date)"
        " OR (NOT isempty(kept_effective) AND kept_effective @> {on}::date AND kept_positions @> {position}::bigint))"
    ).format(position=sql.Placeholder(position), on=sql.Placeholder(on))


AT_POINT = answers_at("at", "on")
"""The same by the names that `point` gives."""


class PositionNotReached(Exception):
    """A read model was asked about a position that it has not got to; wait for it, or ask about an earlier one."""

    def __init__(self, asked: int, reached: int) -> None:
        super().__init__(f"position {asked} was asked about, {reached} is reached")
        self.asked = asked
        self.reached = reached


def require_reached(at: Point | None, reached: int) -> None:
    """Refuse a position that is ahead: the answer would change when it is reached. Raises PositionNotReached."""
    if at is not None and at.position > reached:
        raise PositionNotReached(at.position, reached)

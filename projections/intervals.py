"""Interval rows: each state something had is a row that knows for which positions and times it was current.

Both ranges are half-open; the current row has no upper end. Several changes in one append were recorded at one
time: then all but the last were current for some positions but at no time, and their range of times is empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Generic, TypeVar
from uuid import UUID

from psycopg import Cursor, sql
from psycopg.rows import DictRow

State = TypeVar("State")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Generic[State]):
    """What something became with the entry at a position."""

    id: UUID
    position: int
    recorded_at: datetime
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalTable(Generic[State]):
    """A table of interval rows with the columns `id`, `positions`, `recorded`, `recorded_at`, and its own.

    `values` are a state's own columns, each in a form that COPY takes.
    """

    name: str
    columns: tuple[str, ...]
    values: Callable[[State], Sequence[object]]

    def record(self, cursor: Cursor[DictRow], changes: Sequence[Change[State]]) -> None:
        """Close the rows that were current and add one row for each change; those of one thing are in ledger order."""
        if not changes:
            return
        self._close(cursor, _first_of_each(changes))
        names = ("id", "positions", "recorded", "recorded_at", *self.columns)
        copy = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(self.name), sql.SQL(", ").join(map(sql.Identifier, names))
        )
        with cursor.copy(copy) as rows:
            for change, following in _with_following(changes):
                rows.write_row((*_header(change, following), *self.values(change.state)))

    def _close(self, cursor: Cursor[DictRow], changes: Sequence[Change[State]]) -> None:
        close = sql.SQL(
            "UPDATE {} AS current SET positions = int8range(lower(positions), ended.position),"
            " recorded = tstzrange(current.recorded_at, ended.recorded_at)"
            " FROM unnest(%s::uuid[], %s::bigint[], %s::timestamptz[]) AS ended (id, position, recorded_at)"
            " WHERE current.id = ended.id AND upper_inf(current.positions)"
        ).format(sql.Identifier(self.name))
        ids = [change.id for change in changes]
        cursor.execute(close, (ids, [c.position for c in changes], [c.recorded_at for c in changes]))


@lru_cache(maxsize=10_000)  # the same few codes again and again
def array(items: tuple[object, ...]) -> str:
    """An array in the form that COPY takes."""
    quoted = (str(item).replace("\\", "\\\\").replace('"', '\\"') for item in items)
    return "{" + ",".join(f'"{item}"' for item in quoted) + "}"


def _header(change: Change[State], following: Change[State] | None) -> tuple[object, ...]:
    positions = f"[{change.position},{following.position if following else ''})"
    recorded = f"[{change.recorded_at.isoformat()},{following.recorded_at.isoformat() if following else ''})"
    return change.id, positions, recorded, change.recorded_at


def _first_of_each(changes: Sequence[Change[State]]) -> list[Change[State]]:
    first: dict[UUID, Change[State]] = {}
    for change in changes:
        first.setdefault(change.id, change)
    return list(first.values())


def _with_following(changes: Sequence[Change[State]]) -> Iterator[tuple[Change[State], Change[State] | None]]:
    """Each change with the next one of the same thing, if there is one."""
    following: dict[UUID, Change[State]] = {}
    pairs = []
    for change in reversed(changes):
        pairs.append((change, following.get(change.id)))
        following[change.id] = change
    return reversed(pairs)

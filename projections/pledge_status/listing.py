"""Lists of pledges in an order that is asked for: a part of one, or all of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Any, LiteralString

from psycopg import sql
from psycopg.rows import DictRow

from domain.status import PledgeStatus
from projections.database import Source, rows
from projections.pinning import AT_POINT, Point, point, require_reached
from projections.pledge_status.filters import PledgeFilters, conditions
from projections.pledge_status.told_status import status_of_document

STATUSES_AT_ONCE = 100_000


class SortKey(StrEnum):
    """By what pledges are put in order."""

    REFERENCE = "reference"
    VALUE = "value"
    """The promised US dollars."""
    DELIVERED = "delivered"
    """How much of the targets is delivered."""
    ANNOUNCED = "announced"
    CHANGED = "changed"
    """The position of the last fact about the pledge."""


@dataclass(frozen=True, slots=True)
class Sorting:
    """An order of pledges: by a key, and by reference in the same direction where the key is the same."""

    key: SortKey
    descending: bool = False


_COLUMNS: Mapping[SortKey, LiteralString] = {
    SortKey.REFERENCE: "reference",
    SortKey.VALUE: "value_usd",
    SortKey.DELIVERED: "targets_met",
    SortKey.ANNOUNCED: "announced_on",
    SortKey.CHANGED: "position",
}

# Only what is put in order is read of all of them; what is long, of those that are shown.
_LISTED = sql.SQL("""
SELECT tracking.position AS reached, found.*{told}
FROM pledge_status.tracking LEFT JOIN (
    SELECT {columns}, lower(effective) AS since FROM pledge_status.pledges
    WHERE {conditions} ORDER BY {order} LIMIT %(limit)s OFFSET %(offset)s
) AS found ON true{states}
ORDER BY {order}
""")
_WITH_STATES = {
    "told": sql.SQL(", states.pledge"),
    "states": sql.SQL(
        " LEFT JOIN pledge_status.states ON states.position = found.position AND states.since = found.since"
    ),
}
_WITHOUT_STATES = {"told": sql.SQL(""), "states": sql.SQL("")}


def rows_in_order(
    source: Source, filters: PledgeFilters, sorting: Sorting, at: Point, *, offset: int, limit: int
) -> list[DictRow]:
    """The state, position and recorded time of a part of the list. Raises PositionNotReached."""
    told = ("position", "recorded_at")
    return _part(source, filters, sorting, at, told, _WITH_STATES, offset=offset, limit=limit)


def statuses_in_part(
    source: Source, filters: PledgeFilters, sorting: Sorting, at: Point, *, offset: int, limit: int
) -> tuple[PledgeStatus, ...]:
    """The status of each pledge of a part of the list. Raises PositionNotReached."""
    found = _part(source, filters, sorting, at, ("told",), _WITHOUT_STATES, offset=offset, limit=limit)
    return tuple(status_of_document(row["told"]) for row in found)


def statuses_in_order(
    source: Source, filters: PledgeFilters, sorting: Sorting, at: Point, *, at_once: int = STATUSES_AT_ONCE
) -> Iterator[PledgeStatus]:
    """The status of every pledge of the list, some at a time; the first of them are read when this returns.

    Raises PositionNotReached.
    """

    def part(offset: int) -> Sequence[PledgeStatus]:
        return statuses_in_part(source, filters, sorting, at, offset=offset, limit=at_once)

    def following(before: Sequence[PledgeStatus]) -> Iterator[PledgeStatus]:
        offset = len(before)
        while len(before) == at_once:
            before = part(offset)
            offset += len(before)
            yield from before

    first = part(0)
    return chain(first, following(first))


def _part(
    source: Source,
    filters: PledgeFilters,
    sorting: Sorting,
    at: Point,
    columns: Sequence[str],
    more: Mapping[str, sql.Composable],
    *,
    offset: int,
    limit: int,
) -> list[DictRow]:
    given = list(conditions(filters, at.effective_on, AT_POINT))
    values: dict[str, Any] = {name: value for condition in given for name, value in condition.values.items()}
    ordered_by = (_COLUMNS[sorting.key], "reference")
    query = _LISTED.format(
        columns=sql.SQL(", ").join(map(sql.Identifier, dict.fromkeys((*columns, *ordered_by)))),
        conditions=sql.SQL(" AND ").join([AT_POINT, *(condition.text for condition in given)]),
        order=_order(sorting),
        **more,
    )
    found = rows(source, query, {**values, **point(at), "offset": offset, "limit": limit})
    require_reached(at, found[0]["reached"])
    return [row for row in found if row["reference"] is not None]


def _order(sorting: Sorting) -> sql.Composable:
    direction = sql.SQL("DESC" if sorting.descending else "ASC")
    return sql.SQL("{key} {direction}, reference {direction}").format(
        key=sql.SQL(_COLUMNS[sorting.key]), direction=direction
    )

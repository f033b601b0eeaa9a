"""Bitemporal rows: each state something had, and for which positions and effective dates it was the answer.

At a position P and an effective date E, a thing's state is the fold of its facts recorded up to P and true by E, in
ledger order. A new fact is the last in ledger order whatever its date, so it changes the state for its own date
and every later one, and for no earlier one: the dates are cut at it, and each state from there on is folded one
fact further.

A row is one state with two rectangles. In the first, `positions` × `effective`, it was the answer from the entry
that made it on. A later fact with a later date takes over from its own date on only: before that date the state
remains the answer, which is the second rectangle, `kept_positions` × `kept_effective`. So facts that come in the
order of their dates, as nearly all do, need one row each.

A state is known by the position of its last fact and the first date for which it was the answer: rows that have both in
common have the same state. So what is long in a state can stand in a table of its own, which is read for the few
states that are wanted whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, TypeVar
from uuid import UUID

from psycopg import Cursor, sql
from psycopg.rows import DictRow

from audit.envelope import Entry
from projections.copying import copy_lines

State = TypeVar("State")

HEADER = ("id", "position", "recorded_at", "positions", "effective", "kept_positions", "kept_effective")
"""The columns every such table has. `position` and `recorded_at` are those of the last fact in the state."""

_HEADER_READ = tuple(column for column in HEADER if column != "kept_positions")

_EMPTY = "empty"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Generic[State]):
    """What the entry at a position, true since `effective_on`, makes of any state of a thing."""

    id: UUID
    position: int
    recorded_at: datetime
    effective_on: date
    evolve: Callable[[State | None], State | None]


def change(entry: Entry, evolve: Callable[[State | None], State | None]) -> Change[State]:
    """What an entry makes of any state of the thing whose history it belongs to."""
    return Change(
        id=entry.event.originator_id,
        position=entry.position,
        recorded_at=entry.recorded_at,
        effective_on=entry.event.effective_on,
        evolve=evolve,
    )


@dataclass(slots=True, kw_only=True)
class _Row(Generic[State]):
    """A row whose state is still the answer for some dates, and where it stands in the table."""

    id: UUID
    position: int
    recorded_at: datetime
    state: State
    since: date
    until: date | None
    opened_at: int
    cut_at: int | None = None
    kept_until: date | None = None
    closed_at: int | None = None
    stored: bool = False
    told: bool = False
    """Whether another row has the same state, which is not told again."""

    @property
    def last_until(self) -> date | None:
        """The first date for which the state is no longer the answer."""
        return self.until if self.cut_at is None else self.kept_until

    def close(self, position: int) -> None:
        """Be the answer for no date any more."""
        if self.cut_at is None:
            self.cut_at = position
        else:
            self.closed_at = position

    def keep_before(self, on: date, position: int) -> _Row[State]:
        """Remain the answer for the dates before `on` only; the row that says so."""
        if self.cut_at is None:
            self.cut_at, self.kept_until = position, on
            return self
        self.close(position)
        return _Row(
            id=self.id,
            position=self.position,
            recorded_at=self.recorded_at,
            state=self.state,
            since=self.since,
            until=on,
            opened_at=position,
            told=True,
        )

    def ranges(self) -> tuple[str, str, str, str]:
        """The two rectangles, as the columns have them."""
        kept = self.kept_until is not None
        return (
            _range(self.opened_at, self.cut_at),
            _range(self.since, self.until),
            _range(self.cut_at, self.closed_at) if kept else _EMPTY,
            _range(self.since, self.kept_until) if kept else _EMPTY,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StateTable(Generic[State]):
    """A table in which states are told in full: each once, by `position` and `since`, in a column.

    `value` is the text of a state, as COPY takes it.
    """

    name: str
    column: str
    value: Callable[[State], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalTable(Generic[State]):
    """A table of bitemporal rows with the columns of `HEADER` and its own.

    `values` are the texts of a state's own columns, as COPY takes them, with tabs between them; `read` makes the state
    of a row again, for which it needs the columns `read_from`: of the row, or of the table in which states are told in
    full.
    """

    name: str
    columns: tuple[str, ...]
    values: Callable[[State], str]
    read: Callable[[DictRow], State]
    read_from: tuple[str, ...]
    states: StateTable[State] | None = None

    def record(self, cursor: Cursor[DictRow], changes: Sequence[Change[State]]) -> None:
        """Let the changes, in ledger order, take effect: rows are cut or closed, and new ones added."""
        if not changes:
            return
        open_rows = self._open_rows(cursor, _earliest_dates(changes))
        written: dict[int, _Row[State]] = {}
        for change in changes:
            open_rows[change.id] = list(_after(open_rows.get(change.id, []), change, written))
        self._close(cursor, [row for row in written.values() if row.stored])
        self._add(cursor, [row for row in written.values() if not row.stored])

    def begin(self, cursor: Cursor[DictRow], histories: Iterable[Sequence[Change[State]]]) -> None:
        """The same for all changes of things that have no rows yet; each thing's changes are in ledger order."""
        rows: list[_Row[State]] = []
        for changes in histories:
            of_thing: list[_Row[State]] = []
            written: dict[int, _Row[State]] = {}
            for change in changes:
                of_thing = list(_after(of_thing, change, written))
            rows.extend(written.values())
        if rows:
            self._add(cursor, rows)

    def _open_rows(self, cursor: Cursor[DictRow], earliest: Mapping[UUID, date]) -> dict[UUID, list[_Row[State]]]:
        """The rows that are still the answer for a date later than the earliest change, by thing and date."""
        cursor.execute(
            sql.SQL(
                "SELECT {} FROM unnest(%s::uuid[], %s::date[]) AS change (id, on_day)"
                " JOIN {} AS stored ON stored.id = change.id AND {} AND {} > change.on_day"
                "{} ORDER BY stored.id, lower(stored.effective)"
            ).format(self._read_columns, sql.Identifier(self.name), _OPEN, _LAST_UNTIL, self._with_states),
            (list(earliest), list(earliest.values())),
        )
        found: dict[UUID, list[_Row[State]]] = {}
        for row in cursor:
            found.setdefault(row["id"], []).append(self._row(row))
        return found

    @property
    def _read_columns(self) -> sql.Composed:
        header = [sql.Identifier("stored", column) for column in _HEADER_READ]
        return sql.SQL(", ").join([*header, *map(sql.Identifier, self.read_from)])

    @property
    def _with_states(self) -> sql.Composable:
        if self.states is None:
            return sql.SQL("")
        return sql.SQL(
            " JOIN {states} ON {states}.position = stored.position AND {states}.since = lower(stored.effective)"
        ).format(states=sql.Identifier(self.states.name))

    def _row(self, row: DictRow) -> _Row[State]:
        kept = row["kept_effective"]
        return _Row(
            id=row["id"],
            position=row["position"],
            recorded_at=row["recorded_at"],
            state=self.read(row),
            since=row["effective"].lower,
            until=row["effective"].upper,
            opened_at=row["positions"].lower,
            cut_at=row["positions"].upper,
            kept_until=None if kept.isempty else kept.upper,
            stored=True,
        )

    def _close(self, cursor: Cursor[DictRow], rows: Sequence[_Row[State]]) -> None:
        if not rows:
            return
        statement = sql.SQL(
            "UPDATE {} AS stored SET positions = closed.positions::int8range,"
            " kept_positions = closed.kept_positions::int8range, kept_effective = closed.kept_effective::daterange"
            " FROM unnest(%s::uuid[], %s::bigint[], %s::date[], %s::text[], %s::text[], %s::text[])"
            " AS closed (id, opened_at, since, positions, kept_positions, kept_effective)"
            " WHERE stored.id = closed.id AND lower(stored.positions) = closed.opened_at"
            " AND lower(stored.effective) = closed.since AND {}"
        ).format(sql.Identifier(self.name), _OPEN)
        ranges = [row.ranges() for row in rows]
        cursor.execute(
            statement,
            (
                [row.id for row in rows],
                [row.opened_at for row in rows],
                [row.since for row in rows],
                [positions for positions, _, _, _ in ranges],
                [positions for _, _, positions, _ in ranges],
                [effective for _, _, _, effective in ranges],
            ),
        )

    def _add(self, cursor: Cursor[DictRow], rows: Sequence[_Row[State]]) -> None:
        copy_lines(cursor, self.name, (*HEADER, *self.columns), map(self._line, rows))
        if self.states:
            value = self.states.value
            lines = (f"{row.position}\t{row.since}\t{value(row.state)}" for row in rows if not row.told)
            copy_lines(cursor, self.states.name, ("position", "since", self.states.column), lines)

    def _line(self, row: _Row[State]) -> str:
        header = (str(row.id), str(row.position), str(row.recorded_at), *row.ranges())
        return "\t".join((*header, self.values(row.state)))


# An index of each such table is on these very expressions.
_OPEN = sql.SQL("(upper_inf(stored.positions) OR upper_inf(stored.kept_positions))")
_LAST_UNTIL = sql.SQL(
    "(CASE WHEN upper_inf(stored.positions) THEN coalesce(upper(stored.effective), 'infinity'::date)"
    " ELSE upper(stored.kept_effective) END)"
)


def _after(
    rows: Sequence[_Row[State]], change: Change[State], written: dict[int, _Row[State]]
) -> Iterator[_Row[State]]:
    """The rows that are the answer for some date after the change, by date; what is new or other goes to `written`."""
    first = rows[0].since if rows else None
    if first is None or change.effective_on < first:
        yield from _begun(change, change.effective_on, first, None, written)
    for row in rows:
        until = row.last_until
        if until is not None and until <= change.effective_on:
            yield row
        elif row.since < change.effective_on:
            kept = row.keep_before(change.effective_on, change.position)
            written |= {id(row): row, id(kept): kept}
            yield kept
            yield from _begun(change, change.effective_on, until, row.state, written)
        else:
            written[id(row)] = row
            row.close(change.position)
            yield from _begun(change, row.since, until, row.state, written)


def _begun(
    change: Change[State], since: date, until: date | None, before: State | None, written: dict[int, _Row[State]]
) -> Iterator[_Row[State]]:
    """The row of the state that follows `before`, if there is anything then."""
    state = change.evolve(before)
    if state is None:
        return
    row = _Row(
        id=change.id,
        position=change.position,
        recorded_at=change.recorded_at,
        state=state,
        since=since,
        until=until,
        opened_at=change.position,
    )
    written[id(row)] = row
    yield row


def _earliest_dates(changes: Iterable[Change[State]]) -> dict[UUID, date]:
    earliest: dict[UUID, date] = {}
    for change in changes:
        earliest[change.id] = min(earliest.get(change.id, change.effective_on), change.effective_on)
    return earliest


def _range(lower: int | date | None, upper: int | date | None) -> str:
    return f"[{lower},{'' if upper is None else upper})"

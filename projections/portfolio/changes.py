"""What entries change in the running totals."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal, localcontext
from functools import cache
from typing import LiteralString
from uuid import UUID

import msgspec
from psycopg import Cursor, sql
from psycopg.rows import DictRow

from audit.envelope import Entry
from domain.events import PledgeEvent
from domain.ladder import DIGITS
from domain.pledge import Pledge, evolve
from projections.pledge_state import document, read
from projections.portfolio.counted import (
    FIGURES,
    LADDER,
    REPORTING,
    SIZES,
    Change,
    Figures,
    Member,
    Part,
    Presence,
    changes,
)
from projections.read_model import ReadModel

VERSION = 3

Pledges = dict[UUID, Pledge | None]
Blocks = defaultdict[tuple[Part, int, int], dict[str, Decimal]]
"""Figures by part, size of the block, and which one of that size."""
Calendar = defaultdict[tuple[Part, str, date], dict[str, Decimal]]
"""Figures by part, grain, and the first day of it."""


def apply(cursor: Cursor[DictRow], entries: Sequence[Entry]) -> None:
    """Add to the running totals what the entries change, in ledger order."""
    facts = [entry for entry in entries if isinstance(entry.event, PledgeEvent)]
    if not facts:
        return
    pledges = _stored_pledges(cursor, {fact.event.originator_id for fact in facts})
    with localcontext(prec=DIGITS):
        moves = list(_moves(facts, pledges))
        members = _stored_members(cursor, {member for move in moves for member in move.brings})
        steps: list[_Step] = []
        calendar: Calendar = defaultdict(dict)
        for move in moves:
            for change in move.changes:
                if change.day == move.day:
                    steps.append(_Step(move.position, change.parts, change.figures))
                else:
                    _enter(calendar, change)
            steps += _steps(move.position, _joined(members, move.brings))
        blocks = _blocks(steps)
    _store_steps(cursor, steps)
    _store_sums(cursor, "blocks", ("size", "block"), FIGURES, blocks.items())
    _store_sums(cursor, "calendar", ("grain", "since"), tuple(REPORTING.values()), calendar.items())
    _store_members(cursor, members)
    _store_pledges(cursor, pledges)
    _note_ahead(cursor, facts)


@dataclass(frozen=True, slots=True)
class _Move:
    """A fact, what it made of its pledge, and whom that brings into which parts more often or less often."""

    position: int
    day: date
    changes: Sequence[Change]
    brings: Mapping[Member, int]


@dataclass(frozen=True, slots=True)
class _Step:
    """What a fact changed at once in some parts, in each of them the same."""

    position: int
    parts: Iterable[Part]
    figures: Figures


def _day(entry: Entry) -> date:
    return entry.recorded_at.astimezone(UTC).date()


def _moves(facts: Iterable[Entry], pledges: Pledges) -> Iterator[_Move]:
    """Let the facts happen to the pledges, and tell what each changes."""
    presences = {id: Presence.of(pledge) for id, pledge in pledges.items()}
    for fact in facts:
        event = fact.event
        if not isinstance(event, PledgeEvent):
            continue
        id, day = event.originator_id, _day(fact)
        pledge = pledges[id] = evolve(pledges.get(id), event)
        was = presences.get(id) or Presence()
        now = presences[id] = was.after(pledge)
        yield _Move(fact.position, day, tuple(changes(was, now, day)), _brings(was, now))


def _brings(was: Presence, now: Presence) -> Mapping[Member, int]:
    """Whom the pledge brings into which part once more (1) or no longer (-1)."""
    if was.parts is now.parts and was.brings is now.brings:
        return {}
    before, after = set(was.members()), set(now.members())
    return {**dict.fromkeys(after - before, 1), **dict.fromkeys(before - after, -1)}


def _joined(members: Counter[Member], brings: Mapping[Member, int]) -> Mapping[Part, Figures]:
    """Count who joins a part for the first time, or leaves it for good; how many more there are in each part."""
    joined: defaultdict[Part, dict[str, Decimal]] = defaultdict(dict)
    for member, times in brings.items():
        part, kind, _ = member
        was, members[member] = members[member], members[member] + times
        if more := bool(members[member]) - bool(was):
            joined[part][kind] = joined[part].get(kind, Decimal(0)) + more
    return joined


def _steps(position: int, joined: Mapping[Part, Figures]) -> Iterator[_Step]:
    """Who joined or left, in one step for all the parts in which as many did."""
    alike: defaultdict[tuple[tuple[str, Decimal], ...], list[Part]] = defaultdict(list)
    for part, figures in joined.items():
        if any(figures.values()):
            alike[tuple(sorted(figures.items()))].append(part)
    yield from (_Step(position, parts, dict(figures)) for figures, parts in alike.items())


def _blocks(steps: Iterable[_Step]) -> Blocks:
    """What the steps come to in each part and block; those of a size are the sums of those of the size below."""
    smallest = SIZES[0]
    sums: Blocks = defaultdict(dict)
    for step in steps:
        for part in step.parts:
            _count(sums[part, smallest, step.position // smallest], step.figures)
    for size, below in zip(SIZES[1:], SIZES, strict=False):
        for (part, _, block), figures in [item for item in sums.items() if item[0][1] == below]:
            _count(sums[part, size, block * below // size], figures)
    return sums


def _enter(calendar: Calendar, change: Change) -> None:
    day = change.day
    for part in change.parts:
        for grain, since in (("day", day), ("month", day.replace(day=1)), ("year", day.replace(month=1, day=1))):
            _count(calendar[part, grain, since], change.figures)


def _count(sums: dict[str, Decimal], figures: Figures) -> None:
    for name, amount in figures.items():
        sums[name] = sums[name] + amount if name in sums else amount


def _store_steps(cursor: Cursor[DictRow], steps: Iterable[_Step]) -> None:
    with cursor.copy(_COPY_STEPS) as copied:
        for step in steps:
            copied.write_row((step.position, _by_dimension(step.parts), *map(step.figures.get, FIGURES)))


_COPY_STEPS = sql.SQL("COPY steps (position, parts, {}) FROM STDIN").format(
    sql.SQL(", ").join(map(sql.Identifier, FIGURES))
)


def _by_dimension(parts: Iterable[Part]) -> str:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for dimension, key in sorted(parts):
        found[dimension].append(key)
    return msgspec.json.encode(found).decode()


def _store_sums(
    cursor: Cursor[DictRow],
    table: str,
    span: tuple[str, str],
    names: Sequence[str],
    sums: Iterable[tuple[tuple[Part, object, object], Figures]],
) -> None:
    """Add sums to what a table has, and let no row be left that says nothing."""
    rows = [
        {"dimension": dimension, "key": key, span[0]: kind, span[1]: which, **figures}
        for ((dimension, key), kind, which), figures in sums
        if any(figures.values())
    ]
    if rows:
        changed = msgspec.json.encode(rows).decode()
        cursor.execute(_added_to(table, span, names), (changed,))
        cursor.execute(_nothing_left(table, span, names), (changed,))


@cache
def _added_to(table: str, span: tuple[str, str], names: Sequence[str]) -> sql.Composed:
    return sql.SQL("""
INSERT INTO {table} AS stored ({key}, {names})
SELECT {key}, {given} FROM json_populate_recordset(NULL::{table}, %s::json)
ON CONFLICT ({key}) DO UPDATE SET {added}
""").format(
        table=sql.Identifier(table),
        key=_listed("{}", ("dimension", *span, "key")),
        names=_listed("{}", names),
        given=sql.SQL(", ").join(map(_given, names)),
        added=sql.SQL(", ").join(map(_added, names)),
    )


@cache
def _nothing_left(table: str, span: tuple[str, str], names: Sequence[str]) -> sql.Composed:
    key = ("dimension", *span, "key")
    return sql.SQL("""
DELETE FROM {table} AS stored USING json_populate_recordset(NULL::{table}, %s::json) AS changed
WHERE ({stored}) = ({changed}) AND {nothing}
""").format(
        table=sql.Identifier(table),
        stored=_listed("stored.{}", key),
        changed=_listed("changed.{}", key),
        nothing=sql.SQL(" AND ").join(sql.SQL("stored.{} = 0").format(sql.Identifier(name)) for name in names),
    )


def _listed(form: LiteralString, names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL(form).format(sql.Identifier(name)) for name in names)


def _added(name: str) -> sql.Composable:
    """The stored figure and what comes to it. Without zeros at its end a sum is the same whatever it is made from."""
    template = "{0} = trim_scale(stored.{0} + excluded.{0})" if name in LADDER else "{0} = stored.{0} + excluded.{0}"
    return sql.SQL(template).format(sql.Identifier(name))


def _given(name: str) -> sql.Composable:
    template = "trim_scale(coalesce({}, 0))" if name in LADDER else "coalesce({}, 0)"
    return sql.SQL(template).format(sql.Identifier(name))


def _rows(members: Mapping[Member, int]) -> str:
    rows = [
        {"dimension": dimension, "key": key, "kind": kind, "member": member, "pledges": pledges}
        for ((dimension, key), kind, member), pledges in members.items()
    ]
    return msgspec.json.encode(rows).decode()


def _stored_members(cursor: Cursor[DictRow], members: Iterable[Member]) -> Counter[Member]:
    cursor.execute(
        "SELECT dimension, key, kind, member, members.pledges"
        " FROM json_populate_recordset(NULL::members, %s::json) AS asked"
        " JOIN members USING (dimension, key, kind, member)",
        (_rows(dict.fromkeys(members, 0)),),
    )
    return Counter({((row["dimension"], row["key"]), row["kind"], row["member"]): row["pledges"] for row in cursor})


def _store_members(cursor: Cursor[DictRow], counts: Mapping[Member, int]) -> None:
    cursor.execute(
        "DELETE FROM members USING json_populate_recordset(NULL::members, %s::json) AS gone"
        " WHERE (members.dimension, members.key, members.kind, members.member)"
        " = (gone.dimension, gone.key, gone.kind, gone.member)",
        (_rows({member: pledges for member, pledges in counts.items() if not pledges}),),
    )
    cursor.execute(
        "INSERT INTO members SELECT * FROM json_populate_recordset(NULL::members, %s::json)"
        " ON CONFLICT (dimension, key, kind, member) DO UPDATE SET pledges = excluded.pledges",
        (_rows({member: pledges for member, pledges in counts.items() if pledges}),),
    )


def _stored_pledges(cursor: Cursor[DictRow], ids: set[UUID]) -> Pledges:
    cursor.execute("SELECT id, state FROM states WHERE id = ANY(%s)", (list(ids),))
    return {row["id"]: read(row["state"]) for row in cursor}


def _store_pledges(cursor: Cursor[DictRow], pledges: Pledges) -> None:
    rows = [{"id": id, "state": document(pledge)} for id, pledge in pledges.items() if pledge]
    cursor.execute(
        "INSERT INTO states SELECT * FROM json_populate_recordset(NULL::states, %s::json)"
        " ON CONFLICT (id) DO UPDATE SET state = excluded.state",
        (msgspec.json.encode(rows).decode(),),
    )


def _note_ahead(cursor: Cursor[DictRow], facts: Iterable[Entry]) -> None:
    ahead = [(_day(f), f.event.effective_on, f.position) for f in facts if f.event.effective_on > _day(f)]
    cursor.executemany("INSERT INTO ahead VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", ahead)


PORTFOLIO = ReadModel.of_package("projections.portfolio", version=VERSION, apply=apply)

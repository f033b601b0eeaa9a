"""What entries change in the running totals."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date
from decimal import Decimal, localcontext
from itertools import groupby
from uuid import UUID

import msgspec
from psycopg import Cursor, sql
from psycopg.rows import DictRow

from audit.envelope import Entry
from domain.events import PledgeEvent
from domain.ladder import DIGITS
from domain.pledge import Pledge, evolve
from projections.pledge_state import document, read
from projections.portfolio.counted import FIGURES, LADDER, Figures, Member, Part, Presence, changes

VERSION = 2

Pledges = dict[UUID, Pledge | None]

Row = tuple[Part, str, date, Figures]
"""Of a part, by what grain, from which day on, what its figures change."""


def apply(cursor: Cursor[DictRow], entries: Sequence[Entry]) -> None:
    """Add to the running totals what the entries change, in ledger order."""
    facts = [entry for entry in entries if isinstance(entry.event, PledgeEvent)]
    if not facts:
        return
    pledges = _stored_pledges(cursor, {fact.event.originator_id for fact in facts})
    sums = Sums()
    brought: list[tuple[date, Counter[Member]]] = []
    with localcontext(prec=DIGITS):
        for day, of_day in groupby(facts, recorded_on):
            before = _evolved(pledges, of_day)
            brought.append((day, sums.change(before, pledges, day)))
        _count_members(cursor, brought, sums)
    sums.store(cursor)
    _store_pledges(cursor, pledges)
    _note_ahead(cursor, facts)


def recorded_on(entry: Entry) -> date:
    """The day on which the running totals have what an entry changes."""
    return entry.recorded_at.astimezone(UTC).date()


def _evolved(pledges: Pledges, facts: Iterable[Entry]) -> Pledges:
    """Let the facts happen to the pledges; those they happened to, as they were before."""
    before: Pledges = {}
    for fact in facts:
        event = fact.event
        if isinstance(event, PledgeEvent):
            id = event.originator_id
            before.setdefault(id, pledges.get(id))
            pledges[id] = evolve(pledges.get(id), event)
    return before


class Sums:
    """Adds up what changes in each part, by day, by month and by year."""

    def __init__(self) -> None:
        self._sums: defaultdict[tuple[Part, date], dict[str, Decimal]] = defaultdict(dict)

    def change(self, before: Pledges, after: Pledges, day: date) -> Counter[Member]:
        """Add what it changes from a day on that pledges are as they are after it; how many bring whom more often."""
        brought: Counter[Member] = Counter()
        for id, old in before.items():
            was, now = Presence.of(old), Presence.of(after[id])
            for changed in changes(was, now, day):
                self.add(changed.parts, changed.day, changed.figures)
            if was != now:
                brought.update(now.members())
                brought.subtract(was.members())
        return Counter({member: times for member, times in brought.items() if times})

    def __len__(self) -> int:
        """Of how many parts on how many days there are figures."""
        return len(self._sums)

    def add(self, parts: Iterable[Part], day: date, figures: Figures) -> None:
        """Add figures to those of each of these parts on a day."""
        for part in parts:
            _add(self._sums[part, day], figures)

    def by_grain(self) -> Iterator[Row]:
        """The figures of each part, by day, by month and by year, that say anything."""
        by_grain: defaultdict[tuple[Part, str, date], dict[str, Decimal]] = defaultdict(dict)
        for (part, day), figures in self._sums.items():
            if any(figures.values()):
                yield part, "day", day, figures
            for grain, since in (("month", day.replace(day=1)), ("year", day.replace(month=1, day=1))):
                _add(by_grain[part, grain, since], figures)
        yield from ((*key, sums) for key, sums in by_grain.items() if any(sums.values()))

    def store(self, cursor: Cursor[DictRow]) -> None:
        """Add them to what is stored, and let no row be left that says nothing."""
        rows = [
            {"dimension": dimension, "key": key, "grain": grain, "since": since, **sums}
            for (dimension, key), grain, since, sums in self.by_grain()
        ]
        changed = msgspec.json.encode(rows).decode()
        cursor.execute(_ADD, (changed,))
        cursor.execute(_FORGET_NOTHING, (changed,))


def _add(sums: dict[str, Decimal], figures: Figures) -> None:
    for name, amount in figures.items():
        sums[name] = sums[name] + amount if name in sums else amount


def _added(name: str) -> sql.Composable:
    """The stored figure and what comes to it. Without zeros at its end a sum is the same whatever it is made from."""
    template = "{0} = trim_scale(stored.{0} + excluded.{0})" if name in LADDER else "{0} = stored.{0} + excluded.{0}"
    return sql.SQL(template).format(sql.Identifier(name))


def _given(name: str) -> sql.Composable:
    template = "trim_scale(coalesce({}, 0))" if name in LADDER else "coalesce({}, 0)"
    return sql.SQL(template).format(sql.Identifier(name))


_ADD = sql.SQL("""
INSERT INTO figures AS stored (dimension, key, grain, since, {names})
SELECT dimension, key, grain, since, {given} FROM json_populate_recordset(NULL::figures, %s::json)
ON CONFLICT (dimension, grain, since, key) DO UPDATE SET {added}
""").format(
    names=sql.SQL(", ").join(map(sql.Identifier, FIGURES)),
    given=sql.SQL(", ").join(map(_given, FIGURES)),
    added=sql.SQL(", ").join(map(_added, FIGURES)),
)

_FORGET_NOTHING = sql.SQL("""
DELETE FROM figures AS stored USING json_populate_recordset(NULL::figures, %s::json) AS changed
WHERE (stored.dimension, stored.key, stored.grain, stored.since)
      = (changed.dimension, changed.key, changed.grain, changed.since) AND {nothing}
""").format(nothing=sql.SQL(" AND ").join(sql.SQL("stored.{} = 0").format(sql.Identifier(name)) for name in FIGURES))


def _count_members(cursor: Cursor[DictRow], brought: Sequence[tuple[date, Counter[Member]]], sums: Sums) -> None:
    """Count who joins a part for the first time, or leaves it for good, on the day."""
    touched = {member for _, by_member in brought for member in by_member}
    if not touched:
        return
    counts = _stored_members(cursor, touched)
    for day, by_member in brought:
        joined: Counter[tuple[Part, str]] = Counter()
        for member, times in by_member.items():
            part, kind, _ = member
            was, counts[member] = counts[member], counts[member] + times
            joined[part, kind] += bool(counts[member]) - bool(was)
        for (part, kind), more in joined.items():
            sums.add([part], day, {kind: Decimal(more)})
    _store_members(cursor, counts)


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
    ahead = {
        (recorded_on(fact), fact.event.effective_on) for fact in facts if fact.event.effective_on > recorded_on(fact)
    }
    cursor.executemany("INSERT INTO ahead VALUES (%s, %s) ON CONFLICT DO NOTHING", sorted(ahead))

"""What entries change in the running totals."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date
from decimal import Decimal, localcontext
from itertools import groupby
from uuid import UUID

from psycopg import Cursor, sql
from psycopg.rows import DictRow

from audit.envelope import Entry
from domain.events import PledgeEvent
from domain.ladder import DIGITS
from domain.pledge import Pledge, evolve
from projections.pledge_state import document, read
from projections.portfolio.counted import FIGURES, LADDER, Member, Part, changes, members_of
from projections.read_model import ReadModel

VERSION = 1

Pledges = dict[UUID, Pledge | None]


def apply(cursor: Cursor[DictRow], entries: Sequence[Entry]) -> None:
    """Add to the running totals what the entries change, in ledger order."""
    facts = [entry for entry in entries if isinstance(entry.event, PledgeEvent)]
    if not facts:
        return
    pledges = _stored_pledges(cursor, {fact.event.originator_id for fact in facts})
    sums = _Sums()
    brought: list[tuple[date, Counter[Member]]] = []
    with localcontext(prec=DIGITS):
        for day, of_day in groupby(facts, _day):
            before = _evolved(pledges, of_day)
            brought.append((day, sums.change(before, pledges, day)))
        _count_members(cursor, brought, sums)
    sums.store(cursor)
    _store_pledges(cursor, {fact.event.originator_id: pledges[fact.event.originator_id] for fact in facts})
    _note_ahead(cursor, facts)


def _day(entry: Entry) -> date:
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


class _Sums:
    """Adds up what changes in each part, by day and by month."""

    def __init__(self) -> None:
        self._sums: defaultdict[tuple[Part, str, date], dict[str, Decimal]] = defaultdict(dict)

    def change(self, before: Pledges, after: Pledges, day: date) -> Counter[Member]:
        """Add what it changes from a day on that pledges are as they are after it; how many bring whom more often."""
        brought: Counter[Member] = Counter()
        for id, old in before.items():
            for changed in changes(old, after[id], day):
                self.add(changed.part, changed.day, changed.figures)
            was, now = members_of(old), members_of(after[id])
            if was != now:
                brought.update(now)
                brought.subtract(was)
        return Counter({member: times for member, times in brought.items() if times})

    def add(self, part: Part, day: date, figures: Mapping[str, Decimal]) -> None:
        for grain, since in (("day", day), ("month", day.replace(day=1))):
            sums = self._sums[part, grain, since]
            for name, amount in figures.items():
                sums[name] = sums.get(name, Decimal(0)) + amount

    def store(self, cursor: Cursor[DictRow]) -> None:
        """Add them to what is stored, and let no row be left that says nothing."""
        changed = {slot: sums for slot, sums in self._sums.items() if any(sums.values())}
        columns = [[sums.get(name, Decimal(0)) for sums in changed.values()] for name in FIGURES]
        slots = [
            [dimension for (dimension, _), _, _ in changed],
            [key for (_, key), _, _ in changed],
            [grain for _, grain, _ in changed],
            [since for _, _, since in changed],
        ]
        cursor.execute(_ADD, [*slots, *columns])
        cursor.execute(_FORGET_NOTHING, slots)


_NAMES = sql.SQL(", ").join(map(sql.Identifier, FIGURES))
_SLOTS = sql.SQL("unnest(%s::text[], %s::text[], %s::text[], %s::date[]")

# Without the zeros at the end of a sum, a row is the same whichever way its sum came about.
_ADD = sql.SQL("""
INSERT INTO figures AS stored (dimension, key, grain, since, {names})
SELECT dimension, key, grain, since, {trimmed} FROM {slots}, {arrays}) AS added (dimension, key, grain, since, {names})
ON CONFLICT (dimension, grain, since, key) DO UPDATE SET {sums}
""").format(
    names=_NAMES,
    slots=_SLOTS,
    trimmed=sql.SQL(", ").join(
        sql.SQL("trim_scale({})" if name in LADDER else "{}").format(sql.Identifier(name)) for name in FIGURES
    ),
    arrays=sql.SQL(", ").join(sql.SQL("%s::numeric[]" if name in LADDER else "%s::bigint[]") for name in FIGURES),
    sums=sql.SQL(", ").join(
        sql.SQL(
            "{name} = trim_scale(stored.{name} + excluded.{name})"
            if name in LADDER
            else "{name} = stored.{name} + excluded.{name}"
        ).format(name=sql.Identifier(name))
        for name in FIGURES
    ),
)

_FORGET_NOTHING = sql.SQL("""
DELETE FROM figures USING {slots}) AS slot (dimension, key, grain, since)
WHERE (figures.dimension, figures.key, figures.grain, figures.since)
      = (slot.dimension, slot.key, slot.grain, slot.since) AND {nothing}
""").format(slots=_SLOTS, nothing=sql.SQL(" AND ").join(sql.SQL("{} = 0").format(sql.Identifier(n)) for n in FIGURES))


def _count_members(cursor: Cursor[DictRow], brought: Sequence[tuple[date, Counter[Member]]], sums: _Sums) -> None:
    """Count who joins a part for the first time, or leaves it for good, on the day."""
    touched = sorted({member for _, by_member in brought for member in by_member})
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
            sums.add(part, day, {kind: Decimal(more)})
    _store_members(cursor, counts)


def _columns(members: Iterable[Member]) -> list[list[str]]:
    listed = list(members)
    return [
        [dimension for (dimension, _), _, _ in listed],
        [key for (_, key), _, _ in listed],
        [kind for _, kind, _ in listed],
        [member for _, _, member in listed],
    ]


def _stored_members(cursor: Cursor[DictRow], members: Sequence[Member]) -> Counter[Member]:
    cursor.execute(
        "SELECT dimension, key, kind, member, pledges FROM members"
        " JOIN unnest(%s::text[], %s::text[], %s::text[], %s::text[]) AS asked (dimension, key, kind, member)"
        " USING (dimension, key, kind, member)",
        _columns(members),
    )
    return Counter({((row["dimension"], row["key"]), row["kind"], row["member"]): row["pledges"] for row in cursor})


def _store_members(cursor: Cursor[DictRow], counts: Counter[Member]) -> None:
    left, kept = [m for m, times in counts.items() if not times], {m: times for m, times in counts.items() if times}
    cursor.execute(
        "DELETE FROM members USING unnest(%s::text[], %s::text[], %s::text[], %s::text[])"
        " AS gone (dimension, key, kind, member) WHERE (members.dimension, members.key, members.kind, members.member)"
        " = (gone.dimension, gone.key, gone.kind, gone.member)",
        _columns(left),
    )
    cursor.execute(
        "INSERT INTO members (dimension, key, kind, member, pledges)"
        " SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[])"
        " ON CONFLICT (dimension, key, kind, member) DO UPDATE SET pledges = excluded.pledges",
        [*_columns(kept), list(kept.values())],
    )


def _stored_pledges(cursor: Cursor[DictRow], ids: set[UUID]) -> Pledges:
    cursor.execute("SELECT id, state FROM states WHERE id = ANY(%s)", (list(ids),))
    return {row["id"]: read(row["state"]) for row in cursor}


def _store_pledges(cursor: Cursor[DictRow], pledges: Pledges) -> None:
    known = {id: document(pledge) for id, pledge in pledges.items() if pledge}
    cursor.execute(
        "INSERT INTO states (id, state) SELECT * FROM unnest(%s::uuid[], %s::text[])"
        " ON CONFLICT (id) DO UPDATE SET state = excluded.state",
        (list(known), list(known.values())),
    )


def _note_ahead(cursor: Cursor[DictRow], facts: Iterable[Entry]) -> None:
    ahead = {(_day(fact), fact.event.effective_on) for fact in facts if fact.event.effective_on > _day(fact)}
    cursor.executemany("INSERT INTO ahead VALUES (%s, %s) ON CONFLICT DO NOTHING", sorted(ahead))


PORTFOLIO = ReadModel.of_package("projections.portfolio", version=VERSION, apply=apply)

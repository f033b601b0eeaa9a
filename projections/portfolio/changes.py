"""What entries change in the running totals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import localcontext
from uuid import UUID

import msgspec
from psycopg import Cursor
from psycopg.rows import DictRow

from audit.envelope import Entry
from domain.events import PledgeEvent
from domain.ladder import DIGITS
from projections.pledge_state import PledgeState, evolved, state_of
from projections.portfolio.counted import Member, Part, Presence
from projections.portfolio.steps import Brought, Move, Step, ahead_of_its_day, joined, move, recorded_on
from projections.portfolio.storing import add_sums, copy_steps
from projections.portfolio.sums import Sums

VERSION = 5

Pledges = dict[UUID, PledgeState | None]


def apply(cursor: Cursor[DictRow], entries: Sequence[Entry]) -> None:
    """Add to the running totals what the entries change, in ledger order."""
    facts = [entry for entry in entries if isinstance(entry.event, PledgeEvent)]
    if not facts:
        return
    pledges = _stored_pledges(cursor, {fact.event.originator_id for fact in facts})
    sums = Sums()
    with localcontext(prec=DIGITS):
        moves = list(_moves(facts, pledges))
        members = _stored_members(cursor, _brought(moves))
        copy_steps(cursor, _steps(moves, members, sums))
        add_sums(cursor, sums)
    _store_members(cursor, members)
    _store_pledges(cursor, pledges)
    _note_ahead(cursor, facts)


def _moves(facts: Iterable[Entry], pledges: Pledges) -> Iterator[Move]:
    """Let the facts happen to the pledges, and tell what each changes."""
    presences = {id: Presence.of(state) for id, state in pledges.items()}
    for fact in facts:
        event = fact.event
        if not isinstance(event, PledgeEvent):
            continue
        id = event.originator_id
        state = pledges[id] = evolved(pledges.get(id), event)
        was = presences.get(id) or Presence()
        now = presences[id] = was.after(state)
        yield move(fact, was, now, recorded_on(fact))


def _steps(moves: Iterable[Move], members: Counter[Member], sums: Sums) -> Iterator[Step]:
    """The steps that the facts make, each added to the sums; whom they bring is counted."""
    for each in moves:
        yield from sums.move(each)
        more = [more for brought in each.brought for more in _counted(members, brought)]
        yield from map(sums.step, joined(each.position, more))


def _counted(members: Counter[Member], brought: Brought) -> Iterator[tuple[Part, str, int]]:
    """Count who is brought; who joins a part for the first time, or leaves it for good."""
    for member in brought.members():
        part, kind, _ = member
        was, members[member] = members[member], members[member] + brought.times
        if more := bool(members[member]) - bool(was):
            yield part, kind, more


def _brought(moves: Iterable[Move]) -> set[Member]:
    return {member for each in moves for brought in each.brought for member in brought.members()}


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
    return {row["id"]: state_of(row["state"]) for row in cursor}


def _store_pledges(cursor: Cursor[DictRow], pledges: Pledges) -> None:
    rows = [{"id": id, "state": state.document} for id, state in pledges.items() if state]
    cursor.execute(
        "INSERT INTO states SELECT * FROM json_populate_recordset(NULL::states, %s::json)"
        " ON CONFLICT (id) DO UPDATE SET state = excluded.state",
        (msgspec.json.encode(rows).decode(),),
    )


def _note_ahead(cursor: Cursor[DictRow], facts: Iterable[Entry]) -> None:
    ahead = [(*span, fact.position) for fact in facts if (span := ahead_of_its_day(fact, recorded_on(fact)))]
    cursor.executemany("INSERT INTO ahead VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", ahead)

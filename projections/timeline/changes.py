"""What an entry about a pledge adds: one row that says what it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from psycopg import Cursor
from psycopg.rows import DictRow

from audit.envelope import Entry, data_of, without_absent
from audit.narrative import summarise
from domain.events import PledgeEvent
from domain.pledge import Pledge, evolve
from domain.values import Actor
from projections.pledge_state import document, pledge_of
from projections.read_model import ReadModel

VERSION = 1

_COPY = """
COPY events (position, pledge, reference, version, type, recorded_at, effective_on, actor, summary, data) FROM STDIN
"""

_REMEMBER = """
INSERT INTO pledges (id, state) SELECT (state->>'id')::uuid, state FROM jsonb_array_elements(%s::jsonb) AS _ (state)
ON CONFLICT (id) DO UPDATE SET state = excluded.state
"""


def apply(cursor: Cursor[DictRow], entries: Sequence[Entry]) -> None:
    """Add a row for each entry about a pledge. Raises ValueError for one about a pledge never announced."""
    told = [(entry, entry.event) for entry in entries if isinstance(entry.event, PledgeEvent)]
    if not told:
        return
    pledges = _pledges(cursor, {event.originator_id for _, event in told})
    lines = []
    for entry, event in told:
        before = pledges.get(event.originator_id)
        after = evolve(before, event)
        if after is None:
            raise ValueError(f"{entry.type} of {event.originator_id}, which was never announced")
        pledges[after.id] = after
        lines.append(_line(entry, event, before, after))
    with cursor.copy(_COPY) as copy:
        for line in lines:
            copy.write_row(line)
    cursor.execute(_REMEMBER, (f"[{','.join(map(document, pledges.values()))}]",))


def _pledges(cursor: Cursor[DictRow], ids: set[UUID]) -> dict[UUID, Pledge]:
    cursor.execute("SELECT id, state FROM pledges WHERE id = ANY(%s)", (list(ids),))
    return {row["id"]: pledge_of(row["state"]) for row in cursor}


def _line(entry: Entry, event: PledgeEvent, before: Pledge | None, after: Pledge) -> tuple[object, ...]:
    return (
        entry.position,
        event.originator_id,
        after.reference,
        event.originator_version,
        entry.type,
        entry.recorded_at,
        event.effective_on,
        _actor(event.actor),
        summarise(event, before),
        _json(data_of(event)),
    )


@lru_cache(maxsize=1_000)
def _actor(actor: Actor) -> str:
    return _json(without_absent(msgspec.to_builtins(actor)))


def _json(document: Mapping[str, Any]) -> str:
    return msgspec.json.encode(document).decode()


TIMELINE = ReadModel.of_package("projections.timeline", version=VERSION, apply=apply, by_history=True)

"""What an entry adds: one row that says what it did, and who may know of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from psycopg import Cursor
from psycopg.rows import DictRow

from audit.envelope import Entry, data_of, without_absent
from audit.narrative import summarise
from domain.events import OrganisationEvent, PledgeEvent, Registered, Renamed
from domain.ladder import is_published
from domain.pledge import Pledge, evolve
from domain.values import Actor
from projections.histories import History, OneByOne, Step
from projections.pledge_state import document, pledge_of
from projections.read_model import ReadModel

VERSION = 2

_COPY = """
COPY entries (position, event_id, stream, reference, organisation, version, type, recorded_at, effective_on, actor,
              summary, data, name, published, parties) FROM STDIN
"""

_REMEMBER = """
INSERT INTO pledges (id, state, published, parties)
SELECT (state->>'id')::uuid, state, published, parties
FROM jsonb_to_recordset(%s::jsonb) AS _ (state jsonb, published boolean, parties uuid[])
ON CONFLICT (id) DO UPDATE
SET state = excluded.state, published = excluded.published, parties = excluded.parties
"""

Line = tuple[object, ...]


def apply(cursor: Cursor[DictRow], entries: Sequence[Entry]) -> None:
    """Add a row for each entry. Raises ValueError for one about a pledge that was never announced."""
    about = {entry.event.originator_id for entry in entries if isinstance(entry.event, PledgeEvent)}
    pledges = _pledges(cursor, about) if about else {}
    _add(cursor, [_line(entry, pledges) for entry in entries])
    if pledges:
        _remember(cursor, pledges.values())


def build(cursor: Cursor[DictRow], histories: Sequence[History]) -> None:
    """The same of whole histories."""
    _add(cursor, [line for history in histories for line in _lines(history)])
    _remember(cursor, [history.steps[-1].after for history in histories if history.steps])


def _lines(history: History) -> Iterator[Line]:
    if history.steps:
        return (_of_pledge(step) for step in history.steps)
    return (_of_another(entry) for entry in history.entries)


def _add(cursor: Cursor[DictRow], lines: Sequence[Line]) -> None:
    with cursor.copy(_COPY) as copy:
        for line in lines:
            copy.write_row(line)


def _remember(cursor: Cursor[DictRow], pledges: Iterable[Pledge | None]) -> None:
    remembered = ",".join(_remembered(pledge) for pledge in pledges if pledge)
    cursor.execute(_REMEMBER, (f"[{remembered}]",))


def _pledges(cursor: Cursor[DictRow], ids: set[UUID]) -> dict[UUID, Pledge]:
    cursor.execute("SELECT id, state FROM pledges WHERE id = ANY(%s)", (list(ids),))
    return {row["id"]: pledge_of(row["state"]) for row in cursor}


def _line(entry: Entry, pledges: dict[UUID, Pledge]) -> Line:
    """The row of an entry; of one about a pledge, `pledges` then has what became of it."""
    event = entry.event
    if not isinstance(event, PledgeEvent):
        return _of_another(entry)
    before = pledges.get(event.originator_id)
    step = Step(entry, event, before, evolve(before, event))
    if step.after:
        pledges[step.after.id] = step.after
    return _of_pledge(step)


def _of_pledge(step: Step) -> Line:
    entry, event, before, after = step
    if after is None:
        raise ValueError(f"{entry.type} of {event.originator_id}, which was never announced")
    return _row(
        entry,
        summarise(event, before),
        reference=after.reference,
        organisation=after.lead.organisation,
        published=is_published(after),
        parties=_parties(after),
    )


def _of_another(entry: Entry) -> Line:
    event = entry.event
    if isinstance(event, OrganisationEvent):
        return _of_organisation(entry, event)
    return _row(entry, summarise(event), reference=None, organisation=None)


def _of_organisation(entry: Entry, event: OrganisationEvent) -> Line:
    return _row(
        entry,
        summarise(event),
        reference=None,
        organisation=event.originator_id,
        name=event.name if isinstance(event, Registered | Renamed) else None,
        parties=[event.originator_id],
    )


def _row(
    entry: Entry,
    summary: str,
    *,
    reference: str | None,
    organisation: UUID | None,
    name: str | None = None,
    published: bool = True,
    parties: Sequence[UUID] = (),
) -> Line:
    event = entry.event
    return (
        entry.position,
        entry.event_id,
        event.originator_id,
        reference,
        organisation,
        event.originator_version,
        entry.type,
        entry.recorded_at,
        event.effective_on,
        _actor(event.actor),
        summary,
        _json(data_of(event)),
        name,
        published,
        list(parties),
    )


def _parties(pledge: Pledge) -> Sequence[UUID]:
    """The organisations that may know of the pledge whether it is admitted or not."""
    return [party.organisation for party in pledge.parties]


def _remembered(pledge: Pledge) -> str:
    parties: Iterable[str] = (f'"{party}"' for party in _parties(pledge))
    published = "true" if is_published(pledge) else "false"
    return f'{{"state": {document(pledge)}, "published": {published}, "parties": [{",".join(parties)}]}}'


@lru_cache(maxsize=1_000)
def _actor(actor: Actor) -> str:
    return _json(without_absent(msgspec.to_builtins(actor)))


def _json(document: Mapping[str, Any]) -> str:
    return msgspec.json.encode(document).decode()


TIMELINE = ReadModel.of_package("projections.timeline", version=VERSION, apply=apply, builder=lambda: OneByOne(build))

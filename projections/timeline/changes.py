"""What an entry adds: one row that says what it did, and who may know of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from psycopg import Cursor
from psycopg.rows import DictRow

from audit.envelope import Entry, data_json, without_absent
from audit.narrative import summarise
from domain.events import OrganisationEvent, PledgeEvent, Registered, Renamed
from domain.ladder import is_published
from domain.values import Actor
from projections.copying import array, column, copy_lines, escaped, escaped_json
from projections.histories import History, OneByOne, Step
from projections.pledge_state import Description, PledgeState, evolved, state_of
from projections.read_model import ReadModel

VERSION = 3

_ENTRIES = (
    "position",
    "event_id",
    "stream",
    "reference",
    "organisation",
    "version",
    "type",
    "recorded_at",
    "effective_on",
    "actor",
    "summary",
    "data",
    "name",
    "published",
    "parties",
)
_PLEDGES = ("id", "state", "published", "parties")

_REMEMBER = """
INSERT INTO pledges (id, state, published, parties)
SELECT id, state, published, parties
FROM json_to_recordset(%s::json) AS _ (id uuid, state text, published boolean, parties uuid[])
ON CONFLICT (id) DO UPDATE
SET state = excluded.state, published = excluded.published, parties = excluded.parties
"""

Pledges = dict[UUID, PledgeState]


def apply(cursor: Cursor[DictRow], entries: Sequence[Entry]) -> None:
    """Add a row for each entry. Raises ValueError for one about a pledge that was never announced."""
    about = {entry.event.originator_id for entry in entries if isinstance(entry.event, PledgeEvent)}
    pledges = _pledges(cursor, about) if about else {}
    copy_lines(cursor, "entries", _ENTRIES, [_line(entry, pledges) for entry in entries])
    if pledges:
        _remember(cursor, pledges.values())


def build(cursor: Cursor[DictRow], histories: Sequence[History]) -> None:
    """The same of whole histories, in tables that have nothing of them."""
    copy_lines(cursor, "entries", _ENTRIES, (line for history in histories for line in _lines(history)))
    latest = (history.steps[-1].after for history in histories if history.steps)
    copy_lines(cursor, "pledges", _PLEDGES, (_latest(state) for state in latest if state))


def _lines(history: History) -> Iterator[str]:
    if history.steps:
        return (_of_pledge(step) for step in history.steps)
    return (_of_another(entry) for entry in history.entries)


def _remember(cursor: Cursor[DictRow], states: Iterable[PledgeState]) -> None:
    rows = [
        {
            "id": state.pledge.id,
            "state": state.document,
            "published": is_published(state.pledge),
            "parties": [party.organisation for party in state.pledge.parties],
        }
        for state in states
    ]
    cursor.execute(_REMEMBER, (msgspec.json.encode(rows).decode(),))


def _pledges(cursor: Cursor[DictRow], ids: set[UUID]) -> Pledges:
    cursor.execute("SELECT id, state FROM pledges WHERE id = ANY(%s)", (list(ids),))
    return {row["id"]: state_of(row["state"]) for row in cursor}


def _line(entry: Entry, pledges: Pledges) -> str:
    """The row of an entry; of one about a pledge, `pledges` then has what became of it."""
    event = entry.event
    if not isinstance(event, PledgeEvent):
        return _of_another(entry)
    before = pledges.get(event.originator_id)
    step = Step(entry, event, before, evolved(before, event))
    if step.after:
        pledges[event.originator_id] = step.after
    return _of_pledge(step)


def _of_pledge(step: Step) -> str:
    entry, event, before, after = step
    if after is None:
        raise ValueError(f"{entry.type} of {event.originator_id}, which was never announced")
    return _row(
        entry,
        summarise(event, before.pledge if before else None),
        reference=after.pledge.reference,
        organisation=after.pledge.lead.organisation,
        published=is_published(after.pledge),
        parties=_parties(after.description),
    )


def _of_another(entry: Entry) -> str:
    event = entry.event
    if isinstance(event, OrganisationEvent):
        return _of_organisation(entry, event)
    return _row(entry, summarise(event), reference=None, organisation=None)


def _of_organisation(entry: Entry, event: OrganisationEvent) -> str:
    return _row(
        entry,
        summarise(event),
        reference=None,
        organisation=event.originator_id,
        name=event.name if isinstance(event, Registered | Renamed) else None,
        parties=array([event.originator_id]),
    )


def _row(
    entry: Entry,
    summary: str,
    *,
    reference: str | None,
    organisation: UUID | None,
    name: str | None = None,
    published: bool = True,
    parties: str = "{}",
) -> str:
    event = entry.event
    return "\t".join(
        (
            str(entry.position),
            str(entry.event_id),
            str(event.originator_id),
            column(reference),
            column(organisation),
            str(event.originator_version),
            escaped(entry.type),
            str(entry.recorded_at),
            str(event.effective_on),
            _actor(event.actor),
            escaped(summary),
            escaped_json(data_json(event).decode()),
            column(name),
            str(published),
            parties,
        )
    )


def _latest(state: PledgeState) -> str:
    published = str(is_published(state.pledge))
    return "\t".join((str(state.pledge.id), escaped_json(state.document), published, _parties(state.description)))


@lru_cache(maxsize=1_000)
def _parties(stated: Description) -> str:
    """The organisations that may know of the pledge whether it is admitted or not."""
    return array(party.organisation for party in stated.pledge.parties)


@lru_cache(maxsize=1_000)
def _actor(actor: Actor) -> str:
    return escaped_json(_json(without_absent(msgspec.to_builtins(actor))))


def _json(document: Mapping[str, Any]) -> str:
    return msgspec.json.encode(document).decode()


TIMELINE = ReadModel.of_package("projections.timeline", version=VERSION, apply=apply, builder=lambda: OneByOne(build))

"""What an entry about an organisation changes: a new state of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from psycopg import Cursor
from psycopg.rows import DictRow

from audit.envelope import Entry
from domain.events import OrganisationEvent
from domain.organisation import Organisation, evolve
from domain.vocabulary import Region, Sector
from projections.intervals import Change, IntervalTable
from projections.read_model import ReadModel
from projections.search_text import searchable

VERSION = 1

_CURRENT = """
SELECT id, version, name, sector, country, region, website, active FROM organisations
WHERE upper_inf(positions) AND id = ANY(%s)
"""


def apply(cursor: Cursor[DictRow], entries: Sequence[Entry]) -> None:
    """Add the states that organisations had after each of the entries."""
    _ORGANISATIONS.record(cursor, list(_states(cursor, entries)))


def organisation_of(row: DictRow) -> Organisation:
    """The organisation that a row of the table tells about."""
    return Organisation(
        id=row["id"],
        version=row["version"],
        name=row["name"],
        sector=Sector(row["sector"]),
        country=row["country"],
        region=Region(row["region"]) if row["region"] else None,
        website=row["website"],
        active=row["active"],
    )


def _states(cursor: Cursor[DictRow], entries: Sequence[Entry]) -> Iterator[Change[Organisation]]:
    told = [(entry, entry.event) for entry in entries if isinstance(entry.event, OrganisationEvent)]
    if not told:
        return
    organisations = _current(cursor, {event.originator_id for _, event in told})
    for entry, event in told:
        after = evolve(organisations.get(event.originator_id), event)
        if after is not None:
            organisations[after.id] = after
            yield Change(id=after.id, position=entry.position, recorded_at=entry.recorded_at, state=after)


def _current(cursor: Cursor[DictRow], ids: Iterable[UUID]) -> dict[UUID, Organisation]:
    cursor.execute(_CURRENT, (list(ids),))
    return {row["id"]: organisation_of(row) for row in cursor}


def _columns(organisation: Organisation) -> Sequence[object]:
    return (
        organisation.version,
        organisation.name,
        organisation.sector,
        organisation.country,
        organisation.region,
        organisation.website,
        organisation.active,
        searchable(organisation.name),
    )


_ORGANISATIONS: IntervalTable[Organisation] = IntervalTable(
    name="organisations",
    columns=("version", "name", "sector", "country", "region", "website", "active", "searched"),
    values=_columns,
)

ORGANISATIONS = ReadModel.of_package("projections.organisations", version=VERSION, apply=apply, by_history=True)

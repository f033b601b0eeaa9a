"""What an entry about an organisation changes: a new state of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from psycopg import Cursor
from psycopg.rows import DictRow

from audit.envelope import Entry
from domain.events import OrganisationEvent
from domain.organisation import Organisation, evolve
from domain.vocabulary import Region, Sector
from projections.copying import line
from projections.histories import History, OneByOne
from projections.intervals import Change, IntervalTable, change
from projections.read_model import ReadModel
from projections.search_text import searchable

VERSION = 2


def apply(cursor: Cursor[DictRow], entries: Sequence[Entry]) -> None:
    """Add the states that organisations had after each of the entries."""
    _ORGANISATIONS.record(cursor, list(_states(entries)))


def build(cursor: Cursor[DictRow], histories: Sequence[History]) -> None:
    """Add the states that the organisations among these histories had, to a table that has nothing of them."""
    _ORGANISATIONS.begin(cursor, [list(_states(history.entries)) for history in histories])


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


def _states(entries: Iterable[Entry]) -> Iterator[Change[Organisation]]:
    for entry in entries:
        if isinstance(event := entry.event, OrganisationEvent):
            yield change(entry, partial(_evolve, event))


def _evolve(event: OrganisationEvent, organisation: Organisation | None) -> Organisation | None:
    return evolve(organisation, event)


def _columns(organisation: Organisation) -> str:
    return line(
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
    read=organisation_of,
    read_from=("version", "name", "sector", "country", "region", "website", "active"),
)

ORGANISATIONS = ReadModel.of_package(
    "projections.organisations", version=VERSION, apply=apply, builder=lambda: OneByOne(build)
)

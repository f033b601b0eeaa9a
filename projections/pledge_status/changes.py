"""What an entry changes: a new state of its pledge, or another name by which leads are searched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from uuid import UUID

from psycopg import Cursor
from psycopg.rows import DictRow

from audit.envelope import Entry
from domain.events import PledgeEvent, Registered, Renamed
from domain.geography import regions_of
from domain.pledge import Pledge, evolve
from domain.schedule import reporting_schedule
from domain.vocabulary import Region
from projections.intervals import Change, IntervalTable, array
from projections.pledge_state import document, pledge_of
from projections.read_model import ReadModel
from projections.search_text import searchable

VERSION = 1


def apply(cursor: Cursor[DictRow], entries: Sequence[Entry]) -> None:
    """Add the states that pledges had after each of the entries, and the names that organisations went by."""
    _PLEDGES.record(cursor, list(_states(cursor, entries)))
    _NAMES.record(cursor, list(_names(entries)))


def _states(cursor: Cursor[DictRow], entries: Sequence[Entry]) -> Iterator[Change[Pledge]]:
    told = [(entry, entry.event) for entry in entries if isinstance(entry.event, PledgeEvent)]
    pledges = _current(cursor, {event.originator_id for _, event in told})
    for entry, event in told:
        pledge = evolve(pledges.get(event.originator_id), event)
        if pledge is not None:
            pledges[pledge.id] = pledge
            yield Change(id=pledge.id, position=entry.position, recorded_at=entry.recorded_at, state=pledge)


def _current(cursor: Cursor[DictRow], ids: Iterable[UUID]) -> dict[UUID, Pledge]:
    cursor.execute("SELECT id, state FROM pledges WHERE upper_inf(positions) AND id = ANY(%s)", (list(ids),))
    return {row["id"]: pledge_of(row["state"]) for row in cursor}


def _names(entries: Iterable[Entry]) -> Iterator[Change[str]]:
    for entry in entries:
        match entry.event:
            case Registered(originator_id=id, name=name) | Renamed(originator_id=id, name=name):
                yield Change(id=id, position=entry.position, recorded_at=entry.recorded_at, state=searchable(name))


@lru_cache(maxsize=10_000)
def _regions(countries: tuple[str, ...]) -> tuple[Region, ...]:
    return tuple(sorted(regions_of(countries)))


def _columns(pledge: Pledge) -> Sequence[object]:
    schedule = reporting_schedule(pledge)
    lead, source = pledge.lead, pledge.source
    return (
        pledge.reference,
        pledge.lifecycle,
        pledge.scaled_up,
        pledge.validated_on is not None,
        pledge.type,
        pledge.focus_area,
        array(pledge.pillars),
        lead.organisation,
        lead.sector,
        lead.region,
        lead.country,
        array(tuple(partner.organisation for partner in pledge.partners)),
        array(pledge.countries),
        array(_regions(pledge.countries)),
        array(pledge.beneficiary_groups),
        array(pledge.sdgs),
        array(pledge.wsis_lines),
        pledge.value_usd,
        pledge.delivered_usd,
        pledge.verified_usd,
        pledge.announced_on,
        schedule.due_on if schedule else None,
        schedule.overdue_on if schedule else None,
        schedule.silent_on if schedule else None,
        schedule.never_reported if schedule else False,
        source.register if source else None,
        source.record if source else None,
        searchable(pledge.reference, pledge.title, pledge.description),
        document(pledge),
    )


_PLEDGES: IntervalTable[Pledge] = IntervalTable(
    name="pledges",
    columns=(
        "reference",
        "lifecycle",
        "scaled_up",
        "validated",
        "type",
        "focus_area",
        "pillars",
        "lead",
        "lead_sector",
        "lead_region",
        "lead_country",
        "partners",
        "countries",
        "regions",
        "beneficiary_groups",
        "sdgs",
        "wsis_lines",
        "value_usd",
        "delivered_usd",
        "verified_usd",
        "announced_on",
        "due_on",
        "overdue_on",
        "silent_on",
        "never_reported",
        "source_register",
        "source_record",
        "searched",
        "state",
    ),
    values=_columns,
)

_NAMES: IntervalTable[str] = IntervalTable(name="names", columns=("searched",), values=lambda name: (name,))

PLEDGE_STATUS = ReadModel.of_package("projections.pledge_status", version=VERSION, apply=apply, by_history=True)

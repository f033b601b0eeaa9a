"""What an entry changes: a new state of its pledge, or another name by which leads are searched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache, partial

import msgspec
from psycopg import Cursor
from psycopg.rows import DictRow

from audit.envelope import Entry
from domain.events import PledgeEvent, Registered, Renamed
from domain.geography import regions_of
from domain.pledge import Pledge, evolve
from domain.status import status_of
from domain.totals import rate
from domain.vocabulary import Region
from projections.histories import History, OneByOne
from projections.intervals import Change, IntervalTable, array, change
from projections.pledge_state import document, pledge_of
from projections.read_model import ReadModel
from projections.search_text import searchable

VERSION = 8

OF_10_000 = 10_000
"""Shares to four places as integers."""


def apply(cursor: Cursor[DictRow], entries: Sequence[Entry]) -> None:
    """Add the states that pledges had after each of the entries, and the names that organisations went by."""
    _PLEDGES.record(cursor, list(_states(entries)))
    _NAMES.record(cursor, list(_names(entries)))


def build(cursor: Cursor[DictRow], histories: Sequence[History]) -> None:
    """The same of whole histories, in tables that have nothing of them."""
    _PLEDGES.begin(cursor, [[change(step.entry, step.evolve) for step in history.steps] for history in histories])
    _NAMES.begin(cursor, [list(_names(history.entries)) for history in histories])


def _states(entries: Iterable[Entry]) -> Iterator[Change[Pledge]]:
    for entry in entries:
        if isinstance(event := entry.event, PledgeEvent):
            yield change(entry, partial(_evolve, event))


def _evolve(event: PledgeEvent, pledge: Pledge | None) -> Pledge | None:
    return evolve(pledge, event)


def _names(entries: Iterable[Entry]) -> Iterator[Change[str]]:
    for entry in entries:
        match entry.event:
            case Registered(name=name) | Renamed(name=name):
                yield change(entry, partial(_called, name))


def _called(name: str, former: str | None) -> str:
    return name


@lru_cache(maxsize=10_000)
def _regions(countries: tuple[str, ...]) -> tuple[Region, ...]:
    return tuple(sorted(regions_of(countries)))


def _columns(pledge: Pledge) -> Sequence[object]:
    status = status_of(pledge)
    schedule, ladder = status.reporting, status.ladder
    lead, source = pledge.lead, pledge.source
    return (
        pledge.version,
        pledge.reference,
        pledge.title,
        pledge.lifecycle,
        pledge.scaled_up,
        status.published,
        status.standing,
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
        status.value_usd,
        ladder.announced,
        ladder.validated,
        ladder.delivered,
        ladder.verified,
        rate(ladder.delivered, status.value_usd),
        int(status.delivered_share * OF_10_000),
        *(status.time or (None, None)),
        status.reports,
        pledge.announced_on,
        schedule.due_on if schedule else None,
        schedule.overdue_on if schedule else None,
        schedule.silent_on if schedule else None,
        schedule.never_reported if schedule else False,
        source.register if source else None,
        searchable(pledge.reference, pledge.title, pledge.description),
        msgspec.json.encode(status).decode(),
        document(pledge),
    )


_PLEDGES: IntervalTable[Pledge] = IntervalTable(
    name="pledges",
    columns=(
        "version",
        "reference",
        "title",
        "lifecycle",
        "scaled_up",
        "published",
        "standing",
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
        "announced_usd",
        "validated_usd",
        "delivered_usd",
        "verified_usd",
        "delivered_share",
        "targets_met",
        "starts_on",
        "ends_on",
        "reports",
        "announced_on",
        "due_on",
        "overdue_on",
        "silent_on",
        "never_reported",
        "source_register",
        "searched",
        "status",
        "state",
    ),
    values=_columns,
    read=lambda row: pledge_of(row["state"]),
)

_NAMES: IntervalTable[str] = IntervalTable(
    name="names",
    columns=("called", "searched"),
    values=lambda name: (name, searchable(name)),
    read=lambda row: str(row["called"]),
)

PLEDGE_STATUS = ReadModel.of_package(
    "projections.pledge_status", version=VERSION, apply=apply, builder=lambda: OneByOne(build)
)

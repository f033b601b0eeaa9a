"""What an entry changes: a new state of its pledge, or another name by which leads are searched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache, partial

from psycopg import Cursor
from psycopg.rows import DictRow

from audit.envelope import Entry
from domain.events import PledgeEvent, Registered, Renamed
from domain.geography import regions_of
from domain.pledge import Pledge, Standing
from domain.schedule import ReportingSchedule, reported_until
from domain.totals import rate
from projections.copying import array, column, escaped_json, line
from projections.histories import History, OneByOne
from projections.intervals import Change, IntervalTable, StateTable, change
from projections.pledge_state import Description, PledgeState, evolved, state_of
from projections.pledge_status.marks import COLUMNS as MARKS
from projections.pledge_status.marks import marked
from projections.pledge_status.told_status import status_document
from projections.read_model import ReadModel
from projections.search_text import searchable

VERSION = 10

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


def _states(entries: Iterable[Entry]) -> Iterator[Change[PledgeState]]:
    for entry in entries:
        if isinstance(event := entry.event, PledgeEvent):
            yield change(entry, partial(evolved, event=event))


def _names(entries: Iterable[Entry]) -> Iterator[Change[str]]:
    for entry in entries:
        match entry.event:
            case Registered(name=name) | Renamed(name=name):
                yield change(entry, partial(_called, name))


def _called(name: str, former: str | None) -> str:
    return name


@lru_cache(maxsize=10_000)
def _described(description: Description) -> str:
    pledge = description.pledge
    lead, source = pledge.lead, pledge.source
    return line(
        pledge.reference,
        pledge.title,
        pledge.type,
        pledge.focus_area,
        array(pledge.pillars),
        lead.organisation,
        lead.sector,
        lead.region,
        lead.country,
        array(partner.organisation for partner in pledge.partners),
        array(pledge.countries),
        array(sorted(regions_of(pledge.countries))),
        array(pledge.beneficiary_groups),
        array(pledge.sdgs),
        array(pledge.wsis_lines),
        pledge.announced_on,
        source.register if source else None,
        searchable(pledge.reference, pledge.title, pledge.description),
        *marked(pledge),
    )


_DESCRIBED = (
    "reference",
    "title",
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
    "announced_on",
    "source_register",
    "searched",
    *MARKS,
)


def _reckoned(state: PledgeState) -> str:
    status = state.status
    ladder = status.ladder
    starts_on, ends_on = status.time or (None, None)
    return "\t".join(
        (
            _described(state.description),
            str(status.version),
            status.lifecycle,
            str(status.scaled_up),
            str(status.published),
            str(status.standing),
            str(status.value_usd),
            str(ladder.announced),
            str(ladder.validated),
            str(ladder.delivered),
            str(ladder.verified),
            column(rate(ladder.delivered, status.value_usd)),
            str(int(status.delivered_share * OF_10_000)),
            column(starts_on),
            column(ends_on),
            str(status.reports),
            column(reported_until(state.pledge)),
            _schedule(status.reporting),
            *_unverified(state.pledge),
            escaped_json(status_document(status)),
        )
    )


def _unverified(pledge: Pledge) -> Iterator[str]:
    """How many contributions BDT has yet to look at, and the day of the earliest; the same of those it asked about."""
    for standing in (Standing.REPORTED, Standing.QUERIED):
        days = [each.contribution.effective_on for each in pledge.contributions.values() if each.standing is standing]
        yield str(len(days))
        yield column(min(days, default=None))


@lru_cache(maxsize=10_000)
def _schedule(schedule: ReportingSchedule | None) -> str:
    if schedule is None:
        return line(None, None, None, "false")
    return line(schedule.due_on, schedule.overdue_on, schedule.silent_on, schedule.never_reported)


_PLEDGES: IntervalTable[PledgeState] = IntervalTable(
    name="pledges",
    columns=(
        *_DESCRIBED,
        "version",
        "lifecycle",
        "scaled_up",
        "published",
        "standing",
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
        "reported_until",
        "due_on",
        "overdue_on",
        "silent_on",
        "never_reported",
        "to_verify",
        "to_verify_since",
        "asked",
        "asked_since",
        "told",
    ),
    values=_reckoned,
    read=lambda row: state_of(row["pledge"]),
    read_from=("pledge",),
    states=StateTable(name="states", column="pledge", value=lambda state: escaped_json(state.document)),
)

_NAMES: IntervalTable[str] = IntervalTable(
    name="names",
    columns=("called", "searched"),
    values=lambda name: line(name, searchable(name)),
    read=lambda row: str(row["called"]),
    read_from=("called",),
)

PLEDGE_STATUS = ReadModel.of_package(
    "projections.pledge_status", version=VERSION, apply=apply, builder=lambda: OneByOne(build)
)

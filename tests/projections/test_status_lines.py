"""The rows that the database writes are those of the snapshot, cell by cell."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.exports.csv_files import FORMULA_STARTS, csv_lines
from api.exports.snapshot_tables import status_table
from api.exports.status_csv import status_csv
from audit.envelope import Entry
from domain.dimensions import Division
from domain.events import Announced, AnyEvent, PledgeEvent
from domain.vocabulary import ScheduleHealth
from infrastructure.bootstrap import Service
from projections.pinning import Point, PositionNotReached
from tests.given import ANNOUNCED_ON, TODAY, announced, contributed, contribution, money, party, usd, validated
from tests.lives import histories
from tests.projections.ledgers import append, pledge, registered

references = (f"R-{n:06d}" for n in itertools.count())
same_database = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
days = st.integers(min_value=-10, max_value=2_500).map(lambda n: ANNOUNCED_ON + timedelta(days=n))
titles = st.text(
    st.one_of(st.sampled_from("=+-@\t\n\r,\"'＝＠ ;|\\"), st.characters(exclude_categories=["Cs", "Cc"])), min_size=1
)


def told(service: Service, streams: Sequence[Sequence[AnyEvent]]) -> list[Entry]:
    entries = append(service, streams)
    service.projections.catch_up()
    return entries


def both_files(service: Service, position: int, on: date) -> tuple[str, str]:
    """The file that the database writes, and that of the snapshot's document."""
    at = service.register.moment(position, on)
    written = b"".join(status_csv(service.register, at)).decode()
    return written, b"".join(csv_lines(status_table(service.snapshots.take(at, Division())))).decode()


@same_database
@given(st.lists(histories, min_size=1, max_size=3), titles, days)
def test_the_database_writes_the_same_file_as_the_snapshot(
    service: Service, lives: Sequence[Sequence[PledgeEvent]], title: str, on: date
) -> None:
    entries = told(service, [titled(pledge(next(references), *life), title) for life in lives])

    for position in {entries[0].position, entries[len(entries) // 2].position, entries[-1].position}:
        written, expected = both_files(service, position, on)
        assert written == expected


def titled(history: Sequence[PledgeEvent], title: str) -> list[PledgeEvent]:
    return [replace(event, title=title) if isinstance(event, Announced) else event for event in history]


def test_each_day_of_a_pledges_time_has_the_schedule_health_that_the_domain_gives_it(service: Service) -> None:
    end = ANNOUNCED_ON + timedelta(days=160)  # of 10,000, a day is 62.5: every second one is a tie to round
    promised = announced(targets=(money(usd("100")),), starts_on=ANNOUNCED_ON, ends_on=end)
    unpaid = pledge(next(references), promised, validated())
    paid = [
        pledge(
            next(references),
            promised,
            validated(),
            contributed(contribution("c1", usd(amount), "money", on=ANNOUNCED_ON)),
        )
        for amount in ("4.5", "10.62", "50", "99.99", "100", "150")
    ]
    entries = told(service, [unpaid, *paid])

    found = set()
    for n in range(170):
        written, expected = both_files(service, entries[-1].position, ANNOUNCED_ON + timedelta(days=n))
        assert written == expected
        found |= {row["schedule"] for row in rows_of(written)}
    assert found == set(ScheduleHealth) - {ScheduleHealth.UNMEASURED}


def test_a_leads_name_that_would_be_a_formula_is_given_an_apostrophe(service: Service) -> None:
    leads = [registered(f'{start}cmd|"/c, calc"') for start in FORMULA_STARTS]
    led = [announced(lead=replace(party("Lead"), organisation=lead.originator_id)) for lead in leads]
    pledges = [pledge(next(references), promise, validated()) for promise in led]
    entries = told(service, [leads, *pledges])

    written, expected = both_files(service, entries[-1].position, TODAY)

    assert written == expected
    assert {row["lead_name"] for row in rows_of(written)} == {f"'{lead.name}" for lead in leads}


def rows_of(file: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file, newline="")))


def test_a_register_without_pledges_is_a_file_with_the_names_of_the_columns(service: Service) -> None:
    written, expected = both_files(service, 0, ANNOUNCED_ON)

    assert written == expected
    assert written.count("\r\n") == 1


def test_a_position_that_the_rows_have_not_reached_is_refused(service: Service) -> None:
    with pytest.raises(PositionNotReached):
        service.pledges.status_lines(
            Point(1, ANNOUNCED_ON), ["reference"], lead_names={}, formula_starts=FORMULA_STARTS
        )

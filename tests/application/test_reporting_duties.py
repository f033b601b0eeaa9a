"""Who owes a report: told from columns, the same as told from the pledges themselves, whole or in parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from datetime import date, timedelta
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.moments import Moment
from application.reporting_duties import Debts, names_at
from domain.events import PledgeEvent
from domain.obligations import Obligation, obligations
from domain.vocabulary import Region, ReportingHealth, Sector
from infrastructure.bootstrap import Service, open_on
from infrastructure.embedded_postgres import EmbeddedPostgres
from projections.pinning import PositionNotReached
from tests.databases import new_ledger
from tests.given import ANNOUNCED_ON, announced, fulfilled, organisation, party, reported, validated
from tests.projections.ledgers import append, pledge
from tests.varied_pledges import varied

LEAP_DAY = date(2024, 2, 29)
MUCH_LATER = date(2028, 1, 1)


@pytest.fixture(scope="module")
def service(postgres: EmbeddedPostgres) -> Iterator[Service]:
    with new_ledger(postgres) as conninfo, open_on(conninfo) as service:
        append(service, [varied(), *reported_on()])
        service.projections.catch_up()
        yield service


def reported_on() -> list[list[PledgeEvent]]:
    """Pledges with reports, and some whose lead no register names."""

    def until(*ends: date) -> list[PledgeEvent]:
        return [reported(ANNOUNCED_ON, end) for end in ends]

    return [
        pledge("R-1", announced(), validated(), *until(LEAP_DAY)),
        pledge("R-2", announced(), validated(), *until(LEAP_DAY - timedelta(days=1))),
        pledge("R-3", announced(), validated(), *until(date(2024, 9, 30), date(2024, 3, 31))),
        pledge("R-4", announced(), validated(), *until(date(2024, 9, 30)), fulfilled(date(2025, 1, 1))),
        pledge("R-5", announced(lead=party("Nobody knows")), validated(), *until(date(2024, 12, 31))),
        pledge("R-6", announced(lead=party("Nobody knows")), validated()),
        pledge("R-7", announced(), *until(date(2024, 6, 30))),
    ]


def among(values: Sequence[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.just(()) | st.lists(st.sampled_from(values), max_size=3).map(tuple)


debts = st.builds(
    Debts,
    health=among(list(ReportingHealth)),
    lead=among([organisation(name).id for name in ("Lead", "Other", "Nobody knows", "Partner")]),
    sector=among(list(Sector)[:4]),
    region=among(list(Region)),
    pledger_region=among(list(Region)),
)
days = st.integers(-10, 1_600).map(lambda n: ANNOUNCED_ON + timedelta(days=n))


def moment(service: Service, back: int, on: date) -> Moment:
    return service.register.moment(service.ledger.position - back, on)


def included(owed: Obligation, debts: Debts) -> bool:
    """Whether an obligation is asked about."""
    criteria: Sequence[tuple[Set[object], Sequence[object]]] = (
        ({owed.health}, debts.health),
        ({owed.lead}, debts.lead),
        ({owed.sector}, debts.sector),
        (set(owed.regions), debts.region),
        ({owed.pledger_region}, debts.pledger_region),
    )
    return all(not wanted or values & set(wanted) for values, wanted in criteria)


@given(debts, days, st.integers(0, 60))
def test_it_is_what_the_pledges_as_they_were_say(service: Service, debts: Debts, on: date, back: int) -> None:
    at = moment(service, back, on)
    known = obligations(service.register.pledges(at), names_at(service.register, at), on)

    assert service.reporting_duties.owed(at, debts) == tuple(owed for owed in known if included(owed, debts))


@given(debts, days, st.integers(1, 9))
def test_the_parts_are_the_whole_list(service: Service, debts: Debts, on: date, limit: int) -> None:
    at = moment(service, 0, on)
    whole = service.reporting_duties.owed(at, debts)

    skips = range(0, len(whole) + limit, limit)
    parts = [service.reporting_duties.part(at, debts, skip=skip, limit=limit) for skip in skips]

    assert tuple(chain.from_iterable(part.items for part in parts)) == whole
    assert {part.of_all for part in parts} == {len(whole)}
    assert {part.leads for part in parts} == {len({owed.lead for owed in whole})}


def test_the_time_to_report_on_begins_after_the_last_day_of_any_report(service: Service) -> None:
    owed = service.reporting_duties.owed(moment(service, 0, MUCH_LATER), Debts())

    assert {one.reference: one.last_reported_until for one in owed if one.reference.startswith("R-")} == {
        "R-1": LEAP_DAY,
        "R-2": LEAP_DAY - timedelta(days=1),
        "R-3": date(2024, 9, 30),
        "R-5": date(2024, 12, 31),
        "R-6": None,
    }


def test_a_position_that_is_not_reached_is_refused(service: Service) -> None:
    ahead = Moment(position=service.ledger.position + 1, recorded_at=None, effective_on=MUCH_LATER)

    with pytest.raises(PositionNotReached):
        service.reporting_duties.owed(ahead, Debts())
    with pytest.raises(PositionNotReached):
        service.reporting_duties.part(ahead, Debts(), skip=0, limit=1)

"""Running totals: at every instant what the domain adds up, from few rows however long the history is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.counted import counted_of
from domain.dimensions import DATED, Attribution, Dimension
from domain.events import PledgeEvent
from domain.pledge import Pledge, fold
from domain.schedule import years_after
from domain.totals import Total, total, totals
from domain.vocabulary import ReportingHealth
from infrastructure.bootstrap import Service
from projections.pinning import Point, PositionNotReached
from projections.portfolio.building import PORTFOLIO
from projections.portfolio.counted import DIMENSIONS, SIZES
from projections.portfolio.view import PortfolioView
from tests.given import ANNOUNCED_ON, TODAY, announced, contributed, contribution, reported, validated
from tests.portfolios import portfolios
from tests.projections.ledgers import append, busy_life, forget, pledge, record_alone, runner

same_database = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)

Recorded = tuple[date, PledgeEvent]


@st.composite
def recordings(draw: st.DrawFn) -> list[Recorded]:
    """The facts of a portfolio, each with the day it was recorded: mostly after it was true, now and then before."""
    waiting = [list(facts) for facts in draw(portfolios).values()]
    day, recorded = ANNOUNCED_ON, []
    while waiting := [facts for facts in waiting if facts]:
        fact = draw(st.sampled_from(waiting)).pop(0)
        late = draw(st.sampled_from((0, 0, 1, 30, 400, -20)))
        day = max(day, fact.effective_on + timedelta(days=late))
        recorded.append((day, fact))
    return recorded


@st.composite
def positions(draw: st.DrawFn) -> tuple[int, int]:
    """Where a ledger begins and how far its positions are apart: so that blocks of every size begin and end in it."""
    return draw(st.sampled_from((1, *(size - 3 for size in SIZES)))), draw(st.sampled_from((1, 1, 700, 9_000)))


@same_database
@given(
    recordings(),
    positions(),
    st.lists(st.integers(-10, 2_500), min_size=3, max_size=6),
    st.sampled_from(DIMENSIONS),
    st.integers(1, 7),
)
def test_at_every_instant_they_are_the_totals_of_the_pledges_as_they_then_were(
    service: Service,
    recorded: Sequence[Recorded],
    numbers: tuple[int, int],
    days: Sequence[int],
    dimension: Dimension,
    batch: int,
) -> None:
    first, apart = numbers
    view = told(service, recorded, batch, first=first, apart=apart)
    quiet = {ANNOUNCED_ON + timedelta(days=n) for n in days}
    for number in range(len(recorded) + 1):
        position = first + apart * (number - 1) if number else first - 1
        before, after = recorded[:number], recorded[number:]
        since = before[-1][0] if before else date.min
        until = after[0][0] if after else date.max
        pledges = [counted_of(pledge) for pledge in as_they_were(before)]
        for on in {since, until, *quiet} - {date.min, date.max}:
            found = view.totals(Point(position, on), dimension)
            if not since <= on <= until:
                assert found is None, "no instant of that day had this position"
                continue
            if any(on < fact.effective_on for _, fact in before):
                assert found is None, "facts that were not true yet are told from the states"
                continue
            assert found is not None
            assert found.whole == total(pledges, on)
            assert found.groups == totals(pledges, on, [dimension], Attribution.FULL).groups


def told(
    service: Service, recorded: Sequence[Recorded], batch: int = 1_000, *, first: int = 1, apart: int = 1
) -> PortfolioView:
    """A ledger of these facts alone, told to the running totals."""
    record_alone(service, recorded, first=first, apart=apart)
    forget(service.pool, PORTFOLIO)
    runner(service.pool, PORTFOLIO, batch=batch).catch_up()
    return PortfolioView(service.pool)


def as_they_were(recorded: Sequence[Recorded]) -> list[Pledge]:
    ids = {fact.originator_id for _, fact in recorded}
    folded = [fold(None, (fact for _, fact in recorded if fact.originator_id == id)) for id in sorted(ids)]
    return [pledge for pledge in folded if pledge]


def life() -> list[Recorded]:
    """Announced and admitted, something delivered, and a report; a day for each."""
    first = pledge("R-1", announced(), validated(), contributed(contribution("c1", 5)), reported(ANNOUNCED_ON, TODAY))
    return [
        (ANNOUNCED_ON + timedelta(days=n), replace(fact, effective_on=ANNOUNCED_ON)) for n, fact in enumerate(first)
    ]


def test_a_position_within_a_day_has_the_totals_of_that_instant(service: Service) -> None:
    view = told(service, [(TODAY, fact) for _, fact in life()])

    found = [view.totals(Point(position, TODAY)) for position in range(5)]

    assert [sum(totals.whole.lifecycle.values()) for totals in found if totals] == [0, 1, 1, 1, 1]
    assert [totals.whole.pledges for totals in found if totals] == [0, 0, 1, 1, 1]
    assert [totals.whole.reported for totals in found if totals] == [0, 0, 0, 0, 1]
    assert view.totals(Point(4, TODAY - timedelta(days=1))) is None, "the day had not begun"


def test_a_date_on_which_no_instant_had_the_position_has_none(service: Service) -> None:
    view = told(service, life())

    assert view.totals(Point(2, ANNOUNCED_ON)) is None, "it was recorded later"
    assert view.totals(Point(2, ANNOUNCED_ON + timedelta(days=1))) is not None
    assert view.totals(Point(2, ANNOUNCED_ON + timedelta(days=2))) is not None, "before the next was recorded"
    assert view.totals(Point(2, ANNOUNCED_ON + timedelta(days=3))) is None


@pytest.mark.parametrize("dimension", sorted(DATED))
def test_what_the_date_alone_divides_has_none(service: Service, dimension: Dimension) -> None:
    assert told(service, life()).totals(Point(4, TODAY), dimension) is None


def test_before_the_first_fact_there_is_nothing(service: Service) -> None:
    view = told(service, life())

    found = view.totals(Point(0, ANNOUNCED_ON - timedelta(days=1)), Dimension.SDG)
    assert found is not None
    assert found.whole == Total()
    assert found.groups == ()


def test_a_position_that_they_have_not_reached_is_refused(service: Service) -> None:
    view = told(service, life())

    with pytest.raises(PositionNotReached):
        view.totals(Point(5, TODAY))


def test_reporting_moves_on_with_the_days_although_nothing_is_recorded(service: Service) -> None:
    view = told(service, life()[:2])
    due = years_after(ANNOUNCED_ON, 1)

    found = [view.totals(Point(2, on)) for on in (due - timedelta(days=1), due, years_after(due, 9))]

    assert [dict(totals.whole.reporting) for totals in found if totals] == [
        {ReportingHealth.NOT_DUE: 1},
        {ReportingHealth.NEVER_REPORTED: 1},
        {ReportingHealth.NEVER_REPORTED: 1},
    ]


def test_a_rebuild_lays_the_steps_in_the_order_of_positions(service: Service) -> None:
    lives = [busy_life(reference) for reference in ("T-1", "T-2", "T-3")]
    append(service, [list(facts) for facts in zip(*lives, strict=True)])

    service.projections.rebuild("portfolio", lambda done, total: None)

    with service.pool.connection() as connection:
        stored = connection.execute("SELECT position FROM portfolio.steps ORDER BY ctid").fetchall()
    positions = [row["position"] for row in stored]
    assert len(positions) > len(lives[0])
    assert positions == sorted(positions)

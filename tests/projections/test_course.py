"""The course of the dollars over the months: what the pledges came to, from few rows however long the history is."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.events import PledgeEvent
from domain.ladder import Ladder, ladder_of
from domain.pledge import Pledge, fold
from infrastructure.bootstrap import Service
from projections.pinning import Point, PositionNotReached
from projections.pledge_status.changes import PLEDGE_STATUS
from projections.pledge_status.course import BLOCK
from projections.pledge_status.view import PledgeStatusView
from tests.given import ANNOUNCED_ON, TODAY
from tests.projections.ledgers import busy_life, forget, record_alone, runner
from tests.projections.test_portfolio import Recorded, recordings

same_database = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)


@same_database
@given(
    recordings(),
    st.sampled_from((1, BLOCK - 3)),
    st.sampled_from((1, 1, 7_000)),
    st.lists(st.integers(-10, 1_500), min_size=2, max_size=4),
    st.integers(1, 7),
)
def test_at_every_point_it_is_what_the_pledges_came_to_at_the_end_of_each_month(
    service: Service, recorded: Sequence[Recorded], first: int, apart: int, days: Sequence[int], batch: int
) -> None:
    view = told(service, recorded, batch, first=first, apart=apart)
    ends = {fact.effective_on for _, fact in recorded} | {ANNOUNCED_ON + timedelta(days=n) for n in days}
    for number in range(len(recorded) + 1):
        position = first + apart * (number - 1) if number else first - 1
        known = [fact for _, fact in recorded[:number]]
        turning = turning_days(known)
        ladders = {day: ladder_on(known, day) for day in {*turning, *map(end_of_month, turning), *ends}}
        for on in sorted(ends):
            course = view.course(Point(position, on))

            assert [day for day, _ in course] == sorted({min(end_of_month(d), on) for d in turning if d <= on})
            assert all(ladder == ladders[day] for day, ladder in course), (position, on)


def told(
    service: Service, recorded: Sequence[Recorded], batch: int = 1_000, *, first: int = 1, apart: int = 1
) -> PledgeStatusView:
    record_alone(service, recorded, first=first, apart=apart)
    forget(service.pool, PLEDGE_STATUS)
    runner(service.pool, PLEDGE_STATUS, batch=batch).catch_up()
    return PledgeStatusView(service.pool)


def turning_days(known: Sequence[PledgeEvent]) -> set[date]:
    """The days on which a state of some pledge began."""
    days = {(fact.originator_id, fact.effective_on) for fact in known}
    return {day for id, day in days if as_it_was([f for f in known if f.originator_id == id], day)}


def ladder_on(known: Sequence[PledgeEvent], day: date) -> Ladder:
    """What all pledges came to on a day, added up one by one."""
    came_to = Ladder()
    for id in {fact.originator_id for fact in known}:
        came_to += ladder_of(as_it_was([fact for fact in known if fact.originator_id == id], day))
    return came_to


def as_it_was(facts: Sequence[PledgeEvent], day: date) -> Pledge | None:
    return fold(None, [fact for fact in facts if fact.effective_on <= day])


def end_of_month(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def test_what_is_told_late_belongs_to_the_month_in_which_it_was_true(service: Service) -> None:
    life = busy_life("R-1")
    at_once, late = life[:-1], life[-1]
    view = told(service, [*((TODAY, fact) for fact in at_once), (TODAY + timedelta(days=400), late)])

    before, after = (view.course(Point(position, TODAY)) for position in (len(at_once), len(life)))

    month = end_of_month(late.effective_on)
    assert dict(after)[month] != dict(before).get(month)


def test_before_the_first_fact_there_is_no_course(service: Service) -> None:
    view = told(service, [(TODAY, fact) for fact in busy_life("R-1")])

    assert view.course(Point(0, TODAY)) == []
    assert view.course(Point(5, ANNOUNCED_ON - timedelta(days=1))) == []


def test_a_point_that_is_not_reached_is_refused(service: Service) -> None:
    view = told(service, [(TODAY, fact) for fact in busy_life("R-1")])

    with pytest.raises(PositionNotReached):
        view.course(Point(99, TODAY))

"""What holds for the report on any portfolio and any period."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import pairwise

from hypothesis import given

from domain import totals
from domain.counted import counted_of
from domain.dimensions import Dimension
from domain.ladder import Ladder, is_published, is_standing, ladder_of
from domain.obligations import obligation
from domain.progress.course import course
from domain.progress.report import CUTS, Period
from domain.schedule import reporting_health
from domain.vocabulary import ReportingHealth
from tests.portfolios import NAMES, Facts, Portfolio, days, on, periods, portfolios, report

SINGLE_VALUED = (Dimension.FOCUS_AREA, Dimension.TYPE, Dimension.SECTOR, Dimension.PLEDGER_REGION)


@given(portfolios, periods)
def test_opening_and_movements_make_closing(facts: Portfolio, period: Period) -> None:
    made = report(facts, period)

    moved = sum((movement.change for movement in made.movements), start=made.opening.total.ladder)
    assert moved == made.closing.total.ladder
    counted = sum(movement.counted for movement in made.movements)
    assert made.opening.total.pledges + counted == made.closing.total.pledges


@given(portfolios, periods)
def test_the_closing_is_what_a_plain_fold_gives(facts: Portfolio, period: Period) -> None:
    folded = [counted_of(pledge) for history in facts.values() if (pledge := on(history, period.end))]

    assert report(facts, period).closing.total == totals.total(folded, period.end)


@given(portfolios, periods)
def test_every_cut_of_one_key_a_pledge_sums_to_the_whole(facts: Portfolio, period: Period) -> None:
    made = report(facts, period)

    for dimension in SINGLE_VALUED:
        cut = made.cut(dimension)
        assert sum((row.ladder for row in cut.rows), start=Ladder()) == cut.whole.ladder
        for number in ("pledges", "new_pledges", "new_value", "new_delivered"):
            assert sum(getattr(row, number) for row in cut.rows) == getattr(cut.whole, number)


@given(portfolios, periods)
def test_every_whole_is_the_closing_balance(facts: Portfolio, period: Period) -> None:
    made = report(facts, period)

    for dimension in CUTS:
        whole = made.cut(dimension).whole
        assert whole.ladder == made.closing.total.ladder
        assert whole.pledges == made.closing.total.pledges == made.headline.pledges.to_date
        assert whole.new_delivered == whole.ladder.delivered - made.opening.total.ladder.delivered
        assert whole.new_pledges == made.headline.pledges.new
        assert whole.new_value == made.headline.value.new


@given(portfolios, periods)
def test_the_burn_up_ends_at_the_closing_balance_and_each_point_is_a_plain_fold(
    facts: Portfolio, period: Period
) -> None:
    made = report(facts, period)

    points = made.burn_up.points
    for point in points:
        ladders = [ladder_of(on(history, point.on)) for history in facts.values()]
        for rung in ("validated", "delivered", "verified"):
            assert getattr(point, rung) == sum((getattr(ladder, rung) for ladder in ladders), Decimal(0))
    existing = [pledge for history in facts.values() if (pledge := on(history, period.end))]
    assert bool(points) == bool(existing)
    if points:
        last, closing = points[-1], made.closing.total.ladder
        assert last.on == period.end
        assert (last.validated, last.delivered, last.verified) == (
            closing.validated,
            closing.delivered,
            closing.verified,
        )
        assert (points[0].on.year, points[0].on.month) == min(
            (p.announced_on.year, p.announced_on.month) for p in existing
        )
    for earlier, later in pairwise(points):
        assert earlier.on < later.on
        assert (later.on.year * 12 + later.on.month) - (earlier.on.year * 12 + earlier.on.month) == 1


@given(portfolios)
def test_the_course_of_a_pledge_is_a_plain_fold_on_every_day(facts: Portfolio) -> None:
    for history in facts.values():
        last = max(fact.effective_on for fact in history)
        followed = course(history, last)
        for day in sorted({fact.effective_on for fact in history}):
            assert followed.on(day) == on(history, day)


@given(portfolios, days)
def test_a_report_is_owed_exactly_where_health_says_so(facts: Portfolio, day: date) -> None:
    for history in facts.values():
        _owed_as_health_says(history, day)


def _owed_as_health_says(history: Facts, day: date) -> None:
    pledge = on(history, day)
    if pledge is None:
        return
    owed = obligation(pledge, NAMES, day)
    health = reporting_health(pledge, day)
    assert (owed is not None) == (is_standing(pledge) and health is not ReportingHealth.NOT_DUE)
    if owed:
        assert owed.health is health
        assert owed.due_on <= day
        assert owed.period_start <= owed.period_end == day


@given(portfolios, periods)
def test_only_published_pledges_are_named(facts: Portfolio, period: Period) -> None:
    made = report(facts, period)

    public = {p.reference for history in facts.values() if (p := on(history, period.end)) and is_published(p)}
    changes = made.changes
    named = (
        *(c.reference for c in (*changes.fulfilled, *changes.scaled_up, *changes.scaled_down, *changes.withdrawn)),
        *(o.reference for debtor in made.reporting.debtors for o in debtor.obligations),
        *(v.reference for v in (*made.challenges, *made.next_steps)),
        *(s.reference for s in made.good_practices),
    )
    assert set(named) <= public


@given(portfolios, periods)
def test_every_part_is_of_a_whole(facts: Portfolio, period: Period) -> None:
    made = report(facts, period)

    standing = made.closing.total.pledges
    rates = (made.responses.by_sector, made.responses.by_focus_area, made.responses.by_type)
    for responses in rates:
        assert sum(response.reported.whole for response in responses) == standing == made.responses.overall.whole
        assert sum(response.reported.part for response in responses) == made.responses.overall.part
    assert sum(bucket.pledges.part for bucket in made.reporting.buckets) == standing
    assert {b.health: b.pledges.part for b in made.reporting.buckets if b.pledges.part} == made.closing.total.reporting
    assert sum(assessed.pledges.part for assessed in made.self_assessments) == made.responses.overall.part
    assert made.least_developed.pledges.whole == made.women.pledges.whole == standing

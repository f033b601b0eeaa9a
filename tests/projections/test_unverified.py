"""The contributions that BDT has yet to verify, those it asked about, and what pledges are called at a moment."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.events import Amended, ContributionQueried, Corrected, Description
from domain.pledge import Standing, fold
from infrastructure.bootstrap import Service
from projections.pinning import Point, PositionNotReached
from tests.given import (
    TODAY,
    announced,
    contributed,
    contribution,
    header,
    money,
    schools,
    usd,
    validated,
    verified,
    withdrawn,
)
from tests.projections.ledgers import append, pledge

TARGETS = (schools(10), money(usd(1000)))
EARLY, LATE = date(2025, 2, 1), date(2025, 3, 1)


def asked_about(id: str) -> ContributionQueried:
    return ContributionQueried(**header(TODAY), contribution=id, question="Which schools?")


def test_each_contribution_is_found_by_its_standing_those_of_the_earliest_days_first(service: Service):
    delivered = contributed(
        contribution("late", 3, on=LATE),
        contribution("dollars", usd("12.50"), target="money", on=EARLY),
        contribution("checked", 1, on=EARLY),
        contribution("asked", 2, on=EARLY),
    )
    history = pledge("T-1", announced(*TARGETS), validated(), delivered, verified("checked"), asked_about("asked"))
    append(service, [history, pledge("T-2", announced(*TARGETS), validated(), contributed(contribution("c", 1)))])
    service.projections.catch_up()
    now = Point(8, TODAY)

    reported = service.pledges.unverified(now, Standing.REPORTED, limit=10)
    queried = service.pledges.unverified(now, Standing.QUERIED, limit=10)

    assert [(one.reference, one.recorded.contribution.id) for one in reported.items] == [
        ("T-2", "c"),
        ("T-1", "dollars"),
        ("T-1", "late"),
    ]
    assert [one.measure for one in reported.items] == ["schools_connected", "money", "schools_connected"]
    state = fold(None, history)
    assert state
    assert [one.recorded for one in reported.items[1:]] == [state.contributions["dollars"], state.contributions["late"]]
    assert [(one.title, one.lead) for one in queried.items] == [(state.title, state.lead.organisation)]
    assert (reported.of_all, queried.of_all) == (3, 1)


def test_a_part_of_them_says_how_many_there_are_of_all(service: Service):
    contributions = [contribution(f"c{n}", 1, on=EARLY + timedelta(days=n)) for n in range(5)]
    append(service, [pledge("T-1", announced(*TARGETS), validated(), contributed(*contributions))])
    service.projections.catch_up()

    part = service.pledges.unverified(Point(3, TODAY), Standing.REPORTED, limit=2, skip=2)

    assert [one.recorded.contribution.id for one in part.items] == ["c2", "c3"]
    assert part.of_all == 5


LIVES = st.lists(
    st.lists(st.tuples(st.integers(0, 4), st.sampled_from(Standing)), min_size=1, max_size=4), min_size=1, max_size=4
)
"""Of each pledge: its contributions, each by a day and what BDT did with it."""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(LIVES, st.sampled_from((Standing.REPORTED, Standing.QUERIED)), st.integers(0, 3), st.integers(1, 3))
def test_a_part_has_the_contributions_of_the_earliest_days_whosever_they_are(
    service: Service, lives: list[list[tuple[int, Standing]]], standing: Standing, skip: int, limit: int
):
    expected: list[tuple[date, str, str]] = []
    run = uuid.uuid4().hex[:8]
    before = service.ledger.position
    for n, life in enumerate(lives):
        given = [contribution(f"c{m}", 1, on=EARLY + timedelta(days=day)) for m, (day, _) in enumerate(life)]
        answers = [
            verified(f"c{m}") if became is Standing.VERIFIED else asked_about(f"c{m}")
            for m, (_, became) in enumerate(life)
            if became is not Standing.REPORTED
        ]
        reference = f"{run}-{n}"
        append(service, [pledge(reference, announced(*TARGETS), validated(), contributed(*given), *answers)])
        expected += [
            (each.effective_on, reference, each.id) for each, (_, s) in zip(given, life, strict=True) if s is standing
        ]
    service.projections.catch_up()
    now = Point(service.ledger.position, TODAY)
    earlier = service.pledges.unverified(Point(before, TODAY), standing, limit=10_000).items

    part = service.pledges.unverified(now, standing, limit=limit, skip=skip)

    told = [(one.recorded.contribution.effective_on, one.reference, one.recorded.contribution.id) for one in part.items]
    known = [(one.recorded.contribution.effective_on, one.reference, one.recorded.contribution.id) for one in earlier]
    whole = sorted([*known, *expected])
    assert told == whole[skip : skip + limit]
    assert not told or part.of_all == len(whole)


def test_nobody_has_to_look_at_what_is_not_admitted_or_withdrawn_or_not_yet_true(service: Service):
    delivered = contributed(contribution("c", 1))
    append(
        service,
        [
            pledge("T-1", announced(*TARGETS), delivered),
            pledge("T-2", announced(*TARGETS), validated(), delivered, withdrawn()),
            pledge("T-3", announced(*TARGETS), validated(), delivered),
        ],
    )
    service.projections.catch_up()

    def references(at: Point) -> list[str]:
        return [one.reference for one in service.pledges.unverified(at, Standing.REPORTED, limit=9).items]

    assert references(Point(9, TODAY)) == ["T-3"]
    assert references(Point(9, date(2025, 5, 31))) == ["T-2", "T-3"], "before it was withdrawn"
    assert references(Point(8, TODAY)) == [], "before it was recorded"
    with pytest.raises(PositionNotReached):
        references(Point(10, TODAY))


def test_what_took_the_place_of_a_corrected_contribution_waits_in_its_stead(service: Service):
    instead = contribution("new", 2, on=EARLY, replaces="old")
    correction = Corrected(**header(EARLY), contribution="old", reason="miscounted", replacement=instead)
    delivered = contributed(contribution("old", 3, on=EARLY))
    append(service, [pledge("T-1", announced(*TARGETS), validated(), delivered, asked_about("old"), correction)])
    service.projections.catch_up()
    now = Point(5, TODAY)

    [waiting] = service.pledges.unverified(now, Standing.REPORTED, limit=9).items

    assert waiting.recorded.contribution == instead
    assert service.pledges.unverified(now, Standing.QUERIED, limit=9).items == []


def test_titles_are_those_of_the_moment_and_of_admitted_pledges_where_only_they_are_wanted(service: Service):
    amended = Amended(
        **header(TODAY), before=Description(title="x"), after=Description(title="Better said"), reason="plainer"
    )
    append(
        service,
        [
            pledge("T-1", announced(title="Badly said"), validated(), amended),
            pledge("T-2", announced(title="Waiting")),
        ],
    )
    service.projections.catch_up()

    def titles(at: Point, *, published: bool) -> dict[str, str]:
        return dict(service.pledges.titles(["T-1", "T-2", "T-9", "\0"], at, published=published))

    assert titles(Point(4, TODAY), published=True) == {"T-1": "Better said"}
    assert titles(Point(4, EARLY), published=False) == {"T-1": "Badly said", "T-2": "Waiting"}

"""The numbers beside filters, and lists in every order: the same as counting and sorting by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.dimensions import Dimension, keys
from domain.ladder import Ladder
from domain.pledge import Pledge
from domain.status import PledgeStatus, status_of
from domain.vocabulary import (
    BeneficiaryGroup,
    CountryGroup,
    FocusArea,
    Lifecycle,
    PledgeType,
    Region,
    ReportingHealth,
    Sector,
)
from infrastructure.bootstrap import Service, open_on
from infrastructure.embedded_postgres import EmbeddedPostgres
from projections.pinning import Point, PositionNotReached
from projections.pledge_status import view
from projections.pledge_status.facets import Facet, Sum
from projections.pledge_status.filters import PledgeFilters
from projections.pledge_status.listing import Sorting, SortKey, statuses_in_order
from projections.pledge_status.view import PledgeRow
from tests.databases import new_ledger
from tests.given import (
    ANNOUNCED_ON,
    announced,
)
from tests.projections.ledgers import append, pledge
from tests.varied_pledges import COUNTRIES, PILLARS, varied

EVERYTHING = Sorting(SortKey.REFERENCE)
DAYS = (date(2024, 3, 1), date(2025, 7, 1), date(2026, 11, 30))
"""On the last one, countries have left the least developed ones, and most reports are overdue."""


@pytest.fixture(scope="module")
def service(postgres: EmbeddedPostgres) -> Iterator[Service]:
    with new_ledger(postgres) as conninfo, open_on(conninfo) as service:
        append(service, [varied()])
        service.projections.catch_up()
        yield service


class Pledges(dict[date, list[Pledge]]):
    """All pledges as they were on each of the days."""

    def __repr__(self) -> str:
        return "Pledges()"  # hypothesis tells what a test was given


@pytest.fixture(scope="module")
def pledges(service: Service) -> Pledges:
    return Pledges({day: [row.pledge for row in service.pledges.stream(point(service, day))] for day in DAYS})


def point(service: Service, day: date) -> Point:
    return Point(service.ledger.position, day)


some: Mapping[str, Sequence[Any]] = {
    "lifecycle": list(Lifecycle),
    "type": list(PledgeType),
    "focus_area": list(FocusArea),
    "pillar": [pillar for of_area in PILLARS.values() for pillar in of_area],
    "sector": list(Sector)[:4],
    "region": list(Region),
    "country": [*COUNTRIES, "UGA"],
    "target_group": list(CountryGroup),
    "beneficiary_group": list(BeneficiaryGroup)[:3],
    "sdg": [1, 4, 9, 17, 2],
    "reporting": list(ReportingHealth),
    "year": [2024, 2025, 2026],
}
filters = st.builds(
    lambda chosen, scaled_up, q, published: PledgeFilters(scaled_up=scaled_up, q=q, published=published, **chosen),
    chosen=st.fixed_dictionaries(
        {}, optional={name: st.lists(st.sampled_from(given), max_size=3).map(tuple) for name, given in some.items()}
    ),
    scaled_up=st.sampled_from((None, None, True, False)),
    q=st.sampled_from((None, None, "fibre", "SKILLS pledge", "rural 3")),
    published=st.sampled_from((None, True)),
)

DIMENSIONS: Mapping[Facet, Dimension] = {
    facet: Dimension(facet.value) for facet in Facet if facet is not Facet.SCALED_UP
}


def values(pledge: Pledge, facet: Facet, on: date) -> set[str]:
    """The values that a pledge has of a facet, as the domain tells them."""
    if facet is Facet.SCALED_UP:
        return {str(pledge.scaled_up).lower()}
    return {str(key) for key in keys(status_of(pledge), DIMENSIONS[facet], on) if key is not None}


def meets(pledge: Pledge, filters: PledgeFilters, on: date, *, but: Facet | None = None) -> bool:
    """Whether a pledge meets every filter, but for one facet's."""
    if filters.published and not status_of(pledge).published:
        return False
    searched = f"{pledge.reference} {pledge.title} {pledge.description}".lower()
    if filters.q and not all(word in searched for word in filters.q.lower().split()):
        return False
    for facet in Facet:
        wanted = getattr(filters, facet)
        chosen = {str(wanted).lower()} if isinstance(wanted, bool) else {str(value) for value in wanted or ()}
        if facet is not but and chosen and not chosen & values(pledge, facet, on):
            return False
    return True


@settings(max_examples=60)
@given(filters, st.sampled_from(DAYS))
def test_every_number_is_that_of_counting_one_by_one(
    service: Service, pledges: Pledges, filters: PledgeFilters, on: date
):
    found = service.pledges.summary(filters, point(service, on))

    chosen = [pledge for pledge in pledges[on] if meets(pledge, filters, on)]
    assert found.pledges == len(chosen)
    assert found.ladder == sum((status_of(pledge).ladder for pledge in chosen), Ladder())
    assert service.pledges.sum_of(filters, point(service, on)) == Sum(pledges=found.pledges, ladder=found.ladder)
    for facet in Facet:
        near = [pledge for pledge in pledges[on] if meets(pledge, filters, on, but=facet)]
        assert found.facets[facet] == Counter(value for pledge in near for value in values(pledge, facet, on)), facet


BY: Mapping[SortKey, Callable[[PledgeStatus], Any]] = {
    SortKey.REFERENCE: lambda pledge: pledge.reference,
    SortKey.VALUE: lambda pledge: pledge.value_usd,
    SortKey.DELIVERED: lambda pledge: pledge.delivered_share,
    SortKey.ANNOUNCED: lambda pledge: pledge.announced_on,
}


@settings(max_examples=25)
@given(filters, st.sampled_from(sorted(BY)), st.booleans(), st.integers(1, 9))
def test_a_list_in_parts_is_the_whole_list_in_its_order(
    service: Service,
    pledges: Pledges,
    filters: PledgeFilters,
    key: SortKey,
    descending: bool,
    limit: int,
):
    at, sorting = point(service, DAYS[-1]), Sorting(key, descending)

    parts: list[PledgeRow] = []
    while part := service.pledges.in_order(filters, sorting, at, offset=len(parts), limit=limit):
        assert len(part) <= limit
        assert service.pledges.statuses_in_part(filters, sorting, at, offset=len(parts), limit=limit) == tuple(
            status_of(row.pledge) for row in part
        )
        parts += part

    chosen = [status_of(pledge) for pledge in pledges[at.effective_on] if meets(pledge, filters, at.effective_on)]
    in_order = sorted(chosen, key=lambda pledge: (BY[key](pledge), pledge.reference), reverse=descending)
    assert [status_of(row.pledge) for row in parts] == in_order
    assert list(service.pledges.statuses_in_order(filters, sorting, at)) == in_order


def test_pledges_are_sorted_by_their_last_facts(service: Service):
    listed = service.pledges.in_order(
        PledgeFilters(), Sorting(SortKey.CHANGED, descending=True), point(service, DAYS[-1])
    )
    assert [row.position for row in listed] == sorted((row.position for row in listed), reverse=True)


def test_all_of_a_list_is_read_however_many_are_read_at_once(service: Service, monkeypatch: pytest.MonkeyPatch):
    at = point(service, DAYS[-1])
    whole = [pledge.reference for pledge in service.pledges.statuses_in_order(PledgeFilters(), EVERYTHING, at)]
    for at_once in (1, 7, 60, 61):
        found = statuses_in_order(service.pool, PledgeFilters(), EVERYTHING, at, at_once=at_once)
        assert [pledge.reference for pledge in found] == whole
        monkeypatch.setattr(view, "STATUSES_AT_ONCE", at_once)
        assert [pledge.reference for pledge in service.pledges.statuses(at)] == whole


def test_parts_of_a_list_of_one_moment_fit_together_while_writing_goes_on(service: Service):
    at, sorting = point(service, DAYS[-1]), Sorting(SortKey.CHANGED, descending=True)
    whole = service.pledges.in_order(PledgeFilters(), sorting, at, limit=100)
    first = service.pledges.in_order(PledgeFilters(), sorting, at, limit=15)

    append(service, [pledge("A-000", announced(on=ANNOUNCED_ON))])
    service.projections.catch_up()

    assert first + service.pledges.in_order(PledgeFilters(), sorting, at, offset=15, limit=100) == whole
    assert service.pledges.summary(PledgeFilters(), at).pledges == len(whole)


def test_where_nothing_is_found_there_are_no_numbers(service: Service):
    nothing = service.pledges.summary(PledgeFilters(q="nothinglikeit"), point(service, DAYS[-1]))
    assert (nothing.pledges, nothing.ladder) == (0, Ladder())
    assert not any(nothing.facets.values())
    assert service.pledges.in_order(PledgeFilters(q="nothing\0"), EVERYTHING, point(service, DAYS[-1])) == ()


def test_a_position_that_is_not_reached_is_refused(service: Service):
    ahead = Point(service.ledger.position + 1, DAYS[-1])
    with pytest.raises(PositionNotReached):
        service.pledges.summary(PledgeFilters(), ahead)
    with pytest.raises(PositionNotReached):
        service.pledges.in_order(PledgeFilters(), EVERYTHING, ahead)


def test_every_facet_is_a_filter():
    assert {facet.value for facet in Facet} <= {field.name for field in fields(PledgeFilters)}

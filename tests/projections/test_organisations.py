"""The stakeholders: who they are, what they were called when, and the list by name."""

from __future__ import annotations

from uuid import uuid4

import pytest

from domain.events import OrganisationEvent
from domain.organisation import fold
from domain.vocabulary import Region, Sector
from infrastructure.bootstrap import Service
from projections.pinning import Point, PositionNotReached
from tests.given import TODAY
from tests.projections.ledgers import append, deactivated, registered, renamed


def test_an_organisation_is_what_its_facts_make_it_at_every_position(service: Service):
    first = registered("Old", country="KEN", region=Region.AFRICA, website="https://example.org")
    stream: list[OrganisationEvent] = [first, renamed(first, "New"), deactivated(first, version=3)]
    entries = append(service, [[*stream[:1]], [registered("Other")], [*stream[1:]]])
    service.projections.catch_up()

    of_the_first = [entry for entry in entries if entry.event.originator_id == first.originator_id]
    for n, entry in enumerate(of_the_first, start=1):
        row = service.organisations.get(first.originator_id, at=Point(entry.position, TODAY))
        assert row
        assert row.organisation == fold(None, stream[:n])
        assert (row.position, row.recorded_at) == (entry.position, entry.recorded_at)
    assert service.organisations.get(first.originator_id, at=Point(0, TODAY)) is None
    now = service.organisations.get(first.originator_id)
    assert now
    assert now.organisation == fold(None, stream)
    assert service.organisations.get(uuid4()) is None


def test_names_are_those_of_the_position(service: Service):
    first, second = registered("Old"), registered("Second")
    before = append(service, [[first], [second]])[-1].position
    append(service, [[renamed(first, "New")]])
    service.projections.catch_up()
    ids = [first.originator_id, second.originator_id, uuid4()]
    assert service.organisations.names(ids) == {first.originator_id: "New", second.originator_id: "Second"}
    assert service.organisations.names(ids, at=Point(before, TODAY)) == {
        first.originator_id: "Old",
        second.originator_id: "Second",
    }
    assert service.organisations.names([]) == {}
    with pytest.raises(PositionNotReached):
        service.organisations.names(ids, at=Point(99, TODAY))


def test_the_list_goes_by_name_whatever_its_case_and_tells_namesakes_apart(service: Service):
    names = ["b", "A", "a", "C", "Ä", "same", "same", "same"]
    append(service, [[registered(name) for name in names]])
    service.projections.catch_up()
    whole = service.organisations.page().items
    assert [row.organisation.name.lower() for row in whole] == ["a", "a", "b", "c", "same", "same", "same", "ä"]

    page = service.organisations.page(limit=3)
    found = list(page.items)
    while page.next:
        page = service.organisations.page(limit=3, after=page.next)
        found += page.items

    assert tuple(found) == whole


def test_a_pinned_list_does_not_shift_when_somebody_is_renamed(service: Service):
    organisations = [registered(name) for name in "abcdef"]
    append(service, [organisations])
    service.projections.catch_up()
    first = service.organisations.page(limit=3)
    append(service, [[renamed(organisations[0], "z"), renamed(organisations[5], "0")]])
    service.projections.catch_up()

    second = service.organisations.page(limit=3, after=first.next, at=Point(first.position, TODAY))

    assert [row.organisation.name for row in (*first.items, *second.items)] == list("abcdef")


@pytest.mark.parametrize(
    "filters",
    [
        {"sector": (Sector.ACADEMIA, Sector.YOUTH)},
        {"region": (Region.AFRICA,)},
        {"country": ("KEN",)},
        {"active": True},
        {"q": "UNIVERSITY of"},
        {"q": "100%"},
    ],
)
def test_a_filter_finds_what_meets_it_and_nothing_else(service: Service, filters):
    wanted = registered("100% University of X", sector=Sector.ACADEMIA, country="KEN", region=Region.AFRICA)
    other = registered("Other", country="FRA", region=Region.EUROPE)
    append(service, [[wanted, other, deactivated(other)]])
    service.projections.catch_up()
    page = service.organisations.page(**filters)
    assert [row.organisation.id for row in page.items] == [wanted.originator_id]
    assert page.position == 3


@pytest.mark.parametrize("filters", [{"q": "1_0"}, {"q": "\0"}, {"country": ("\0",)}, {"sector": (Sector.OTHER,)}])
def test_what_does_not_meet_the_filter_is_not_found(service: Service, filters):
    append(service, [[registered("100")]])
    service.projections.catch_up()
    assert service.organisations.page(**filters).items == ()

"""The channel: what happened, whatever it happened to, for whoever may know of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from audit.envelope import Entry
from domain.events import Announced, AnyEvent, PledgeEvent
from infrastructure.bootstrap import Service
from projections.timeline.channel import Audience, Happening, Part
from tests.given import ACTOR, announced, contributed, contribution, schools, validated
from tests.projections.ledgers import append, busy_life, deactivated, facts, pledge, registered, renamed

PUBLIC = Audience()
EVERYTHING = Audience(everything=True)
LEAD = ACTOR.organisation
assert LEAD


def after(service: Service, position: int, audience: Audience, limit: int = 1_000) -> list[int]:
    return [item.position for item in service.channel.after(position, audience, limit=limit).items]


def latest(service: Service, audience: Audience, limit: int = 1_000, **which: object) -> list[int]:
    return [item.position for item in service.channel.latest(audience, limit=limit, **which).items]  # type: ignore[arg-type]


def recorded(service: Service, *groups: Sequence[AnyEvent]) -> list[Entry]:
    entries = append(service, groups)
    service.projections.catch_up()
    return entries


def test_every_entry_is_told_as_it_is_stored(service: Service):
    entries = recorded(service, *facts())

    told = service.channel.after(0, EVERYTHING, limit=1_000)
    assert told.position == entries[-1].position
    assert [(i.position, i.event_id, i.stream, i.version, i.type, i.recorded_at) for i in told.items] == [
        (e.position, e.event_id, e.event.originator_id, e.event.originator_version, e.type, e.recorded_at)
        for e in entries
    ]


def test_organisations_are_called_what_they_were_called_then(service: Service):
    lead = registered("Before")
    acts = pledge("T-1", announced(schools(10)), validated())
    of_lead: list[list[AnyEvent]] = [
        [lead],
        [led_by(lead.originator_id, acts[0])],
        [renamed(lead, "After")],
        [led_by(lead.originator_id, acts[1])],
    ]
    recorded(service, *of_lead)

    named = [(i.organisation_name, i.actor_name) for i in service.channel.after(0, EVERYTHING, limit=9).items]
    assert named == [("Before", None), ("Before", "Before"), ("After", None), ("After", "After")]


def led_by(lead: UUID, event: PledgeEvent) -> PledgeEvent:
    """The same fact, told by this organisation; where a pledge is announced, it leads it."""
    told = replace(event, actor=replace(event.actor, organisation=lead))
    return replace(told, lead=replace(told.lead, organisation=lead)) if isinstance(told, Announced) else told


def test_what_came_after_a_position_is_told_as_it_could_be_known_then(service: Service):
    waiting, admission, delivery = pledge(
        "T-1", announced(schools(10)), validated(), contributed(contribution("c1", 3))
    )
    recorded(service, [registered()], [waiting])
    assert after(service, 0, PUBLIC) == [1]

    recorded(service, [admission], [delivery])
    assert after(service, 0, PUBLIC) == [1, 3, 4]
    assert after(service, 0, Audience(organisation=uuid4())) == [1, 3, 4]
    assert after(service, 0, Audience(organisation=LEAD)) == after(service, 0, EVERYTHING) == [1, 2, 3, 4]


def test_the_latest_is_told_as_it_may_be_known_now(service: Service):
    waiting, admission, delivery = pledge(
        "T-1", announced(schools(10)), validated(), contributed(contribution("c1", 3))
    )
    other = busy_life("T-2")[:1]
    recorded(service, [registered()], [waiting], other)
    assert latest(service, PUBLIC) == [1]
    assert latest(service, Audience(organisation=LEAD)) == latest(service, EVERYTHING) == [3, 2, 1]

    recorded(service, [admission], [delivery])
    assert latest(service, PUBLIC) == [5, 4, 2, 1]
    assert latest(service, Audience(organisation=uuid4())) == [5, 4, 2, 1]


def test_it_is_told_in_parts_that_go_on_where_the_last_one_ended(service: Service):
    entries = recorded(service, *facts())
    whole = [entry.position for entry in entries]

    for audience in (PUBLIC, EVERYTHING):
        told, position = list[Happening](), 0
        while (part := service.channel.after(position, audience, limit=2)).position > position:
            told, position = [*told, *part.items], part.position
        assert [item.position for item in told] == after(service, 0, audience)
    back, before = list[int](), None
    while (page := service.channel.latest(EVERYTHING, limit=4, before=before)).items:
        back, before = [*back, *(item.position for item in page.items)], page.next
        if before is None:
            break
    assert back == whole[::-1]


def test_a_part_with_nothing_for_somebody_still_says_how_far_it_is(service: Service):
    recorded(service, busy_life("T-1")[:1], busy_life("T-2")[:1])

    part = service.channel.after(0, PUBLIC, limit=10)
    assert (part.items, part.position) == ((), 2)
    assert service.channel.after(7, PUBLIC, limit=10).position == 7, "never an earlier one"
    assert service.channel.position() == 2


def test_it_can_be_about_one_pledge_or_one_organisation(service: Service):
    lead, other = registered("Lead"), registered("Other")
    first, second = busy_life("T-1"), busy_life("T-2")
    recorded(service, [lead, other], first, [deactivated(other)], second)

    assert latest(service, EVERYTHING, reference="T-1") == [7, 6, 5, 4, 3]
    assert latest(service, EVERYTHING, organisation=other.originator_id) == [8, 2]
    assert latest(service, EVERYTHING, organisation=LEAD, reference="T-2", limit=2) == [13, 12]
    assert latest(service, EVERYTHING, organisation=LEAD, before=8) == [7, 6, 5, 4, 3]
    for nothing in ({"reference": "T-9"}, {"reference": "\0"}, {"organisation": uuid4()}):
        assert latest(service, EVERYTHING, **nothing) == []


@pytest.mark.parametrize("told", [True, False], ids=["told", "not told"])
def test_whoever_follows_waits_for_what_comes_next(service: Service, told: bool):
    service.projections.start()
    following = service.following if told else type(service.following)(service.channel, never, lambda: False)
    while told and not service.projections.leading:
        time.sleep(0.01)
    assert following.next(0) is None

    entries = append(service, facts())
    parts = list[Part]()
    deadline = time.monotonic() + 20
    while (reached := parts[-1].position if parts else 0) < entries[-1].position:
        assert time.monotonic() < deadline
        if part := following.next(reached):
            parts.append(part)
    assert [item.position for part in parts for item in part.items] == [entry.position for entry in entries]


def never(position: int, seconds: float) -> bool:
    raise AssertionError("nobody tells")

"""The timeline: what happened to a pledge, in words and in full."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings

from audit.replay import replay
from infrastructure.bootstrap import Service
from projections.pinning import Point, PositionNotReached
from projections.runner import ReadModelFailed
from tests.given import TODAY, contributed, contribution
from tests.lives import histories
from tests.projections.ledgers import append, busy_life, pledge, registered
from tests.projections.test_pledge_status import references


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(histories)
def test_a_history_is_told_as_a_replay_tells_it_and_shows_what_is_stored(service: Service, history):
    reference = next(references)
    stream = pledge(reference, *history)
    for fact in stream:  # each in a batch of its own, so that what went before comes from the tables
        append(service, [[fact]])
        service.projections.catch_up()

    items = service.timeline.history(reference).items

    entries = service.ledger.entries(stream[0].originator_id)
    assert [item.summary for item in items] == [step.summary for step in replay(entries)]
    assert [(i.position, i.version, i.type, i.recorded_at, i.effective_on) for i in items] == [
        (e.position, e.event.originator_version, e.type, e.recorded_at, e.event.effective_on) for e in entries
    ]
    with service.pool.connection() as connection:
        stored = connection.execute(
            "SELECT state FROM ledger.events WHERE originator_id = %s ORDER BY originator_version",
            (stream[0].originator_id,),
        ).fetchall()
    envelopes = [json.loads(bytes(row["state"])) for row in stored]
    assert [(item.actor, item.data) for item in items] == [(e["actor"], e["data"]) for e in envelopes]


def test_a_history_is_read_in_parts(service: Service):
    append(service, [busy_life("T-1"), busy_life("T-2")])
    service.projections.catch_up()
    whole = service.timeline.history("T-1").items
    assert [item.version for item in whole] == [1, 2, 3, 4, 5]
    assert service.timeline.history("T-1", limit=2).items == whole[:2]
    assert service.timeline.history("T-1", after_version=2, limit=2).items == whole[2:4]


def test_an_unknown_pledge_has_no_history(service: Service):
    assert service.timeline.history("T-1").items == ()
    assert service.timeline.history("\0").items == ()


def test_the_latest_come_first_whichever_pledge_they_are_about(service: Service):
    first, second = busy_life("T-1"), busy_life("T-2")
    append(service, [first[:1], second[:1], [registered()], first[1:2]])
    service.projections.catch_up()
    assert [(item.reference, item.version) for item in service.timeline.latest(2)] == [("T-1", 2), ("T-2", 1)]


def test_what_happens_to_a_pledge_that_was_never_announced_is_not_passed_over(service: Service):
    orphan = pledge("T-1", contributed(contribution("c1", 3, on=TODAY)))
    append(service, [orphan])
    with pytest.raises(ReadModelFailed, match="never announced"):
        service.projections.catch_up()
    status = service.projections.status()
    assert status["timeline"].position == 0
    assert status["pledge_status"].position == 1


def test_the_latest_of_a_kind_are_those_known_at_a_point(service: Service):
    first, second = busy_life("T-1"), busy_life("T-2")
    append(service, [first, second])
    service.projections.catch_up()

    def reports(position: int, on: date = TODAY, limit: int = 5) -> list[str]:
        return [i.reference for i in service.timeline.latest_of(["reported"], limit, Point(position, on))]

    assert reports(10) == ["T-2", "T-1"]
    assert reports(10, limit=1) == ["T-2"]
    assert reports(8) == ["T-1"]
    assert reports(10, TODAY - timedelta(days=1)) == []
    with pytest.raises(PositionNotReached):
        reports(11)


def test_what_happened_to_some_pledges_is_told_by_kind_in_ledger_order(service: Service):
    lives = [busy_life(f"T-{n}") for n in (1, 2, 3)]
    append(service, lives)
    service.projections.catch_up()

    found = service.timeline.of_pledges(["T-3", "T-1", "\0"], ["validated", "partially_fulfilled"], Point(15, TODAY))

    assert [(item.reference, item.version) for item in found] == [("T-1", 2), ("T-1", 3), ("T-3", 2), ("T-3", 3)]


def test_what_happened_at_positions_is_told_of_pledges_alone(service: Service):
    append(service, [[registered()], busy_life("T-1")])
    service.projections.catch_up()

    found = service.timeline.at_positions([1, 2, 4, 99])

    assert {position: (item.reference, item.version) for position, item in found.items()} == {
        2: ("T-1", 1),
        4: ("T-1", 3),
    }

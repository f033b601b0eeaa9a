"""A history told again: in words, and state by state."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given as for_all

from audit.envelope import Entry
from audit.narrative import summarise
from audit.replay import Until, replay
from domain.events import (
    Amended,
    Corrected,
    Deactivated,
    Description,
    PledgeEvent,
    Published,
    Registered,
    Renamed,
    ScaledDown,
    ScaledUp,
    SnapshotIdentity,
    TargetChange,
    Withdrawn,
)
from domain.pledge import fold
from domain.vocabulary import Sector
from tests.given import (
    announced,
    contributed,
    contribution,
    declined,
    fulfilled,
    given,
    header,
    money,
    reported,
    schools,
    usd,
    validated,
    verified,
)
from tests.lives import histories

DAY = date(2025, 1, 1)
BEFORE = given(announced(schools(120)), contributed(contribution("c1", 80))).pledge
CHANGE = TargetChange(before=schools(120), after=schools(200))


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (
            announced(schools(120), money(usd("1250000.00"))),
            "Announced “Schools online”, promising 120 schools connected and 1,250,000.00 USD.",
        ),
        (announced(), "Announced “Schools online”."),
        (validated(), "Admitted to the register."),
        (replace(validated(), note="complete"), "Admitted to the register: complete."),
        (declined(), "Declined: not a pledge"),
        (
            ScaledUp(**header(DAY), targets=(CHANGE,), new_countries=("UGA",), ends_on=date(2027, 1, 1)),
            "Scaled up: from 120 to 200 schools connected, also in UGA and until 2027-01-01.",
        ),
        (
            ScaledDown(
                **header(DAY), targets=(TargetChange(before=CHANGE.after, after=CHANGE.before),), reason="costs"
            ),
            "Scaled down: from 200 to 120 schools connected. Reason: costs",
        ),
        (
            announced(schools(120, baseline=Decimal(20))),
            "Announced “Schools online”, promising 120 schools connected from a baseline of 20.",
        ),
        (
            contributed(contribution("c2", 40, replaces="c1")),
            "Delivered 40 schools connected on 2025-01-01 instead of the contribution c1.",
        ),
        (
            contributed(contribution("c2", 40, country="KEN")),
            "Delivered 40 schools connected in KEN on 2025-01-01.",
        ),
        (reported(date(2024, 1, 1), date(2024, 12, 31)), "Reported on 2024-01-01 to 2024-12-31: on track."),
        (fulfilled(), "Fulfilled: Done."),
        (verified("c1"), "Verified the contribution c1."),
        (
            Corrected(**header(DAY), contribution="c1", reason="counted twice"),
            "Took back the contribution c1 of 80 schools connected on 2025-01-01. Reason: counted twice.",
        ),
        (
            Corrected(
                **header(DAY),
                contribution="c1",
                reason="typo",
                replacement=contribution("c2", 8, replaces="c1"),
                reopens=True,
            ),
            "Corrected the contribution c1 of 80 schools connected on 2025-01-01 to 8 schools connected on "
            "2025-01-01. Reason: typo. The pledge is open again.",
        ),
        (
            Amended(
                **header(DAY),
                before=Description(title="A", wsis_lines=()),
                after=Description(title="B", wsis_lines=("C2",)),
                reason="spelling",
            ),
            "Amended title and wsis lines. Reason: spelling",
        ),
        (
            Withdrawn(**header(DAY), reason="no funds", superseded_by="P2C-2025-000007"),
            "Withdrawn, superseded by P2C-2025-000007. Reason: no funds",
        ),
        (Registered(**header(DAY), name="Fibre", sector=Sector.ACADEMIA), "Registered Fibre."),
        (Renamed(**header(DAY), name="New", former_name="Old"), "Renamed from Old to New."),
        (Deactivated(**header(DAY), reason="merged"), "Deactivated. Reason: merged"),
        (
            Published(
                **header(DAY),
                title="First quarter",
                snapshot=SnapshotIdentity(position=17, effective_on=DAY, rules_version=1, digest="sha256:0"),
            ),
            "Published “First quarter”: the register at position 17, effective on 2025-01-01.",
        ),
    ],
)
def test_a_fact_is_told_in_a_sentence(event, sentence):
    assert summarise(event, BEFORE) == sentence


def entries(history: Sequence[PledgeEvent]) -> list[Entry]:
    """The history as it might be stored: positions 10, 20, …, recorded on the days of January 2026."""
    return [
        Entry(
            position=10 * n,
            event=event,
            event_id=event.event_id,
            type="x",
            recorded_at=datetime(2026, 1, min(n, 31), tzinfo=UTC),
        )
        for n, event in enumerate(history, start=1)
    ]


@for_all(histories)
def test_a_replay_passes_through_every_state_there_was(history):
    steps = list(replay(entries(history)))
    assert [step.after for step in steps] == [fold(None, history[: n + 1]) for n in range(len(history))]
    assert all(step.summary for step in steps)
    assert all(step.changes for step in steps if step.entry.event.originator_version == 1)


LIFE = given(
    announced(schools(120)), validated(date(2026, 1, 1)), contributed(contribution("c1", 80, on=date(2025, 5, 1)))
).history


@pytest.mark.parametrize(
    ("until", "versions"),
    [
        (Until(), [1, 2, 3]),
        (Until(version=2), [1, 2]),
        (Until(position=20), [1, 2]),
        (Until(position=29), [1, 2]),
        (Until(recorded_at=datetime(2026, 1, 1, tzinfo=UTC)), [1]),
        (Until(effective_on=date(2025, 12, 31)), [1, 3]),
        (Until(effective_on=date(2025, 12, 31), version=2), [1]),
    ],
)
def test_a_replay_stops_where_it_is_told_to(until, versions):
    assert [s.entry.event.originator_version for s in replay(entries(LIFE), until)] == versions


def test_a_step_says_what_changed():
    *_, last = replay(entries(LIFE))
    assert set(last.changes) == {"contributions"}
    assert last.after is not None
    assert last.after.delivered(schools(120)) == Decimal(80)

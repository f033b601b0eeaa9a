"""Why two answers differ: one cause for each movement, and nothing left over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from domain.counted import counted_of
from domain.difference import (
    WHOLE,
    Cause,
    PledgeDifference,
    Recorded,
    Side,
    Slot,
    added,
    changes,
    difference,
    figures_of,
)
from domain.dimensions import Attribution, Dimension, Division
from domain.events import PledgeEvent
from domain.ladder import ladder_of
from domain.pledge import fold
from domain.resting import resting_figures
from tests.given import (
    ANNOUNCED_ON,
    TODAY,
    announced,
    contributed,
    contribution,
    declined,
    given,
    money,
    reported,
    usd,
    validated,
    verified,
    withdrawn,
)
from tests.lives import histories

BEFORE, AFTER = Side(0, TODAY), Side(10_000, TODAY)


def recorded(history: Sequence[PledgeEvent]) -> list[Recorded]:
    """The facts, at positions of a ledger that has others between."""
    return [Recorded(10 * n, event) for n, event in enumerate(history, start=1)]


def told(*history: PledgeEvent, opening: Side = BEFORE, closing: Side = AFTER, **more: Any) -> PledgeDifference:
    """The difference that these facts make."""
    found = difference(recorded(given(*history).history), opening, closing, **more)
    assert found is not None
    return found


def by_cause(found: PledgeDifference, measure: str) -> dict[Cause, Decimal]:
    """What moved a figure, and how much."""
    return {m.cause: m.change for m in found.movements if (m.group, m.measure) == (WHOLE, measure)}


a_thousand = announced(money(usd(1000)))
delivered = contributed(contribution("c1", usd(300), target="money"))

sides = st.builds(
    Side,
    st.integers(0, 200),
    st.integers(-10, 1500).map(lambda days: ANNOUNCED_ON + timedelta(days=days)),
)
divisions = st.builds(
    Division,
    by=st.lists(st.sampled_from(list(Dimension)), max_size=2, unique=True).map(tuple),
    attribution=st.sampled_from(list(Attribution)),
)


@examples(histories, sides, sides, divisions)
def test_the_movements_sum_to_the_difference_whatever_the_moments_are(
    history: list[PledgeEvent], opening: Side, closing: Side, division: Division
):
    facts = recorded(history)
    found = difference(facts, opening, closing, division)
    if found is None:
        return
    assert without_zero(changes(found.movements)) == without_zero(subtracted(found.closing, found.opening))
    for side, figures in ((opening, found.opening), (closing, found.closing)):
        ladder = ladder_of(fold(None, [fact.event for fact in facts if side.has(fact)]))
        assert figures.get((WHOLE, "validated_usd"), 0) == ladder.validated
        assert figures.get((WHOLE, "delivered_usd"), 0) == ladder.delivered


@examples(histories, sides, sides, divisions)
def test_the_way_back_is_the_same_with_the_opposite_sign(
    history: list[PledgeEvent], opening: Side, closing: Side, division: Division
):
    there = difference(recorded(history), opening, closing, division)
    back = difference(recorded(history), closing, opening, division)
    assert (there is None) == (back is None)
    if there and back:
        assert (there.opening, there.closing) == (back.closing, back.opening)
        returned = {slot: -amount for slot, amount in changes(back.movements).items()}
        assert without_zero(changes(there.movements)) == without_zero(returned)


@examples(histories, sides, st.integers(0, 200), divisions)
def test_what_was_recorded_meanwhile_is_taken_back_cause_by_cause(
    history: list[PledgeEvent], opening: Side, position: int, division: Division
):
    closing = replace(opening, position=position)
    there = difference(recorded(history), opening, closing, division)
    back = difference(recorded(history), closing, opening, division)
    assert [replace(m, change=-m.change) for m in (back.movements if back else ())] == list(
        there.movements if there else ()
    )


@examples(histories, sides)
def test_nothing_moves_between_a_moment_and_itself(history: list[PledgeEvent], side: Side):
    found = difference(recorded(history), side, side)
    assert found is None or found.movements == ()


@examples(histories, sides, sides, divisions)
def test_every_movement_names_facts_of_its_cause_or_is_of_the_date_alone(
    history: list[PledgeEvent], opening: Side, closing: Side, division: Division
):
    facts = {fact.position: fact for fact in recorded(history)}
    found = difference(list(facts.values()), opening, closing, division)
    for movement in found.movements if found else ():
        assert bool(movement.positions) == (movement.cause is not Cause.RECLASSIFIED)
        for position in movement.positions:
            assert opening.has(facts[position]) != closing.has(facts[position])


@examples(st.lists(histories, min_size=1, max_size=4), sides, divisions)
def test_pledges_that_rest_count_together_what_each_counts(
    lives: list[list[PledgeEvent]], side: Side, division: Division
):
    pledges = [counted_of(pledge) for life in lives if (pledge := fold(None, life))]

    together = added(resting_figures([*pledges, *pledges], side.effective_on, division))

    each = added(figures_of(pledge, side.effective_on, division) for pledge in [*pledges, *pledges])
    assert {slot: str(amount) for slot, amount in together.items()} == {slot: str(each[slot]) for slot in each}


def without_zero(figures: Mapping[Slot, Decimal]) -> dict[Slot, Decimal]:
    """The figures that are something."""
    return {slot: amount for slot, amount in figures.items() if amount}


def subtracted(closing: Mapping[Slot, Decimal], opening: Mapping[Slot, Decimal]) -> dict[Slot, Decimal]:
    """What the figures moved by."""
    moved: defaultdict[Slot, Decimal] = defaultdict(Decimal, closing)
    for slot, amount in opening.items():
        moved[slot] -= amount
    return moved


@pytest.mark.parametrize(
    ("history", "measure", "causes"),
    [
        ((a_thousand,), "announced_usd", {Cause.NEW: 1000}),
        ((a_thousand, validated()), "announced_usd", {Cause.NEW: 1000, Cause.VALIDATED: -1000}),
        ((a_thousand, validated()), "validated_usd", {Cause.VALIDATED: 1000}),
        ((a_thousand, declined()), "announced_usd", {Cause.NEW: 1000, Cause.DECLINED: -1000}),
        ((a_thousand, validated(), delivered), "delivered_usd", {Cause.DELIVERED: 300}),
        ((a_thousand, validated(), delivered, verified("c1")), "verified_usd", {Cause.VERIFIED: 300}),
        (
            (a_thousand, validated(), delivered, withdrawn()),
            "validated_usd",
            {Cause.VALIDATED: 1000, Cause.WITHDRAWN: -700},
        ),
    ],
)
def test_each_fact_is_the_cause_of_what_it_moves(
    history: tuple[PledgeEvent, ...], measure: str, causes: dict[Cause, int]
):
    assert by_cause(told(*history), measure) == causes


def test_a_movement_names_all_the_facts_that_decided_it():
    more = contributed(contribution("c2", usd(50), target="money"))
    found = told(a_thousand, validated(), delivered, more)
    [movement] = [m for m in found.movements if m.measure == "delivered_usd"]
    assert (movement.change, movement.positions) == (Decimal(350), (30, 40))


def test_countries_that_leave_the_least_developed_reclassify_their_pledges():
    fact = announced(money(usd(1000)), countries=("BGD", "LAO", "KEN"))
    found = told(fact, validated(), opening=Side(100, date(2026, 11, 23)), closing=Side(100, date(2026, 11, 24)))
    assert {(m.cause, m.measure, m.change, m.countries) for m in found.movements} == {
        (Cause.RECLASSIFIED, "ldc_pledges", Decimal(-1), ("BGD", "LAO")),
        (Cause.RECLASSIFIED, "ldc_validated_usd", Decimal(-1000), ("BGD", "LAO")),
    }


def test_a_pledge_that_falls_silent_moves_between_parts_by_the_date_alone():
    start = ANNOUNCED_ON + timedelta(days=30)
    found = told(
        a_thousand,
        validated(),
        opening=Side(100, start),
        closing=Side(100, start + timedelta(days=400)),
        division=Division(by=(Dimension.REPORTING,)),
    )
    moved = [m for m in found.movements if m.measure == "pledges"]
    assert {(m.cause, m.group, m.change) for m in moved if m.group} == {
        (Cause.RECLASSIFIED, ("not_due",), Decimal(-1)),
        (Cause.RECLASSIFIED, ("never_reported",), Decimal(1)),
    }


def test_a_report_moves_no_value():
    found = told(a_thousand, validated(), reported(ANNOUNCED_ON, TODAY), opening=Side(20, TODAY))
    assert found.movements == ()

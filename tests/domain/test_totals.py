"""Totals and their parts: each pledge once, value divided to the cent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from domain.counted import counted_of
from domain.dimensions import Attribution, Dimension, divide, keys
from domain.events import PledgeEvent
from domain.ladder import RUNGS, Ladder, is_published, ladder_of
from domain.pledge import Pledge, fold
from domain.totals import rate, total, totals
from domain.vocabulary import Lifecycle
from tests.given import TODAY, announced, contributed, contribution, declined, given, money, usd, validated, withdrawn
from tests.lives import histories

SINGLE = (Dimension.FOCUS_AREA, Dimension.TYPE, Dimension.LIFECYCLE, Dimension.REPORTING, Dimension.YEAR)


def after(*history: PledgeEvent) -> Pledge:
    """The pledge after these facts."""
    pledge = fold(None, given(*history).history)
    assert pledge is not None
    return pledge


def a_thousand(**more: Any) -> PledgeEvent:
    """A thousand dollars are promised."""
    return announced(money(usd(1000)), **more)


delivered = contributed(contribution("c1", usd(300), target="money"))


@pytest.mark.parametrize(
    ("history", "ladder"),
    [
        ((a_thousand(),), Ladder(announced=Decimal(1000))),
        ((a_thousand(), declined()), Ladder()),
        ((a_thousand(), withdrawn()), Ladder()),
        ((a_thousand(), validated()), Ladder(validated=Decimal(1000))),
        ((a_thousand(), validated(), delivered), Ladder(validated=Decimal(1000), delivered=Decimal(300))),
        ((a_thousand(), validated(), delivered, withdrawn()), Ladder(validated=Decimal(300), delivered=Decimal(300))),
    ],
)
def test_value_stands_on_the_rungs_that_it_reached(history: tuple[PledgeEvent, ...], ladder: Ladder):
    assert ladder_of(after(*history)) == ladder


@examples(st.lists(histories, max_size=6), st.sampled_from(SINGLE))
def test_parts_of_one_key_each_sum_to_the_whole(lives: list[list[PledgeEvent]], dimension: Dimension):
    pledges = [counted_of(after(*life)) for life in lives]
    whole = total(pledges, TODAY)
    parts = totals(pledges, TODAY, [dimension], Attribution.FULL).groups
    assert sum(part.total.pledges for part in parts) == whole.pledges
    for rung in RUNGS:
        assert sum(getattr(part.total.ladder, rung) for part in parts) == getattr(whole.ladder, rung)


@examples(
    st.lists(histories, max_size=6), st.lists(st.sampled_from(list(Dimension)), min_size=1, max_size=3, unique=True)
)
def test_divided_value_sums_to_the_whole_to_the_cent_in_every_combination(
    lives: list[list[PledgeEvent]], dimensions: list[Dimension]
):
    pledges = [counted_of(after(*life)) for life in lives]
    whole = total(pledges, TODAY).ladder
    parts = totals(pledges, TODAY, dimensions, Attribution.SPLIT).groups
    for rung in RUNGS:
        assert sum(getattr(part.total.ladder, rung) for part in parts) == getattr(whole, rung)


@examples(
    st.decimals(min_value=0, max_value=10**15, places=2),
    st.lists(st.integers(1, 50), min_size=1, max_size=12),
)
def test_no_part_of_a_division_is_a_cent_off(amount: Decimal, weights: list[int]):
    shares = [Fraction(weight, sum(weights)) for weight in weights]
    parts = divide(amount, shares)
    assert sum(parts) == amount
    for part, share in zip(parts, shares, strict=True):
        assert abs(Fraction(part) - Fraction(amount) * share) < Fraction(1, 100)


def test_a_country_that_leaves_a_group_takes_its_pledges_along():
    pledge = counted_of(after(a_thousand(countries=("BGD", "SEN")), validated()))
    only = counted_of(after(a_thousand(countries=("BGD",)), validated()))
    before, on = date(2026, 11, 23), date(2026, 11, 24)
    assert keys(only, Dimension.TARGET_GROUP, before) == ("ldc",)
    assert keys(only, Dimension.TARGET_GROUP, on) == (None,)
    assert keys(pledge, Dimension.TARGET_GROUP, on) == ("ldc",), "Senegal is still in it"


def test_a_headline_counts_what_was_admitted_and_stands():
    lives = [
        (a_thousand(),),
        (a_thousand(), validated()),
        (a_thousand(), validated(), withdrawn()),
        (a_thousand(), declined()),
    ]
    counted = total([counted_of(after(*life)) for life in lives], TODAY)
    assert counted.pledges == 1
    assert counted.ladder == Ladder(announced=Decimal(1000), validated=Decimal(1000))
    assert counted.lifecycle == {
        Lifecycle.ANNOUNCED: 1,
        Lifecycle.VALIDATED: 1,
        Lifecycle.WITHDRAWN: 1,
        Lifecycle.DECLINED: 1,
    }
    assert [is_published(after(*life)) for life in lives] == [False, True, True, False]


def test_a_rate_has_something_that_it_is_of():
    assert rate(1, 3) == Decimal("0.3333")
    assert rate(0, 0) is None

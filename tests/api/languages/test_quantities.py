"""Amounts in words."""

from __future__ import annotations

from decimal import Decimal

import pytest

from api.languages.quantities import counted, exactly, in_currency, measure_label, money, quantity
from api.languages.texts import texts
from domain.values import MONEY, Money
from domain.vocabulary import measures
from tests.given import RATE, usd

ENGLISH = texts("en")


@pytest.mark.parametrize(
    ("number", "measure", "words"),
    [
        ("1", "schools_connected", "1 school"),
        ("1200", "schools_connected", "1,200 schools"),
        ("1E+3", "people_trained", "1,000 people trained"),
        ("2.5", "km_of_fibre", "2.5 (Kilometres of fibre laid)"),
        ("0.000001", "km_of_fibre", "0.000001 (Kilometres of fibre laid)"),
        ("3", "of_tomorrow", "3 (of_tomorrow)"),
    ],
)
def test_what_is_counted_is_said_in_the_form_that_its_number_has(number: str, measure: str, words: str):
    assert counted(ENGLISH, Decimal(number), measure) == words


@pytest.mark.parametrize("measure", sorted(set(measures()) - {MONEY}))
def test_every_measure_is_counted_in_words_of_its_own(measure: str):
    assert counted(ENGLISH, Decimal(2), measure) != f"2 ({measure_label(ENGLISH, measure)})"


def test_money_stands_beside_its_dollars_to_the_cent():
    assert money(ENGLISH, usd("1234567.50")) == "USD\xa01,234,567.50"
    assert money(ENGLISH, Money.at(Decimal(1000), "EUR", RATE)) == "EUR\xa01,000 (USD\xa01,250)"
    assert quantity(ENGLISH, usd(5), MONEY) == "USD\xa05"
    assert in_currency(ENGLISH, Decimal("0.125"), "KWD") == "KWD\xa00.125"


def test_numbers_have_the_separators_of_the_language_and_every_decimal():
    assert exactly(texts("ru"), Decimal("12345.678901")) == "12\xa0345,678901"
    assert exactly(ENGLISH, Decimal("10.500")) == "10.5"

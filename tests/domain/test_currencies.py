"""Currencies and their minor units."""

import csv
import re
from datetime import date
from importlib import resources
from typing import Any

import pytest

from domain.currencies import Currency, currencies, minor_units


def test_every_currency_in_the_table_is_read_as_it_stands() -> None:
    with resources.files("domain").joinpath("data/currencies.csv").open(encoding="utf-8") as file:
        table = [tuple(row) for row in csv.reader(file)][1:]
    read = [
        (
            one.code,
            "" if one.minor_units is None else str(one.minor_units),
            one.name,
            one.until.isoformat() if one.until else "",
        )
        for one in currencies().values()
    ]
    assert read == table


def test_codes_are_three_capital_letters_in_alphabetical_order() -> None:
    codes = list(currencies())
    assert [code for code in codes if not re.fullmatch(r"[A-Z]{3}", code)] == []
    assert codes == sorted(codes)


@pytest.mark.parametrize(
    ("code", "decimals"),
    [("USD", 2), ("EUR", 2), ("JPY", 0), ("XOF", 0), ("RWF", 0), ("KWD", 3), ("MGA", 2), ("IQD", 3)],
)
def test_a_currency_has_the_minor_units_of_iso_4217(code: str, decimals: int) -> None:
    assert minor_units(code) == decimals


def test_the_special_drawing_right_alone_prescribes_no_minor_unit() -> None:
    assert [code for code in currencies() if minor_units(code) is None] == ["XDR"]


@pytest.mark.parametrize("code", ["", "usd", "ZZZ", "840"])
def test_an_unknown_code_has_no_minor_units(code: str) -> None:
    with pytest.raises(KeyError):
        minor_units(code)


def test_of_the_x_codes_only_those_used_as_money_are_there() -> None:
    assert {code for code in currencies() if code[0] == "X"} == {"XAF", "XCD", "XCG", "XDR", "XOF", "XPF"}


@pytest.mark.parametrize("code", ["BOV", "CHE", "CLF", "COU", "MXV", "USN", "UYI", "XAU", "XTS", "XXX"])
def test_funds_metals_and_testing_codes_are_no_currencies(code: str) -> None:
    assert code not in currencies()


@pytest.mark.parametrize(
    ("code", "last_day"),
    [
        ("LTL", date(2015, 1, 15)),
        ("BYR", date(2016, 12, 31)),
        ("HRK", date(2023, 1, 14)),
        ("ANG", date(2025, 6, 30)),
        ("BGN", date(2026, 1, 31)),
    ],
)
def test_a_currency_that_ended_is_current_to_its_last_day_and_not_after(code: str, last_day: date) -> None:
    ended = currencies()[code]
    assert ended.current(last_day)
    assert not ended.current(date.fromordinal(last_day.toordinal() + 1))


def test_a_currency_without_an_end_stays_current() -> None:
    assert Currency("EUR", 2, "Euro", None).current(date.max)


def test_the_successors_of_ended_currencies_are_current() -> None:
    assert [currencies()[code].until for code in ("EUR", "BYN", "XCG")] == [None, None, None]


def test_the_table_cannot_be_changed() -> None:
    shared: Any = currencies()
    with pytest.raises(TypeError):
        shared["NEW"] = shared["EUR"]

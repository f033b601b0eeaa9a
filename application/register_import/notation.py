"""How registers write things: amounts, dates, codes and countries, read strictly."""

from __future__ import annotations

import re
from collections.abc import Mapping as Lookup
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import TypeVar

from application.register_import.mapping import Dates, Numbers
from application.register_import.sheet import Cell, as_text
from domain.geography import countries

Code = TypeVar("Code", bound=StrEnum)

_MINUS = ("-", "\u2212")
_SPACES = " \u00a0\u202f"  # what registers put between thousands when it is a space


class Misread(Exception):
    """What stands in a cell is not what the mapping says it is; `remedy` says what to do."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


def folded(text: str) -> str:
    """The text with spaces made single and case ignored, for comparing."""
    return " ".join(text.split()).casefold()


def amount(cell: Cell, numbers: Numbers) -> Decimal:
    """The amount a cell states; a number in a workbook is taken as it is. Raises Misread."""
    if isinstance(cell, Decimal):
        return cell
    text = as_text(cell).strip()
    for sign in sorted(numbers.signs, key=len, reverse=True):
        text = text.replace(sign, "")
    text = text.strip()
    negative = False
    if numbers.parentheses_negative and text.startswith("(") and text.endswith(")"):
        negative, text = True, text[1:-1].strip()
    elif text.startswith(_MINUS):
        negative, text = True, text[1:].strip()
    plain = _plain(text, numbers)
    return -plain if negative else plain


def _plain(text: str, numbers: Numbers) -> Decimal:
    whole, comma, fraction = text.partition(numbers.decimal)
    thousands = f"[{_SPACES}]" if numbers.thousands and numbers.thousands in _SPACES else re.escape(numbers.thousands)
    grouped = rf"|\d{{1,3}}({thousands}\d{{3}})+" if numbers.thousands else ""
    well_formed = re.fullmatch(rf"(\d+{grouped})", whole, re.ASCII) and (
        not comma or re.fullmatch(r"\d+", fraction, re.ASCII)
    )
    if not well_formed:
        raise Misread("is not an amount", f"Write it as {_example(numbers)}, or set [numbers] in the mapping.")
    digits = re.sub(r"\D", "", whole, flags=re.ASCII)
    return Decimal(f"{digits}.{fraction}" if comma else digits)


def _example(numbers: Numbers) -> str:
    return f"1{numbers.thousands}234{numbers.decimal}50"


def day(cell: Cell, dates: Dates) -> date:
    """The day a cell states. Raises Misread."""
    if isinstance(cell, date):
        return cell
    try:
        return datetime.strptime(as_text(cell).strip(), dates.format).date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise Misread(
            f"is not a date of the form {dates.format}", "Write it so, or set [dates] format in the mapping."
        ) from None


def code(text: str, codes: type[Code]) -> Code:
    """The code of a closed list that a text names, spaces and case apart. Raises Misread."""
    try:
        return codes(re.sub(r"[\s-]+", "_", text.strip()).casefold())
    except ValueError:
        known = ", ".join(codes)
        raise Misread(f"is none of {known}", "Translate it in the mapping, under `values`.") from None


def whole_number(text: str) -> int:
    """The whole number a text states. Raises Misread."""
    if not re.fullmatch(r"\d{1,4}", text.strip(), re.ASCII):
        raise Misread("is not a whole number", "Write digits alone.")
    return int(text)


def country(text: str) -> str:
    """The ISO 3166-1 alpha-3 code of the country a text names, by code or by name. Raises Misread."""
    found = _countries().get(folded(text))
    if found is None:
        raise Misread(
            "is no country known by that name",
            "Translate it in the mapping, under `values`: to one or more ISO 3166-1 alpha-3 codes, or to [] for none.",
        )
    return found


@cache
def _countries() -> Lookup[str, str]:
    names = {folded(name): c.iso3 for c in countries().values() for name in c.names.values()}
    return MappingProxyType({**names, **{iso3.casefold(): iso3 for iso3 in countries()}})

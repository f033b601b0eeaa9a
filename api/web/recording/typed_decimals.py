"""Amounts as people write them, in six languages, where there is only one way to understand them."""

from __future__ import annotations

import re
import unicodedata

_SPACES = re.compile(r"[\s\u00a0\u2009\u202f'\u2019\u066c]")
_GROUPED_BY_COMMAS = re.compile(r"-?\d{1,3}(,\d{3}){2,}|-?\d{1,3}(,\d{3})+\.\d*")
_GROUPED_BY_POINTS = re.compile(r"-?\d{1,3}(\.\d{3}){2,}|-?\d{1,3}(\.\d{3})+,\d*")
_DECIMAL_COMMA = re.compile(r"-?\d+,\d+")
_ONE_SEPARATOR = re.compile(r"-?[1-9]\d{0,2}[.,]\d{3}")
"""`1.234` and `1,234`: more than a thousand to some, a little more than one to others."""


class Ambiguous(ValueError):
    """The amount can be understood in two ways."""


def plain_decimal(typed: str, *, fine: bool = False) -> str:
    """The amount in plain notation such as `1234.56`; what is no amount stays as it was typed.

    A `fine` number, such as a rate, is written with a decimal point and many decimals. Raises Ambiguous.
    """
    text = _SPACES.sub("", "".join(map(_western, typed)))
    if _ONE_SEPARATOR.fullmatch(text) and not (fine and "." in text):
        raise Ambiguous(typed)
    if _GROUPED_BY_COMMAS.fullmatch(text):
        return text.replace(",", "").rstrip(".")
    if _GROUPED_BY_POINTS.fullmatch(text):
        return text.replace(".", "").replace(",", ".").rstrip(".")
    return text.replace(",", ".") if _DECIMAL_COMMA.fullmatch(text) else text


def _western(character: str) -> str:
    """A digit as Western numerals write it, and the Arabic decimal sign as a comma."""
    if character == "\u066b":
        return ","
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)

"""Amounts in words of the visitor's language."""

from __future__ import annotations

from decimal import Decimal

from babel.numbers import format_decimal

from api.languages.texts import Texts
from domain.values import Money
from domain.vocabulary import measures


def quantity(texts: Texts, amount: Money | Decimal, measure: str) -> str:
    """An amount with its currency, or with what is counted."""
    if isinstance(amount, Money):
        return f"{exact(texts, amount.amount)}\u00a0{amount.currency}"
    return f"{exact(texts, amount)} {texts.label('measure', measure) if measure in measures() else measure}"


def exact(texts: Texts, number: Decimal) -> str:
    """A number with the language's separators and every decimal that it has."""
    return str(format_decimal(number, locale=texts.locale, decimal_quantization=False))

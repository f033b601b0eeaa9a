"""Amounts in words of the visitor's language."""

from __future__ import annotations

from decimal import Decimal

from api.languages.quantities import exactly
from api.languages.texts import Texts
from domain.values import Money
from domain.vocabulary import measures


def quantity(texts: Texts, amount: Money | Decimal, measure: str) -> str:
    """An amount with its currency, or with what is counted."""
    if isinstance(amount, Money):
        return f"{exactly(texts, amount.amount)}\u00a0{amount.currency}"
    return f"{exactly(texts, amount)} {texts.label('measure', measure) if measure in measures() else measure}"

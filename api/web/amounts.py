"""Amounts in the words of a visitor's language, for templates."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from api.languages import quantities
from api.languages.texts import Texts
from domain.values import Money


@dataclass(frozen=True, slots=True)
class Amounts:
    """`api.languages.quantities` in one language."""

    texts: Texts

    def quantity(self, amount: Money | Decimal, measure: str) -> str:
        """An amount of a measure, money with its US dollars beside it."""
        return quantities.quantity(self.texts, amount, measure)

    def towards(self, amount: Decimal, unit: str, measure: str) -> str:
        """A sum in a target's own unit."""
        return quantities.amount_of(self.texts, amount, unit, measure)

    def money(self, amount: Decimal, currency: str) -> str:
        """An exact amount in a currency."""
        return quantities.in_currency(self.texts, amount, currency)

    def exactly(self, number: Decimal) -> str:
        """A number with every decimal that it has."""
        return quantities.exactly(self.texts, number)

    def measure(self, measure: str) -> str:
        """What a measure is called."""
        return quantities.measure_label(self.texts, measure)

    def isolated(self, text: str) -> str:
        """A text of somebody's own inside a sentence of ours."""
        return quantities.isolated(text)

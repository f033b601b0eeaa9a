"""The currencies an amount can be stated in.

Source: ISO 4217, the list published on 2026-01-01, without metals, codes for testing, and funds codes; the
CFA francs, the CFP franc, the East Caribbean dollar, the Caribbean guilder and the IMF's special drawing
right stay, since they are money or counted like it. Currencies that ended since 2014 stay with their last day
where it is certain, because a register reaches back further than a currency list.

Minor units are ISO's. Unicode's CLDR says how many digits people write, which is fewer for some (no fils for
the Iraqi dinar, say); a ledger keeps what the currency has.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency by its ISO 4217 code, with ISO's English name.

    `minor_units` is the number of decimals an amount can have; None where ISO gives none (XDR), so that no
    rounding is prescribed. `until` is the first day on which it was no longer money, the time beside its
    successor included; None for a current one.
    """

    code: str
    minor_units: int | None
    name: str
    until: date | None

    def current(self, on: date) -> bool:
        """Whether it had not ended by that day; that it had begun is not known here."""
        return self.until is None or on < self.until


@cache
def currencies() -> Mapping[str, Currency]:
    """Every currency by code, current and recently ended ones."""
    text = resources.files("domain").joinpath("data/currencies.csv").read_text(encoding="utf-8")
    return MappingProxyType(
        {
            row["code"]: Currency(
                code=row["code"],
                minor_units=int(row["minor_units"]) if row["minor_units"] else None,
                name=row["name"],
                until=date.fromisoformat(row["until"]) if row["until"] else None,
            )
            for row in csv.DictReader(text.splitlines())
        }
    )


def minor_units(code: str) -> int | None:
    """How many decimals an amount in this currency can have; None where ISO 4217 gives no minor unit (XDR).

    Raises `KeyError` for a code that is not in `currencies()`.
    """
    return currencies()[code].minor_units

"""What a file promises: its lines, read and grouped, before anything is looked up or decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from application.register_import.record import Key
from domain.commands import Announce
from domain.values import UsdRate
from domain.vocabulary import Sector


class Firmness(StrEnum):
    """How firm a line is: what it means for the pledge's admission to the published register."""

    ANNOUNCED = "announced"
    VALIDATED = "validated"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """The organisation that a line names."""

    name: str
    sector: Sector
    country: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What a line says has been paid, and the day that counts for it; zero where it says that nothing was."""

    amount: Decimal
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class PromisedTarget:
    """The money of one line. `amount` is what the file says; None where it says nothing.

    `payment` is None where the mapping does not speak of payments at all.
    """

    line: int
    amount: Decimal | None
    currency: str
    id: str | None = None
    usd_rate: UsdRate | None = None
    due_on: date | None = None
    payment: Payment | None = None

    @property
    def stated(self) -> bool:
        """Whether it can stand as a target: zero and below cannot."""
        return self.amount is not None and self.amount > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One pledge as the file states it; `announce` still lacks its lead, targets, source and reference."""

    lines: tuple[int, ...]
    key: Key
    lead: Lead
    firmness: Firmness
    stated_firmness: str
    announce: Announce
    targets: tuple[PromisedTarget, ...] = ()

    @property
    def line(self) -> int:
        """The first line it stands on."""
        return self.lines[0]

    @property
    def amounts(self) -> tuple[tuple[str, Decimal], ...]:
        """The stated amounts with their currencies, in a fixed order."""
        return tuple(sorted((t.currency, t.amount) for t in self.targets if t.stated and t.amount is not None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A file as it was read: what it promises, and every line that could not be taken."""

    promises: tuple[Promise, ...]
    lines: int
    repeated: int
    unused_columns: tuple[str, ...]

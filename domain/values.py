"""The values a pledge is made of: money, targets, contributions, and who acted.

Amounts are decimals, never floats. Whatever is not in US dollars carries its equivalent with the rate it was
reckoned with, fixed for ever: a total must never move because a rate table changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from uuid import UUID

from domain.vocabulary import Region, Role, Sector

CENT = Decimal("0.01")
USD = "USD"
MONEY = "money"  # the measure whose unit is a currency; every other measure is counted


@dataclass(frozen=True, slots=True, kw_only=True)
class UsdRate:
    """What one unit of a currency was worth in US dollars, on a day, according to a source."""

    rate: Decimal
    on: date
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedMoney:
    """Money as somebody states it: the rate is theirs to give or to leave to the published table."""

    amount: Decimal
    currency: str
    usd_rate: UsdRate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """Money as it is recorded, with its US dollar equivalent fixed.

    `usd` is `amount × rate`, rounded half to even to the cent; for dollars it is the amount, without a rate.
    """

    amount: Decimal
    currency: str
    usd: Decimal
    usd_rate: UsdRate | None = None

    @staticmethod
    def at(amount: Decimal, currency: str, rate: UsdRate | None) -> Money:
        """Money with the equivalent that `rate` gives it; None only for US dollars."""
        if rate is None:
            return Money(amount=amount, currency=currency, usd=amount)
        return Money(amount=amount, currency=currency, usd=to_cents(amount, rate.rate), usd_rate=rate)

    def __str__(self) -> str:
        return f"{self.amount:,f} {self.currency}"


def to_cents(amount: Decimal, rate: Decimal) -> Decimal:
    """`amount × rate`, exact before it is rounded half to even to the cent."""
    with localcontext(prec=60):
        return (amount * rate).quantize(CENT, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where a document can be seen, and its SHA-256 (64 hexadecimal digits) so that it cannot be swapped."""

    url: str
    sha256: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What was promised, measurably.

    `value` and `baseline` are absolute: a target of 120 schools from a baseline of 20 promises 100 more. For
    the measure `money` the value is money and the baseline zero.
    """

    id: str
    measure: str
    value: Money | Decimal
    baseline: Decimal = Decimal(0)
    due_on: date | None = None

    @property
    def promised(self) -> Decimal:
        """What has to be delivered, in the target's own unit or currency."""
        return self.value.amount if isinstance(self.value, Money) else self.value - self.baseline

    @property
    def usd(self) -> Decimal:
        """The promised US dollars; zero for what is not money."""
        return self.value.usd if isinstance(self.value, Money) else Decimal(0)

    @property
    def unit(self) -> str:
        """The currency, or the measure that is counted."""
        return self.value.currency if isinstance(self.value, Money) else self.measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """One act of fulfilment towards one target, on one day.

    `replaces` names the corrected contribution whose figures these are.
    """

    id: str
    target: str
    amount: Money | Decimal
    effective_on: date
    description: str | None = None
    evidence: tuple[Evidence, ...] = ()
    country: str | None = None
    replaces: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodPractice:
    """What a pledger learned and others can use."""

    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """An organisation as it was when it joined the pledge; `share` is its part of the value, of 1."""

    organisation: UUID
    sector: Sector
    country: str | None = None
    region: Region | None = None
    share: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The line of an existing register that a pledge was imported from.

    `record` is what recognises the same pledge in another export of that register.
    """

    register: str
    record: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acted: a role, its organisation and an opaque credential. Never a person's name."""

    role: Role
    organisation: UUID | None = None
    credential: UUID | None = None

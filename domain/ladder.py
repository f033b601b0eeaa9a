"""The ladder of value: announced, validated, delivered, verified; its rungs are never mixed.

As in the practice of the World Bank and of OCHA's Financial Tracking Service, a sum on one rung is never added to a
sum on another. Headline totals are those of validated pledges; what was only announced stands beside them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from decimal import Decimal, localcontext

from domain.pledge import Pledge

ZERO = Decimal(0)
DIGITS = 60
"""The precision of sums: more than any register has, so that a sum is exact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """US dollars on each rung.

    `announced` waits for BDT's decision; `validated` is promised and admitted; `delivered` is what pledgers reported
    of it; `verified` is the part of that whose evidence BDT checked.
    """

    announced: Decimal = ZERO
    validated: Decimal = ZERO
    delivered: Decimal = ZERO
    verified: Decimal = ZERO

    def __add__(self, other: Ladder) -> Ladder:
        return self._each(other, subtract=False)

    def __sub__(self, other: Ladder) -> Ladder:
        return self._each(other, subtract=True)

    def _each(self, other: Ladder, *, subtract: bool) -> Ladder:
        with localcontext(prec=DIGITS):
            return Ladder(
                **{
                    rung: getattr(self, rung) - getattr(other, rung)
                    if subtract
                    else getattr(self, rung) + getattr(other, rung)
                    for rung in RUNGS
                }
            )


RUNGS: tuple[str, ...] = tuple(field.name for field in fields(Ladder))


def ladder_of(pledge: Pledge | None) -> Ladder:
    """Where a pledge's dollars stand; nothing for none, and for one that BDT declined.

    A withdrawal cancels what was not delivered. What was delivered did happen: it stays on its own rung and, up to
    the value promised, on that of the promise.
    """
    if pledge is None or pledge.declined_on:
        return Ladder()
    if not pledge.validated_on:
        return Ladder() if pledge.withdrawn_on else Ladder(announced=pledge.value_usd)
    promised, delivered = pledge.value_usd, pledge.delivered_usd
    return Ladder(
        validated=min(promised, delivered) if pledge.withdrawn_on else promised,
        delivered=delivered,
        verified=pledge.verified_usd,
    )


def is_published(pledge: Pledge) -> bool:
    """Whether BDT admitted the pledge to the published register; the public may know of no other."""
    return pledge.validated_on is not None and pledge.declined_on is None


def is_standing(pledge: Pledge) -> bool:
    """Whether the pledge is admitted and not withdrawn: those are the pledges that a headline counts."""
    return is_published(pledge) and pledge.withdrawn_on is None


def sum_of(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum."""
    with localcontext(prec=DIGITS):
        return sum(amounts, ZERO)

"""By what a portfolio can be divided, and how a pledge's value is attributed to the parts.

A dimension gives a pledge one key or several. With full attribution a pledge counts fully in each part it touches,
so parts may exceed the whole; divided attribution gives each part its share: of a dimension that is about the
pledgers by the shares that partners gave, of any other equally. None is the key of what a pledge does not state, and of
whose pledge it is until BDT has admitted it: figures are public, and who made them is not before that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, Decimal, localcontext
from enum import StrEnum
from fractions import Fraction
from itertools import product

from domain import geography
from domain.counted import Counted
from domain.ladder import DIGITS
from domain.values import CENT, Party

Key = str | int | None


class Dimension(StrEnum):
    """By what totals can be grouped."""

    FOCUS_AREA = "focus_area"
    PILLAR = "pillar"
    TYPE = "type"
    SECTOR = "sector"
    PLEDGER_REGION = "pledger_region"
    REGION = "region"
    COUNTRY = "country"
    TARGET_GROUP = "target_group"
    BENEFICIARY_GROUP = "beneficiary_group"
    SDG = "sdg"
    WSIS_LINE = "wsis_line"
    LIFECYCLE = "lifecycle"
    REPORTING = "reporting"
    YEAR = "year"
    ORGANISATION = "organisation"


DATED = frozenset({Dimension.TARGET_GROUP, Dimension.REPORTING})
"""Their keys change with the date alone; those of all others change by facts only."""


class Attribution(StrEnum):
    """How a pledge's value is given to the parts of a portfolio that it touches."""

    FULL = "full"
    SPLIT = "split"


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """By what figures are divided, and how value is attributed to the parts."""

    by: tuple[Dimension, ...] = ()
    attribution: Attribution = Attribution.FULL

    @staticmethod
    def of(dimensions: Iterable[Dimension], attribution: Attribution) -> Division:
        """The division that is asked for; a dimension that is named twice is meant once."""
        return Division(by=tuple(dict.fromkeys(dimensions)), attribution=attribution)


@dataclass(frozen=True, slots=True)
class Part:
    """A combination of keys that a pledge belongs to, in the order of the dimensions, and its share of the value."""

    keys: tuple[Key, ...]
    share: Fraction


def parts(pledge: Counted, dimensions: Sequence[Dimension], on: date, attribution: Attribution) -> tuple[Part, ...]:
    """The parts that a pledge belongs to on a day, in the order of their keys; their shares of a divided value sum
    to one."""
    shares = [_shares(pledge, dimension, on, attribution) for dimension in dimensions]
    combinations = product(*(share.items() for share in shares))
    return tuple(
        Part(tuple(key for key, _ in combination), _multiplied(share for _, share in combination))
        for combination in combinations
    )


def keys(pledge: Counted, dimension: Dimension, on: date) -> tuple[Key, ...]:
    """The keys that a pledge has in a dimension on a day, in order; (None,) where it states none."""
    found = _KEYS[dimension](pledge, on)
    return tuple(sorted(set(found), key=order)) or (None,)


def order(key: Key) -> tuple[bool, int, str]:
    """What sorts keys: numbers by size, texts by their characters, what is not stated last."""
    return key is None, key if isinstance(key, int) else 0, key if isinstance(key, str) else ""


def divide(amount: Decimal, shares: Sequence[Fraction]) -> tuple[Decimal, ...]:
    """The amount in parts by shares that sum to one, exact to the cent: the largest remainders get the last cents.

    What is below a cent in the amount itself goes to the first part.
    """
    with localcontext(prec=DIGITS):
        whole = (amount / CENT).to_integral_value(rounding=ROUND_FLOOR)
        exact = [int(whole) * share for share in shares]
        cents = [part.__floor__() for part in exact]
        left = int(whole) - sum(cents)
        by_remainder = sorted(range(len(shares)), key=lambda n: (cents[n] - exact[n], n))
        for n in by_remainder[:left]:
            cents[n] += 1
        divided = [part * CENT for part in cents]
        divided[0] += amount - whole * CENT
        return tuple(divided)


def _shares(pledge: Counted, dimension: Dimension, on: date, attribution: Attribution) -> Mapping[Key, Fraction]:
    if attribution is Attribution.FULL:
        return dict.fromkeys(keys(pledge, dimension, on), Fraction(1))
    if (party_key := _PARTY_KEYS.get(dimension)) and not _is_withheld(pledge, dimension):
        return _by_party(pledge, party_key)
    found = keys(pledge, dimension, on)
    return dict.fromkeys(found, Fraction(1, len(found)))


def _by_party(pledge: Counted, key: Callable[[Party], Key]) -> Mapping[Key, Fraction]:
    """The shares that partners gave; without any, all of it is the lead's."""
    if pledge.lead.share is None:
        return {key(pledge.lead): Fraction(1)}
    shares: dict[Key, Fraction] = {}
    for party in (pledge.lead, *pledge.partners):
        if party.share:
            shares[key(party)] = shares.get(key(party), Fraction(0)) + Fraction(party.share)
    return dict(sorted(shares.items(), key=lambda item: order(item[0])))


def _is_withheld(pledge: Counted, dimension: Dimension) -> bool:
    return dimension is Dimension.ORGANISATION and not pledge.published


def _multiplied(shares: Iterable[Fraction]) -> Fraction:
    result = Fraction(1)
    for share in shares:
        result *= share
    return result


def _target_groups(pledge: Counted, on: date) -> Iterable[Key]:
    return {group for country in pledge.countries for group in geography.groups_of(country, on)}


_PARTY_KEYS: Mapping[Dimension, Callable[[Party], Key]] = {
    Dimension.SECTOR: lambda party: party.sector,
    Dimension.PLEDGER_REGION: lambda party: party.region,
    Dimension.ORGANISATION: lambda party: str(party.organisation),
}

_KEYS: Mapping[Dimension, Callable[[Counted, date], Iterable[Key]]] = {
    Dimension.FOCUS_AREA: lambda pledge, on: (pledge.focus_area,),
    Dimension.PILLAR: lambda pledge, on: pledge.pillars,
    Dimension.TYPE: lambda pledge, on: (pledge.type,),
    Dimension.SECTOR: lambda pledge, on: (pledge.lead.sector,),
    Dimension.PLEDGER_REGION: lambda pledge, on: (pledge.lead.region,),
    Dimension.REGION: lambda pledge, on: geography.regions_of(pledge.countries),
    Dimension.COUNTRY: lambda pledge, on: pledge.countries,
    Dimension.TARGET_GROUP: _target_groups,
    Dimension.BENEFICIARY_GROUP: lambda pledge, on: pledge.beneficiary_groups,
    Dimension.SDG: lambda pledge, on: pledge.sdgs,
    Dimension.WSIS_LINE: lambda pledge, on: pledge.wsis_lines,
    Dimension.LIFECYCLE: lambda pledge, on: (pledge.lifecycle,),
    Dimension.REPORTING: lambda pledge, on: (pledge.reporting_health(on),),
    Dimension.YEAR: lambda pledge, on: (pledge.announced_on.year,),
    Dimension.ORGANISATION: lambda pledge, on: (str(pledge.lead.organisation),) if pledge.published else (),
}

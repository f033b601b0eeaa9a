"""Totals of a portfolio: how many, how much on each rung, and how many of them were reported on.

A portfolio is any number of pledges as they were at one moment. Every percentage stands with what it is of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Context, Decimal
from uuid import UUID

from domain.counted import Counted
from domain.dimensions import Attribution, Dimension, Key, divide, order, parts
from domain.ladder import DIGITS, RUNGS, ZERO, Ladder
from domain.pledge import share_of
from domain.vocabulary import Lifecycle, ReportingHealth

_EXACT = Context(prec=DIGITS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """The totals of a portfolio or of a part of it.

    `pledges` are those admitted and not withdrawn; `organisations` (leads and partners), `countries` (of
    implementation), `reporting` and `reported` are of these. `lifecycle` is of every pledge, admitted or not.
    `reported` have a progress report at all.
    """

    pledges: int = 0
    organisations: int = 0
    countries: int = 0
    ladder: Ladder = field(default_factory=Ladder)
    lifecycle: Mapping[Lifecycle, int] = field(default_factory=dict)
    reporting: Mapping[ReportingHealth, int] = field(default_factory=dict)
    reported: int = 0

    @property
    def response_rate(self) -> Decimal | None:
        """The share of `pledges` that were reported on, of 1, to four places; None where there are no pledges."""
        return rate(self.reported, self.pledges)


@dataclass(frozen=True, slots=True)
class Group:
    """A part of a portfolio: its keys in the order of the dimensions, and its totals."""

    keys: tuple[Key, ...]
    total: Total


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals of a portfolio, and of the parts it is divided into."""

    whole: Total
    groups: tuple[Group, ...] = ()


def rate(part: int | Decimal, whole: int | Decimal) -> Decimal | None:
    """`part` of `whole`, of 1, to four places; None where there is no whole."""
    if not whole:
        return None
    return share_of(Decimal(part), Decimal(whole))


def totals(
    pledges: Iterable[Counted],
    on: date,
    dimensions: Sequence[Dimension] = (),
    attribution: Attribution = Attribution.FULL,
) -> Totals:
    """The totals of these pledges on a day, divided by the dimensions, if there are any.

    Only value is divided where attribution is: a pledge counts as one in each part that it touches. The parts are every
    combination of keys that occurs, in the order of the keys.
    """
    whole = _Tally()
    by_keys: defaultdict[tuple[Key, ...], _Tally] = defaultdict(_Tally)
    for pledge in pledges:
        whole.count(pledge, on, pledge.ladder)
        if dimensions:
            for keys, ladder in attributed(pledge, dimensions, on, attribution):
                by_keys[keys].count(pledge, on, ladder)
    in_order = sorted(by_keys.items(), key=lambda item: [order(key) for key in item[0]])
    return Totals(whole.total(), tuple(Group(keys, tally.total()) for keys, tally in in_order))


def total(pledges: Iterable[Counted], on: date) -> Total:
    """The totals of these pledges, each counted once, on a day."""
    return totals(pledges, on).whole


def attributed(
    pledge: Counted, dimensions: Sequence[Dimension], on: date, attribution: Attribution
) -> tuple[tuple[tuple[Key, ...], Ladder], ...]:
    """The parts a pledge belongs to, each with what it gets of the pledge's value."""
    ladder, touched = pledge.ladder, parts(pledge, dimensions, on, attribution)
    if attribution is Attribution.FULL:
        return tuple((part.keys, ladder) for part in touched)
    shares = [part.share for part in touched]
    by_rung = {rung: divide(getattr(ladder, rung), shares) for rung in RUNGS}
    return tuple(
        (part.keys, Ladder(**{rung: amounts[n] for rung, amounts in by_rung.items()})) for n, part in enumerate(touched)
    )


class _Tally:
    """Counts pledges into a total."""

    def __init__(self) -> None:
        self._organisations: set[UUID] = set()
        self._countries: set[str] = set()
        self._sums = dict.fromkeys(RUNGS, ZERO)
        self._lifecycle: defaultdict[Lifecycle, int] = defaultdict(int)
        self._reporting: defaultdict[ReportingHealth, int] = defaultdict(int)
        self._pledges = self._reported = 0

    def count(self, pledge: Counted, on: date, ladder: Ladder) -> None:
        self._lifecycle[pledge.lifecycle] += 1
        for rung in RUNGS:
            self._sums[rung] = _EXACT.add(self._sums[rung], getattr(ladder, rung))
        if not pledge.standing:
            return
        self._pledges += 1
        self._reported += bool(pledge.reports)
        self._reporting[pledge.reporting_health(on)] += 1
        self._countries.update(pledge.countries)
        self._organisations.update(party.organisation for party in (pledge.lead, *pledge.partners))

    def total(self) -> Total:
        return Total(
            pledges=self._pledges,
            organisations=len(self._organisations),
            countries=len(self._countries),
            ladder=Ladder(**self._sums),
            lifecycle=dict(sorted(self._lifecycle.items())),
            reporting=dict(sorted(self._reporting.items())),
            reported=self._reported,
        )

"""What is measured, what it is held against, and whether a target is reached."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from benchmarks.rounds import Rounds

OURS = "p2c-ledger"
"""What the ledger itself is called in tables."""


class Better(StrEnum):
    """Which of two figures is the better one."""

    MORE = "more"
    LESS = "less"


@dataclass(frozen=True, slots=True)
class Series:
    """One contender's figure in every round. There is at least one round."""

    contender: str
    rounds: Rounds

    @property
    def median(self) -> float:
        """The figure that is reported."""
        return statistics.median(self.rounds)

    @property
    def lowest(self) -> float:
        """One end of the spread."""
        return min(self.rounds)

    @property
    def highest(self) -> float:
        """The other end."""
        return max(self.rounds)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a target asked for, what was found, in words, and whether that is enough.

    `found` and `reached` are None where the contender it is held against was not there. `share` is how much of what
    was asked for was found: 1 is just enough, more is better.
    """

    wanted: str
    found: str | None = None
    reached: bool | None = None
    share: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AtLeast:
    """`of` is to be so many times as good as `against`: as fast, or done in that part of the time."""

    of: str
    against: str
    factor: float
    wording: str = ""

    def verdict(self, measure: Measure) -> Verdict:
        """Whether it is."""
        wanted = self.wording or f"{plain(self.factor)} × {self.against}"
        times = measure.times_as_good(self.of, self.against)
        if times is None:
            return Verdict(wanted)
        return Verdict(wanted, f"{plain(times)} ×", times >= self.factor, times / self.factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Below:
    """The median of `of` is to be below that of `against`."""

    of: str
    against: str

    def verdict(self, measure: Measure) -> Verdict:
        """Whether it is."""
        wanted = f"{self.of} below {self.against}"
        one, other = measure.series_of(self.of), measure.series_of(self.against)
        if one is None or other is None:
            return Verdict(wanted)
        found = f"{plain(one.median)} {measure.unit} beside {plain(other.median)}"
        return Verdict(wanted, found, one.median < other.median, other.median / one.median)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowsAtMost:
    """`of` may be at most so many times `against`."""

    of: str
    against: str
    factor: float

    def verdict(self, measure: Measure) -> Verdict:
        """Whether it is not more."""
        wanted = f"at most {plain(self.factor)} × {self.against}"
        grown = measure.ratio(self.of, self.against)
        if grown is None:
            return Verdict(wanted)
        return Verdict(wanted, f"{plain(grown)} ×", grown <= self.factor, self.factor / grown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Under:
    """The median of `of` is to be under a bound, in the unit of the measure."""

    of: str
    bound: float

    def verdict(self, measure: Measure) -> Verdict:
        """Whether it is."""
        wanted = f"under {plain(self.bound)} {measure.unit}"
        series = measure.series_of(self.of)
        if series is None:
            return Verdict(wanted)
        median = series.median
        share = self.bound / median if median else None
        return Verdict(wanted, f"{plain(median)} {measure.unit}", median < self.bound, share)


Target = AtLeast | Below | GrowsAtMost | Under


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One question, the figures of all contenders, and the targets.

    `unit` is that of the figures, `notes` says what a reader has to know to believe them.
    """

    title: str
    unit: str
    better: Better
    series: Sequence[Series]
    targets: Sequence[Target] = ()
    notes: Sequence[str] = field(default=())

    @classmethod
    def of_figure(cls, figure: str, found: Mapping[str, Mapping[str, Rounds]], **described: object) -> Measure:
        """The measure that one figure of all contenders makes."""
        series = [Series(name, figures[figure]) for name, figures in found.items() if figure in figures]
        return cls(series=series, **described)  # type: ignore[arg-type]

    def series_of(self, contender: str) -> Series | None:
        """The contender's figures; None where it was not measured."""
        return next((series for series in self.series if series.contender == contender), None)

    def ratio(self, of: str, against: str) -> float | None:
        """How many times the figure of one is that of the other: the median of what each round says of its own two."""
        return self._paired(of, against, lambda one, other: one / other)

    def times_as_good(self, of: str, against: str) -> float | None:
        """The same, so that more is better."""
        return self.ratio(of, against) if self.better is Better.MORE else self.ratio(against, of)

    def verdicts(self) -> Sequence[Verdict]:
        """What came of each target."""
        return [target.verdict(self) for target in self.targets]

    def _paired(self, of: str, against: str, compare: Callable[[float, float], float]) -> float | None:
        one, other = self.series_of(of), self.series_of(against)
        if one is None or other is None:
            return None
        return statistics.median(map(compare, one.rounds, other.rounds))


def plain(figure: float) -> str:
    """A figure as people write it: three digits that count, thousands apart, no zeros that say nothing."""
    if abs(figure) >= 100:
        return f"{figure:,.0f}"
    return f"{figure:.3g}" if abs(figure) >= 0.001 or not figure else f"{figure:.1g}"

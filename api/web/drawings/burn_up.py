"""The way towards the goal: validated, delivered and verified dollars as steps through time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.ladder import Ladder

LINES = 5
"""At most so many lines has the grid above its ground."""

UNITS = (1, 10**6, 10**9)

GOAL_IN_SIGHT = Decimal("0.2")
"""Where less than this part of the goal is reached, the drawing shows the way so far, and the goal beyond it."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The size of a drawing, and the room around its field, in its own units."""

    width: int
    height: int
    left: int = 44
    right: int = 14
    top: int = 26
    bottom: int = 26


@dataclass(frozen=True, slots=True)
class Curve:
    """A rung's way, as the path that draws it; `last` is where it ends."""

    rung: str
    path: str
    last: tuple[float, float]
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark on an axis: where it is, and the number that it stands for."""

    at: float
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnUpDrawing:
    """All that is drawn; `goal` is None where it lies beyond. Sums are written in units of so many US dollars."""

    frame: Frame
    curves: Sequence[Curve]
    years: Sequence[Mark]
    sums: Sequence[Mark]
    unit: int
    goal: float | None


def burn_up_drawing(
    course: Sequence[tuple[date, Ladder]], *, goal: Decimal, goal_on: date, frame: Frame
) -> BurnUpDrawing | None:
    """The drawing of a course; None where nothing was promised yet."""
    if not course:
        return None
    first, last = date(course[0][0].year, 1, 1), max(goal_on, course[-1][0])
    reached = max(max(ladder.validated, ladder.delivered, Decimal(1)) for _, ladder in course)
    goal_in_sight = reached >= goal * GOAL_IN_SIGHT
    highest = max(goal, reached) if goal_in_sight else reached
    step = _round_step(highest / LINES)
    x = _scale(first.toordinal(), last.toordinal(), frame.left, frame.width - frame.right)
    y = _scale(0, float(highest), frame.height - frame.bottom, frame.top)
    return BurnUpDrawing(
        frame=frame,
        curves=[
            _curve(rung, [(x(day.toordinal()), getattr(ladder, rung)) for day, ladder in course], y)
            for rung in ("validated", "delivered", "verified")
        ],
        years=list(_years(first, last, x, frame)),
        sums=list(_sums(step, highest, y)),
        unit=max(unit for unit in UNITS if unit <= step),
        goal=y(float(goal)) if goal_in_sight else None,
    )


def _curve(rung: str, points: Sequence[tuple[float, Decimal]], y: _Scale) -> Curve:
    moves = [f"M{points[0][0]:.1f} {y(0):.1f}"]
    for x, usd in points:
        moves.append(f"H{x:.1f}V{y(float(usd)):.1f}")
    return Curve(rung, "".join(moves), (points[-1][0], y(float(points[-1][1]))), points[-1][1])


def _years(first: date, last: date, x: _Scale, frame: Frame) -> Iterator[Mark]:
    years = range(first.year, last.year + 1)
    room = (frame.width - frame.left - frame.right) / len(years)
    every = 1 if room >= 40 else 2
    for year in years[::every]:
        yield Mark(x(date(year, 1, 1).toordinal()), year)


def _sums(step: int, highest: Decimal, y: _Scale) -> Iterator[Mark]:
    for value in range(0, int(highest) + 1, step):
        yield Mark(y(value), value)


def _round_step(least: Decimal) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50 … that is not less."""
    power = 10 ** max(least.adjusted(), 0)
    return next(int(digit * power) for digit in (1, 2, 5, 10) if digit * power >= least)


class _Scale:
    """From a value to a place, in proportion."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self._low, self._start = low, start
        self._by = (end - start) / ((high - low) or 1.0)

    def __call__(self, value: float) -> float:
        return round(self._start + (value - self._low) * self._by, 1)


_scale = _Scale

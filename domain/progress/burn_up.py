"""How validated, delivered and verified value grew, month by month, towards the goal of the coalition.

The goal is the one that Partner2Connect announced: commitments of USD 100 billion by the end of 2026.
"""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal

from domain.ladder import Ladder, ladder_of
from domain.progress.course import Course
from domain.progress.report import BurnUp, BurnUpPoint, Proportion

GOAL = Decimal("100000000000")
GOAL_ON = date(2026, 12, 31)


def burn_up(courses: Iterable[Course], until: date) -> BurnUp:
    """Where the portfolio stood at every month's end from the first announcement on, and at the end of `until`."""
    points = tuple(_points(courses, until))
    reached = points[-1].validated if points else Ladder().validated
    return BurnUp(goal=GOAL, goal_on=GOAL_ON, points=points, reached=Proportion(reached, GOAL))


def _points(courses: Iterable[Course], until: date) -> Iterator[BurnUpPoint]:
    changes: defaultdict[date, Ladder] = defaultdict(Ladder)
    announced: list[date] = []
    for course in courses:
        announced += [day for day, pledge in zip(course.days, course.states, strict=True) if pledge][:1]
        for month, change in _changes(course, until):
            changes[month] += change
    if not announced:
        return
    reached = Ladder()
    for month in _months(min(announced), until):
        reached += changes[month]
        yield BurnUpPoint(month, reached.validated, reached.delivered, reached.verified)


def _changes(course: Course, until: date) -> Iterator[tuple[date, Ladder]]:
    """By how much the pledge's rungs changed within each month in which they did."""
    at_ends = {_end_of_month(day, until): pledge for day, pledge in zip(course.days, course.states, strict=True)}
    before = Ladder()
    for month, pledge in at_ends.items():
        after = ladder_of(pledge)
        if after != before:
            yield month, after - before
        before = after


def _months(first: date, until: date) -> Iterator[date]:
    month = _end_of_month(first, until)
    while month < until:
        yield month
        month = _end_of_month(month + timedelta(days=1), until)
    yield until


def _end_of_month(day: date, until: date) -> date:
    """The last day of the month, or `until` where that comes before."""
    return min(day.replace(day=monthrange(day.year, day.month)[1]), until)

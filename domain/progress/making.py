"""A periodic progress report, made from the facts.

Everything is folded from the facts that were recorded by one position. What opened the period is what was true by
the day before it, what closes it is what was true by its last day; both as far as the register knew at that position.
Facts recorded late thus come into the report of the period in which they were true.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from operator import attrgetter
from uuid import UUID

from domain import totals
from domain.counted import counted_of
from domain.dimensions import Dimension
from domain.events import PledgeEvent
from domain.obligations import Names
from domain.progress import answers as heard
from domain.progress.burn_up import burn_up
from domain.progress.course import Course, course
from domain.progress.happenings import changes, waiting
from domain.progress.movements import differences, movements, reclassifications
from domain.progress.portfolio import Passage, cut, headline, reach, top
from domain.progress.report import CUTS, Balance, Period, ProgressReport
from domain.vocabulary import BeneficiaryGroup, CountryGroup

Facts = Sequence[PledgeEvent]
"""What was recorded of one pledge, in the order of recording."""


def progress_report(
    period: Period,
    facts: Mapping[UUID, Facts],
    names: Names,
    *,
    position: int,
    recorded_at: datetime | None,
    rules_version: int,
) -> ProgressReport:
    """The report for a period, from all facts recorded up to a position, by pledge."""
    before = period.start - timedelta(days=1)
    courses = [course(of_pledge, period.end) for of_pledge in facts.values()]
    passages = _passages(courses, before)
    cuts = {dimension: cut(passages, dimension, period.end) for dimension in CUTS}
    moved = differences(facts.values(), before, period.end)
    answers = heard.answers(passages, period)
    return ProgressReport(
        period=period,
        position=position,
        recorded_at=recorded_at,
        rules_version=rules_version,
        headline=headline(passages),
        unadmitted=waiting(passages),
        opening=_balance(courses, before),
        movements=movements(moved),
        closing=_balance(courses, period.end),
        cuts=tuple(cuts.values()),
        least_developed=reach(cuts[Dimension.TARGET_GROUP], CountryGroup.LDC),
        women=reach(cuts[Dimension.BENEFICIARY_GROUP], BeneficiaryGroup.WOMEN_AND_GIRLS),
        top_sdgs=top(cuts[Dimension.SDG]),
        changes=changes(passages, period, names),
        responses=heard.response_rates(answers, period.end),
        reporting=heard.reporting_state(answers, names, period.end),
        self_assessments=heard.self_assessments(answers),
        challenges=heard.voices(answers, names, attrgetter("challenges")),
        next_steps=heard.voices(answers, names, attrgetter("next_steps")),
        good_practices=heard.good_practices(answers, period, names),
        burn_up=burn_up(courses, period.end),
        reclassified=reclassifications(moved),
    )


def _passages(courses: Iterable[Course], before: date) -> list[Passage]:
    """The pledges that exist when the period closes, by reference."""
    closing = ((course, course.states[-1]) for course in courses if course.states)
    found = [Passage(course, course.on(before), pledge) for course, pledge in closing if pledge]
    return sorted(found, key=lambda passage: passage.closing.reference)


def _balance(courses: Iterable[Course], on: date) -> Balance:
    return Balance(on, totals.total((counted_of(pledge) for course in courses if (pledge := course.on(on))), on))

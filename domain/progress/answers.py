"""Who was heard in the period and what they said; who was not, and since when they owe it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import groupby
from operator import attrgetter

from domain.counted import counted_of
from domain.dimensions import Dimension, Key, keys, order
from domain.events import Reported
from domain.good_practices import Story, stories
from domain.obligations import Names, called, obligations
from domain.pledge import Pledge
from domain.progress.portfolio import Passage
from domain.progress.report import (
    Assessment,
    Debtor,
    HealthBucket,
    Period,
    Proportion,
    ReportingState,
    Response,
    ResponseRates,
    Voice,
)
from domain.schedule import reporting_health
from domain.vocabulary import ReportingHealth, SelfAssessment


@dataclass(frozen=True)
class Answer:
    """A pledge, the reports on it whose own period ends in the period, and all its reports by then.

    A report is effective on the last day of what it covers, so each belongs to exactly one of successive periods.
    """

    pledge: Pledge
    reports: tuple[Reported, ...]
    stands: bool
    by_then: tuple[Reported, ...]

    @cached_property
    def latest(self) -> Reported:
        """The report on the latest period."""
        return max(self.reports, key=attrgetter("period_end"))


def answers(passages: Iterable[Passage], period: Period) -> list[Answer]:
    """The published pledges, each with its reports of the period, if there are any."""
    return [_answer(passage, period) for passage in passages if passage.is_published]


def response_rates(answers: Iterable[Answer], on: date) -> ResponseRates:
    """Pledges reported on out of those that stand, of all and by what they are."""
    standing = [answer for answer in answers if answer.stands]

    def by(dimension: Dimension) -> tuple[Response, ...]:
        return _responses(standing, lambda answer: keys(counted_of(answer.pledge), dimension, on))

    return ResponseRates(
        overall=_reported(standing),
        by_sector=by(Dimension.SECTOR),
        by_focus_area=by(Dimension.FOCUS_AREA),
        by_type=by(Dimension.TYPE),
    )


def reporting_state(answers: Iterable[Answer], names: Names, on: date) -> ReportingState:
    """In which state of reporting the standing pledges are, and who owes a report."""
    standing = [answer.pledge for answer in answers if answer.stands]
    found = Counter(reporting_health(pledge, on) for pledge in standing)
    return ReportingState(
        buckets=tuple(HealthBucket(health, Proportion(found[health], len(standing))) for health in ReportingHealth),
        debtors=debtors(standing, names, on),
    )


def debtors(pledges: Iterable[Pledge], names: Names, on: date) -> tuple[Debtor, ...]:
    """Who owes reports on these pledges, by name, each with what is owed, the longest owed first."""
    found = []
    for lead, group in groupby(obligations(pledges, names, on), key=attrgetter("lead")):
        owed = tuple(group)
        found.append(Debtor(lead, called(lead, names), owed[0].sector, owed[0].due_on, owed))
    return tuple(found)


def self_assessments(answers: Iterable[Answer]) -> tuple[Assessment, ...]:
    """How the pledges that stand and were reported on judge themselves."""
    latest = Counter(answer.latest.self_assessment for answer in answers if answer.stands and answer.reports)
    return tuple(Assessment(given, Proportion(latest[given], latest.total())) for given in SelfAssessment)


def voices(answers: Iterable[Answer], names: Names, said: Callable[[Reported], str | None]) -> tuple[Voice, ...]:
    """What was said in the reports, by reference and period; those that say nothing of it are left out."""
    found = [
        Voice(
            reference=answer.pledge.reference,
            title=answer.pledge.title,
            lead=answer.pledge.lead.organisation,
            lead_name=called(answer.pledge.lead.organisation, names),
            sector=answer.pledge.lead.sector,
            focus_area=answer.pledge.focus_area,
            period_start=report.period_start,
            period_end=report.period_end,
            self_assessment=report.self_assessment,
            text=text,
        )
        for answer in answers
        for report in answer.reports
        if (text := said(report))
    ]
    return tuple(sorted(found, key=attrgetter("reference", "period_start")))


def good_practices(answers: Iterable[Answer], period: Period, names: Names) -> tuple[Story, ...]:
    """The good practices that the reports of the period tell, by reference and period."""
    found = [story for answer in answers for story in stories(answer.pledge, answer.by_then, names)]
    told = (story for story in found if story.period_end in period)
    return tuple(sorted(told, key=attrgetter("reference", "period_start", "number")))


def _answer(passage: Passage, period: Period) -> Answer:
    by_then = tuple(fact for fact in passage.course.facts if isinstance(fact, Reported))
    in_period = tuple(report for report in by_then if report.period_end in period)
    return Answer(passage.closing, in_period, passage.stands, by_then)


def _responses(answers: Sequence[Answer], keys_of: Callable[[Answer], Iterable[Key]]) -> tuple[Response, ...]:
    parts: dict[Key, list[Answer]] = {}
    for answer in answers:
        for key in keys_of(answer):
            parts.setdefault(key, []).append(answer)
    return tuple(Response(key, _reported(parts[key])) for key in sorted(parts, key=order))


def _reported(answers: Sequence[Answer]) -> Proportion:
    return Proportion(sum(bool(answer.reports) for answer in answers), len(answers))

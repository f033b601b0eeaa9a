"""Random portfolios: several pledges with lives of their own, and periods to report on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid5

from hypothesis import strategies as st

from domain.events import (
    Amended,
    Announced,
    ContributionVerified,
    Declined,
    Fulfilled,
    PledgeEvent,
    ScaledDown,
    ScaledUp,
    Validated,
    Withdrawn,
)
from domain.pledge import Pledge, fold
from domain.progress.making import progress_report
from domain.progress.report import Period, ProgressReport
from tests.given import ANNOUNCED_ON, SPACE, organisation, validated
from tests.lives import histories

Facts = tuple[PledgeEvent, ...]
Portfolio = dict[UUID, Facts]

NAMES = {organisation(name).id: name for name in ("Lead", "Partner", "Other")}


def pledge(number: int, *history: PledgeEvent) -> dict[UUID, Facts]:
    """A history as that of the pledge with a number of its own."""
    id = uuid5(SPACE, f"pledge {number}")
    return {id: tuple(_relabelled(event, id, number, version) for version, event in enumerate(history, start=1))}


def portfolio(*histories: Sequence[PledgeEvent]) -> Portfolio:
    """These histories, each that of another pledge."""
    return {id: facts for n, history in enumerate(histories, 1) for id, facts in pledge(n, *history).items()}


def _relabelled(event: PledgeEvent, id: UUID, number: int, version: int) -> PledgeEvent:
    more: dict[str, Any] = {"reference": f"P2C-2024-{number:06d}"} if isinstance(event, Announced) else {}
    return replace(event, originator_id=id, originator_version=version, **more)


@st.composite
def _dated(draw: st.DrawFn) -> Facts:
    """A life whose every fact was true on some day of its first three years, admitted in most cases.

    Random lives decide everything on one day, after which few periods begin.
    """
    history = list(draw(histories))
    admit = draw(_in_most_cases)
    if history and admit and not any(isinstance(fact, Validated | Declined) for fact in history):
        history.insert(1, validated(ANNOUNCED_ON))
    movable = (Validated, Declined, ScaledUp, ScaledDown, Fulfilled, Withdrawn, ContributionVerified, Amended)
    return tuple(
        replace(fact, effective_on=draw(_early if isinstance(fact, Validated) else _days_of_life))
        if isinstance(fact, movable)
        else fact
        for fact in history
    )


_in_most_cases = st.sampled_from((True, True, True, False))
_early = st.integers(0, 200).map(lambda n: ANNOUNCED_ON + timedelta(days=n))
_days_of_life = st.integers(0, 1_000).map(lambda n: ANNOUNCED_ON + timedelta(days=n))

portfolios = st.lists(_dated(), min_size=1, max_size=3).map(lambda found: portfolio(*found))

days = st.integers(-40, 1_400).map(lambda n: ANNOUNCED_ON + timedelta(days=n))
periods = st.tuples(st.integers(-40, 900), st.integers(0, 500)).map(
    lambda drawn: Period(ANNOUNCED_ON + timedelta(days=drawn[0]), ANNOUNCED_ON + timedelta(days=sum(drawn)))
)


def on(facts: Sequence[PledgeEvent], day: date) -> Pledge | None:
    """The pledge as it was in the world by a day, folded in the plainest way."""
    return fold(None, (fact for fact in facts if fact.effective_on <= day))


def report(facts: Portfolio, period: Period) -> ProgressReport:
    """The report on a portfolio."""
    return progress_report(period, facts, NAMES, position=17, recorded_at=None, rules_version=1)

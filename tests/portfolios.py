"""Random portfolios: several pledges with lives of their own, and periods to report on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid5

from hypothesis import strategies as st

from domain.events import Announced, PledgeEvent
from domain.pledge import Pledge, fold
from domain.progress.making import progress_report
from domain.progress.report import Period, ProgressReport
from tests.given import ANNOUNCED_ON, SPACE, organisation
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


portfolios = st.lists(histories, min_size=1, max_size=4).map(lambda found: portfolio(*found))

days = st.integers(-40, 1_400).map(lambda n: ANNOUNCED_ON + timedelta(days=n))
periods = st.tuples(days, st.integers(0, 500)).map(lambda drawn: Period(drawn[0], drawn[0] + timedelta(days=drawn[1])))


def on(facts: Sequence[PledgeEvent], day: date) -> Pledge | None:
    """The pledge as it was in the world by a day, folded in the plainest way."""
    return fold(None, (fact for fact in facts if fact.effective_on <= day))


def report(facts: Portfolio, period: Period) -> ProgressReport:
    """The report on a portfolio."""
    return progress_report(period, facts, NAMES, position=17, recorded_at=None, rules_version=1)

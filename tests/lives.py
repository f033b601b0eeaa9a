"""Random lives: any command in any order, so that every state meets every command."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

from hypothesis import strategies as st

from domain.commands import (
    Amend,
    Announce,
    Contribute,
    ContributionStatement,
    Correct,
    Decline,
    Fulfil,
    Partner,
    PledgeCommand,
    QueryContribution,
    Report,
    ScaleDown,
    ScaleUp,
    TargetStatement,
    Validate,
    VerifyContribution,
    Withdraw,
)
from domain.decisions import decide
from domain.events import Description, PledgeEvent
from domain.pledge import Pledge, fold
from domain.refusals import Refused
from domain.values import Evidence, GoodPractice, StatedMoney, UsdRate
from domain.vocabulary import BeneficiaryGroup, FocusArea, PledgeType, SelfAssessment
from tests.given import ANNOUNCED_ON, PLEDGE, TODAY, Given, given, organisation

TARGET_IDS = ("schools", "money")
MEASURES = {"schools": "schools_connected", "money": "money", "people": "people_trained"}

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(str.strip)
# A few days around the announcement, and some in the future, so that dates meet each other often.
days = st.integers(-5, 900).map(lambda n: ANNOUNCED_ON + timedelta(days=n))
past_days = st.integers(0, 800).map(lambda n: ANNOUNCED_ON + timedelta(days=n))
rates = st.builds(
    UsdRate,
    rate=st.decimals(min_value="0.0001", max_value="5", places=4),
    on=st.just(ANNOUNCED_ON),
    source=st.just("test"),
)
contribution_ids = st.sampled_from(("c1", "c2"))
evidence = st.just(()) | st.just((Evidence(url="https://example.org/a"),))
country_lists = st.lists(st.sampled_from(("KEN", "UGA", "BGD")), max_size=3).map(tuple)


def _amounts(measure: str, least: int) -> st.SearchStrategy[StatedMoney | Decimal]:
    """Amounts from `least` on: 1 for what can be recorded, less for what must be refused."""
    if measure != "money":
        return st.decimals(min_value=least, max_value=200, places=0)
    return st.builds(
        StatedMoney,
        amount=st.decimals(min_value=least, max_value=200, places=0),
        currency=st.sampled_from(("USD", "EUR", "JPY")),
        usd_rate=rates if least > 0 else st.none() | rates,
    )


# Cached, here and below: hypothesis looks at a strategy as a whole when it first draws from it, which takes longer than
# the draw. What chooses a strategy by what was drawn before has to choose from those that there are.
@cache
def _target(id: str, least: int = -1) -> st.SearchStrategy[TargetStatement]:
    return st.builds(
        TargetStatement,
        id=st.just(id),
        measure=st.just(MEASURES[id]),
        value=_amounts(MEASURES[id], least),
        baseline=st.just(Decimal(0)) if least > 0 else st.sampled_from((Decimal(0), Decimal(3))),
        due_on=st.none() | days,
    )


@cache
def _contribution(target: str, least: int = -1) -> st.SearchStrategy[ContributionStatement]:
    return st.builds(
        ContributionStatement,
        target=st.just(target),
        amount=_amounts(MEASURES[target], least),
        effective_on=past_days if least > 0 else days,
        id=st.none() | contribution_ids,
        description=st.none() | texts,
        evidence=evidence,
        country=st.sampled_from((None, "KEN")) if least > 0 else st.sampled_from(("KEN", "XXX")),
    )


@cache
def _some_targets(least: int) -> st.SearchStrategy[tuple[TargetStatement, ...]]:
    ids = st.lists(st.sampled_from(TARGET_IDS), max_size=2, unique=least > 0).map(tuple)
    return ids.flatmap(lambda chosen: _targets(chosen, least))


@cache
def _targets(ids: tuple[str, ...], least: int) -> st.SearchStrategy[tuple[TargetStatement, ...]]:
    return st.tuples(*(_target(id, least) for id in ids))


def _some_contributions(least: int, fewest: int = 0) -> st.SearchStrategy[tuple[ContributionStatement, ...]]:
    one = st.sampled_from(TARGET_IDS).flatmap(lambda target: _contribution(target, least))
    return st.lists(one, min_size=fewest, max_size=2).map(tuple)


def _partners() -> st.SearchStrategy[tuple[Partner, ...]]:
    shares = st.sampled_from((None, "0.25"))
    return st.just(()) | shares.map(
        lambda share: (
            Partner(organisation=organisation("Partner").id, share=None if share is None else Decimal(share)),
        )
    )


def _announcements(least: int) -> st.SearchStrategy[Announce]:
    return st.builds(
        Announce,
        reference=st.just("P2C-2024-000001"),
        lead=st.just(organisation("Lead").id),
        title=texts,
        description=texts,
        type=st.sampled_from(PledgeType),
        focus_area=st.just(FocusArea.ACCESS),
        partners=_partners(),
        targets=st.tuples(_target("schools", 1), _target("money", 1)) if least > 0 else _some_targets(least),
        countries=country_lists,
        beneficiary_groups=st.lists(st.sampled_from(BeneficiaryGroup), max_size=2).map(tuple),
        sdgs=st.lists(st.integers(1, 17), max_size=3).map(tuple),
        announced_on=st.just(ANNOUNCED_ON),
        starts_on=st.none() if least > 0 else st.none() | days,
        ends_on=st.none() | days,
    )


def _reports(least: int) -> st.SearchStrategy[Report]:
    return st.builds(
        lambda start, length, **more: Report(period_start=start, period_end=start + timedelta(days=length), **more),
        start=past_days if least > 0 else days,
        length=st.integers(0, 90) if least > 0 else st.integers(-5, 90),
        narrative=texts,
        self_assessment=st.sampled_from(SelfAssessment),
        good_practices=st.lists(st.builds(GoodPractice, title=texts, text=texts), max_size=1).map(tuple),
        contributions=_some_contributions(least),
    )


def _later(least: int) -> st.SearchStrategy[PledgeCommand]:
    return st.one_of(
        st.builds(Contribute, contributions=_some_contributions(least, fewest=1)),
        st.builds(Contribute, contributions=_some_contributions(least, fewest=1)),
        st.builds(Contribute, contributions=_some_contributions(least, fewest=1)),
        _reports(least),
        st.builds(
            ScaleUp,
            targets=_some_targets(least),
            new_targets=st.just(()) | st.tuples(_target("people", least)),
            countries=country_lists,
            ends_on=st.none() | days,
        ),
        st.builds(ScaleDown, targets=_some_targets(least), reason=texts, effective_on=st.none() | past_days),
        st.builds(VerifyContribution, contribution=contribution_ids, note=st.none() | texts),
        st.builds(QueryContribution, contribution=contribution_ids, question=texts),
        st.builds(
            Correct,
            contribution=contribution_ids,
            reason=texts,
            replacement=st.none() | st.sampled_from(TARGET_IDS).flatmap(lambda target: _contribution(target, least)),
        ),
        st.builds(
            Amend,
            changes=st.builds(Description, title=st.none() | texts, sdgs=st.none() | st.just((4,))),
            reason=texts,
        ),
        st.builds(Validate, note=st.none() | texts),
        st.builds(
            Fulfil,
            statement=texts,
            effective_on=st.none() | past_days,
            contributions=_some_contributions(least),
        ),
    )


_endings: st.SearchStrategy[PledgeCommand] = st.one_of(
    st.builds(Decline, reason=texts),
    st.builds(Withdraw, reason=texts, superseded_by=st.none() | st.just("P2C-2024-000002")),
)

commands: st.SearchStrategy[PledgeCommand] = st.one_of(
    _later(least=-1), _later(least=1), _announcements(least=-1), _endings
)
"""Any command, lawful or not."""

# An ending comes last and seldom, so that lives are long enough to be worth looking at.
lives = st.builds(
    lambda first, rest, end: (first, *rest, *end, *rest[:2]),
    _announcements(least=1),
    st.lists(_later(least=1), min_size=5, max_size=14),
    st.lists(_endings, max_size=1),
)


def live(life: Sequence[PledgeCommand], on: date = TODAY) -> tuple[PledgeEvent, ...]:
    """The facts that a sequence of commands leads to, each on the state the earlier ones left."""
    circumstances = given().on(on).at
    facts: tuple[PledgeEvent, ...] = ()
    pledge: Pledge | None = None
    for command in life:
        try:
            new = decide(PLEDGE, pledge, command, circumstances)
        except Refused:
            continue
        facts += new
        pledge = fold(pledge, new)
    return facts


histories = lives.map(live)
"""Lawful histories of one pledge."""


def after(history: Sequence[PledgeEvent]) -> Given:
    """The history, ready to be asked something."""
    return Given(tuple(history))

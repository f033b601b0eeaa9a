"""What facts did, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from api.languages.texts import texts
from api.web.stories import Story, Words, story
from domain.events import (
    Amended,
    AnyEvent,
    ContributionQueried,
    Corrected,
    Deactivated,
    Description,
    PledgeEvent,
    Published,
    Registered,
    Renamed,
    Reported,
    ScaledDown,
    ScaledUp,
    SnapshotIdentity,
    TargetChange,
    Withdrawn,
)
from domain.pledge import Pledge, evolve, fold
from domain.values import Evidence, GoodPractice, Money, Target
from domain.vocabulary import LANGUAGES, FocusArea, Sector, SelfAssessment
from tests.given import (
    RATE,
    announced,
    contributed,
    contribution,
    declined,
    fulfilled,
    header,
    money,
    schools,
    usd,
    validated,
    verified,
)
from tests.lives import histories

DAY = date(2025, 5, 3)
ENGLISH = texts("en")
EUROS = Money.at(Decimal("1000000.50"), "EUR", RATE)


def told(event: AnyEvent, *before: PledgeEvent) -> Story:
    return story(event, fold(None, before), ENGLISH)


def change(before: Target, after: Target) -> TargetChange:
    return TargetChange(before=before, after=after)


def isolated(text: str) -> str:
    return f"\u2068{text}\u2069"


@pytest.mark.parametrize(
    ("event", "title"),
    [
        (announced(), "Announced"),
        (announced(schools(120)), "Announced, promising 120 schools"),
        (
            announced(schools(120, baseline=Decimal(20)), money(usd(5000))),
            "Announced, promising 120 schools from a baseline of 20 and USD\xa05,000",
        ),
        (announced(money(EUROS)), "Announced, promising EUR\xa01,000,000.50 (USD\xa01,250,000.62)"),
        (validated(), "Admitted to the public register by BDT"),
        (declined(), "Not admitted to the public register by BDT"),
        (
            ScaledUp(**header(DAY), targets=(change(schools(120), schools(200)),)),
            "Scaled up from 120 to 200 schools",
        ),
        (
            ScaledUp(
                **header(DAY),
                targets=(change(schools(120), schools(200)), change(money(usd(10)), money(usd(20)))),
                new_targets=(Target(id="p", measure="people_trained", value=Decimal(1)),),
                new_countries=("KEN", "UGA"),
                ends_on=DAY,
            ),
            "Scaled up: from 120 to 200 schools, from USD\xa010 to USD\xa020, a new target of 1 person trained,"
            " also in Kenya and Uganda and until 3 May 2025",
        ),
        (
            ScaledUp(**header(DAY), ends_on_before=date(2025, 1, 1), ends_on=DAY),
            "Scaled up: until 3 May 2025 instead of 1 January 2025",
        ),
        (
            ScaledDown(**header(DAY), targets=(change(schools(200), schools("80.5")),), reason="x"),
            "Scaled down from 200 to 80.5 (Schools connected)",
        ),
        (contributed(contribution("c1", 40, on=DAY, country="KEN")), "Delivered 40 schools in Kenya on 3 May 2025"),
        (contributed(contribution("c1", 1, on=DAY)), "Delivered 1 school on 3 May 2025"),
        (
            contributed(contribution("c1", 40, on=DAY, country="KEN"), contribution("c2", usd("7.5"), "money", on=DAY)),
            "Delivered 40 schools in Kenya and USD\xa07.50 on 3 May 2025",
        ),
        (fulfilled(), "Declared to be fulfilled"),
        (verified("c9"), "BDT verified a contribution: 10 schools on 1 January 2025"),
        (
            ContributionQueried(**header(DAY), contribution="c0", question="?"),
            f"BDT asked about a contribution: {isolated('c0')}",
        ),
        (
            Corrected(**header(DAY), contribution="c9", reason="x", replacement=contribution("c10", 9)),
            "Put a contribution right: 9 schools instead of 10 schools on 1 January 2025",
        ),
        (
            Corrected(**header(DAY), contribution="c9", reason="x"),
            "Took a contribution back: 10 schools on 1 January 2025",
        ),
        (Withdrawn(**header(DAY), reason="x"), "Withdrawn"),
        (Withdrawn(**header(DAY), reason="x", superseded_by="P-2"), "Withdrawn; P-2 takes its place"),
        (
            Registered(**header(DAY), name="A", sector=Sector.OTHER),
            f"{isolated('A')} joined the register",
        ),
        (Renamed(**header(DAY), name="B", former_name="A"), f"Renamed from {isolated('A')} to {isolated('B')}"),
        (Deactivated(**header(DAY), reason="x"), "Takes on no new pledges any more"),
        (
            Published(
                **header(DAY),
                title="2025",
                snapshot=SnapshotIdentity(position=1234, effective_on=DAY, rules_version=1, digest="d"),
            ),
            "BDT published the register at position 1,234, effective on 3 May 2025",
        ),
    ],
)
def test_what_a_fact_did_is_told_in_a_sentence(event: AnyEvent, title: str):
    before = (announced(schools(120), money(usd(10))), contributed(contribution("c9", 10)))
    assert told(event, *before).title == title


def test_what_somebody_wrote_stands_apart_under_a_label():
    noted = replace(validated(), note="Complete.")
    assert told(noted, announced()).words == (Words("Note", "Complete."),)
    assert told(declined(), announced()).words == (Words("Reason", "not a pledge"),)
    assert told(announced()).words == (Words("Title", "Schools online"),)


def test_evidence_and_what_it_takes_the_place_of_are_told_of_a_contribution():
    given = contribution("c2", 3, evidence=(Evidence(url="https://example.org"),), replaces="c1", description="Late.")
    found = told(contributed(given), announced(schools(10)))
    assert found.details == (
        f"It takes the place of the contribution {isolated('c1')}",
        "1 document is given as evidence",
    )
    assert found.words == (Words("Description", "Late."),)


def test_a_report_tells_its_time_and_how_the_pledger_judges_itself():
    report = Reported(
        **header(DAY),
        period_start=date(2024, 5, 4),
        period_end=DAY,
        narrative="Long.",
        self_assessment=SelfAssessment.AT_RISK,
        good_practices=(GoodPractice(title="a", text="b"), GoodPractice(title="c", text="d")),
    )
    found = told(report, announced())
    assert found.title == "Reported on the time from 4 May 2024 to 3 May 2025; own assessment: At risk"
    assert found.details == ("With 2 good practices",)


def test_an_amendment_tells_what_was_written_and_what_is():
    amended = Amended(
        **header(DAY),
        before=Description(
            title="Skools", countries=("KEN",), focus_area=FocusArea.ACCESS, description="Old.", sdgs=()
        ),
        after=Description(
            title="Schools", countries=("KEN", "UGA"), focus_area=FocusArea.ADOPTION, description="New.", sdgs=(4,)
        ),
        reason="spelling",
    )
    found = told(amended, announced())
    assert found.title == ("Put right: Title, Description, Focus area, Countries and Sustainable Development Goals")
    assert found.details == (
        f"Title: {isolated('Schools')} instead of {isolated('Skools')}",
        "Focus area: Adoption: Empowering communities instead of Access: Connecting people everywhere",
        "Countries: Kenya and Uganda instead of Kenya",
        "Sustainable Development Goals: Quality education instead of nothing",
    )
    assert found.words == (Words("Reason", "spelling"), Words("Before", "Old."), Words("Now", "New."))


def test_a_correction_that_reopens_a_pledge_says_so():
    corrected = Corrected(**header(DAY), contribution="c1", reason="x", reopens=True)
    assert told(corrected, announced(schools(1))).details == ("The pledge is open again",)


def test_numbers_days_and_labels_are_those_of_the_language():
    delivered = contributed(contribution("c1", usd("1234567.5"), "money", on=DAY, country="KEN"))
    russian = story(delivered, fold(None, [announced(money(usd(1)))]), texts("ru"))
    assert "USD\xa01\xa0234\xa0567,50" in russian.title
    assert "Кения" in russian.title
    assert "3 мая 2025" in russian.title


@settings(max_examples=15)
@drawn(histories, st.sampled_from(LANGUAGES))
def test_every_fact_of_every_life_has_words_in_every_language(history: Sequence[PledgeEvent], language: str):
    before: Pledge | None = None
    for event in history:
        found = story(event, before, texts(language))
        assert found.title
        assert "{" not in found.title
        assert language != "en" or not found.title.endswith(".")
        before = evolve(before, event)

"""What a report on a period says, sentence by sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.dimensions import Dimension
from domain.events import PledgeEvent, ScaledDown, ScaledUp, TargetChange
from domain.ladder import Ladder
from domain.progress.report import Cut, Figure, Period, ProgressReport, Proportion, Row, Unnamed, Value
from domain.values import GoodPractice
from domain.vocabulary import BeneficiaryGroup, CountryGroup, FocusArea, ReportingHealth, SelfAssessment
from tests.given import (
    announced,
    contributed,
    contribution,
    declined,
    fulfilled,
    header,
    money,
    organisation,
    party,
    reported,
    usd,
    validated,
    verified,
    withdrawn,
)
from tests.portfolios import portfolio, report

YEAR = Period(date(2025, 1, 1), date(2025, 12, 31))
BEFORE, WITHIN, AFTER = date(2024, 3, 1), date(2025, 3, 1), date(2026, 3, 1)


def of(*histories: Sequence[PledgeEvent]) -> ProgressReport:
    return report(portfolio(*histories), YEAR)


def admitted(amount: int, on: date = BEFORE, **more: Any) -> tuple[PledgeEvent, ...]:
    return announced(money(usd(amount)), on=on, **more), validated(on)


def delivering(amount: int, on: date, id: str = "c1") -> PledgeEvent:
    return contributed(contribution(id, usd(amount), "money", on))


def reporting(start: date, end: date, **said: Any) -> PledgeEvent:
    return replace(reported(start, end), **said)


def scaled(before: int, after: int, on: date) -> PledgeEvent:
    change = TargetChange(before=money(usd(before)), after=money(usd(after)))
    if after > before:
        return ScaledUp(**header(on), targets=(change,))
    return ScaledDown(**header(on), targets=(change,), reason="less money")


def row(cut: Cut, key: object) -> Row:
    return next(row for row in cut.rows if row.key == key)


def test_a_report_opens_the_day_before_and_closes_on_the_last_day() -> None:
    made = of(
        (*admitted(100), delivering(10, date(2024, 12, 31)), delivering(20, date(2025, 1, 1), "c2")),
        admitted(200, on=date(2025, 12, 31)),
        admitted(400, on=date(2026, 1, 1)),
    )

    assert made.opening.on == date(2024, 12, 31)
    assert made.opening.total.ladder == Ladder(validated=Decimal(100), delivered=Decimal(10))
    assert made.closing.on == date(2025, 12, 31)
    assert made.closing.total.ladder == Ladder(validated=Decimal(300), delivered=Decimal(30))


def test_what_moved_is_told_by_cause() -> None:
    made = of((*admitted(100), delivering(30, WITHIN)), admitted(200, on=WITHIN))

    moved = {movement.cause: (movement.pledges, movement.counted, movement.change) for movement in made.movements}
    assert moved == {
        "new": (1, 0, Ladder(announced=Decimal(200))),
        "validated": (1, 1, Ladder(announced=Decimal(-200), validated=Decimal(200))),
        "delivered": (1, 0, Ladder(delivered=Decimal(30))),
    }


def test_a_fact_recorded_late_belongs_to_the_period_in_which_it_was_true() -> None:
    made = of((*admitted(100), delivering(5, AFTER, "c2"), delivering(30, WITHIN)))

    assert made.closing.total.ladder.delivered == 30
    assert made.headline.pledges == Figure(1, 0)


def test_new_is_what_stands_now_and_did_not_before() -> None:
    made = of(
        admitted(100, countries=("KEN",)),
        admitted(200, on=WITHIN, lead=party("Other"), countries=("KEN", "UGA")),
        (announced(money(usd(400)), on=BEFORE), validated(WITHIN)),
        (*admitted(800, on=WITHIN), withdrawn(WITHIN)),
        (announced(money(usd(1_600)), on=WITHIN),),
    )

    assert made.headline.pledges == Figure(3, 2)
    assert made.headline.value == Value(Decimal(700), Decimal(600))
    assert made.headline.organisations == Figure(2, 1)
    assert made.headline.countries == Figure(2, 1)
    assert made.unadmitted == Unnamed(1, Decimal(1_600))


def test_a_cut_tells_of_each_part_what_it_has_and_what_is_new() -> None:
    made = of(
        (*admitted(100, focus_area=FocusArea.ACCESS), delivering(5, BEFORE), delivering(10, WITHIN, "c2")),
        admitted(200, on=WITHIN, focus_area=FocusArea.ACCESS),
        admitted(400, focus_area=FocusArea.ADOPTION),
    )

    cut = made.cut(Dimension.FOCUS_AREA)
    assert [row.key for row in cut.rows] == ["access", "adoption"]
    assert row(cut, "access") == Row(
        key="access",
        pledges=2,
        ladder=Ladder(validated=Decimal(300), delivered=Decimal(15)),
        new_pledges=1,
        new_value=Decimal(200),
        new_delivered=Decimal(10),
    )
    assert row(cut, "adoption").new_delivered == 0


def test_a_pledge_counts_fully_in_each_region_and_once_in_the_whole() -> None:
    cut = of(admitted(100, countries=("KEN", "BGD"))).cut(Dimension.REGION)

    assert {row.key: row.ladder.validated for row in cut.rows} == {"africa": 100, "asia_pacific": 100}
    assert cut.whole.pledges == 1
    assert cut.whole.ladder.validated == 100


def test_the_share_for_least_developed_countries_is_of_the_last_day() -> None:
    facts = portfolio(admitted(100, countries=("BGD",)), admitted(300, countries=("KEN",)))

    while_in_the_group = report(facts, Period(date(2026, 1, 1), date(2026, 11, 23))).least_developed
    assert while_in_the_group.pledges == Proportion(1, 2)
    assert while_in_the_group.value == Proportion(Decimal(100), Decimal(400))
    assert while_in_the_group.value.rate == Decimal("0.2500")
    after_leaving_it = report(facts, Period(date(2026, 1, 1), date(2026, 11, 24))).least_developed
    assert after_leaving_it.pledges == Proportion(0, 2)


def test_a_country_that_leaves_a_group_moves_what_touches_it_and_nothing_else() -> None:
    facts = portfolio((*admitted(100, countries=("BGD",)), delivering(10, WITHIN)), admitted(300, countries=("KEN",)))

    made = report(facts, Period(date(2026, 1, 1), date(2026, 12, 31)))

    (left,) = made.reclassified
    assert (left.group, left.countries, left.pledges) == (CountryGroup.LDC, ("BGD",), -1)
    assert left.change == Ladder(validated=Decimal(-100), delivered=Decimal(-10))
    assert made.movements == ()
    assert report(facts, YEAR).reclassified == ()


def test_the_share_naming_women_is_of_pledges_and_of_value() -> None:
    women = of(
        admitted(100, beneficiary_groups=(BeneficiaryGroup.WOMEN_AND_GIRLS,)), admitted(100), admitted(200)
    ).women

    assert women.pledges == Proportion(1, 3)
    assert women.value.rate == Decimal("0.2500")


def test_a_share_of_nothing_has_no_rate() -> None:
    assert of().women.pledges.rate is None
    assert of().burn_up.points == ()


def test_the_top_goals_are_those_that_most_pledges_name() -> None:
    made = of(admitted(100, sdgs=(4, 9)), admitted(50, sdgs=(9, 5)), admitted(10))

    assert [(row.key, row.pledges) for row in made.top_sdgs] == [(9, 2), (4, 1), (5, 1)]


def test_what_happened_is_listed_with_its_day_its_dollars_and_its_reason() -> None:
    made = of(
        (*admitted(100), fulfilled(WITHIN)),
        (*admitted(100), scaled(100, 150, WITHIN), scaled(150, 120, date(2025, 4, 1))),
        (*admitted(100), delivering(30, BEFORE), withdrawn(WITHIN)),
        (*admitted(100), fulfilled(BEFORE)),
        (*admitted(100), scaled(100, 150, AFTER)),
    ).changes

    def told(name: str) -> list[tuple[str, date, Decimal, str | None]]:
        return [(c.reference[-1], c.on, c.usd, c.reason) for c in getattr(made, name)]

    assert told("fulfilled") == [("1", WITHIN, Decimal(100), "Done.")]
    assert told("scaled_up") == [("2", WITHIN, Decimal(50), None)]
    assert told("scaled_down") == [("2", date(2025, 4, 1), Decimal(-30), "less money")]
    assert told("withdrawn") == [("3", WITHIN, Decimal(70), "no funds")]
    assert made.fulfilled[0].lead_name == "Lead"


def test_what_was_never_admitted_is_counted_and_not_named() -> None:
    made = of(
        (announced(money(usd(100)), on=BEFORE), declined(WITHIN)),
        (announced(money(usd(200)), on=BEFORE), withdrawn(WITHIN)),
        (announced(money(usd(400)), on=BEFORE), declined(BEFORE)),
    )

    assert made.changes.declined == Unnamed(1, Decimal(100))
    assert made.changes.withdrawn_before_admission == Unnamed(1, Decimal(200))
    assert made.changes.withdrawn == ()
    assert made.unadmitted == Unnamed(0, Decimal(0))


def test_a_response_rate_is_of_the_pledges_that_stand() -> None:
    report_ = reported(BEFORE, WITHIN)
    made = of(
        (*admitted(1, focus_area=FocusArea.ACCESS), report_),
        (*admitted(1, focus_area=FocusArea.ACCESS),),
        (*admitted(1, focus_area=FocusArea.ADOPTION), reported(BEFORE, AFTER)),
        (*admitted(1), report_, withdrawn(date(2025, 6, 1))),
    ).responses

    assert made.overall == Proportion(1, 3)
    assert {r.key: r.reported for r in made.by_focus_area} == {"access": Proportion(1, 2), "adoption": Proportion(0, 1)}
    assert made.overall.rate == Decimal("0.3333")


def test_a_report_counts_in_the_period_in_which_its_own_ends() -> None:
    facts = portfolio((*admitted(1), reported(date(2024, 7, 1), date(2025, 1, 1))))

    assert report(facts, YEAR).responses.overall.part == 1
    assert report(facts, Period(date(2024, 1, 1), date(2024, 12, 31))).responses.overall.part == 0


def test_an_assessment_is_the_latest_of_those_who_answered() -> None:
    made = of(
        (
            *admitted(1),
            reporting(date(2025, 4, 1), date(2025, 6, 1), self_assessment=SelfAssessment.DELAYED),
            reporting(date(2025, 1, 1), date(2025, 3, 1), self_assessment=SelfAssessment.ON_TRACK),
        ),
        admitted(1),
    )

    assert {a.self_assessment: a.pledges for a in made.self_assessments if a.pledges.part} == {
        SelfAssessment.DELAYED: Proportion(1, 1)
    }
    assert len(made.self_assessments) == len(SelfAssessment)


def test_who_owes_a_report_is_told_by_organisation() -> None:
    made = of(
        admitted(1, on=date(2024, 2, 1)),
        admitted(1, on=date(2024, 1, 1)),
        (*admitted(1, on=date(2022, 1, 1), lead=party("Other")), reported(date(2022, 1, 1), date(2022, 12, 31))),
        admitted(1, on=date(2025, 11, 1)),
    ).reporting

    assert [(d.lead_name, d.since, [o.reference[-1] for o in d.obligations]) for d in made.debtors] == [
        ("Lead", date(2025, 1, 1), ["2", "1"]),
        ("Other", date(2023, 12, 31), ["3"]),
    ]
    assert {b.health: b.pledges for b in made.buckets} == {
        ReportingHealth.NOT_DUE: Proportion(1, 4),
        ReportingHealth.DUE: Proportion(0, 4),
        ReportingHealth.OVERDUE: Proportion(0, 4),
        ReportingHealth.SILENT: Proportion(1, 4),
        ReportingHealth.NEVER_REPORTED: Proportion(2, 4),
    }


def test_pledgers_are_heard_in_their_own_words() -> None:
    made = of(
        (
            *admitted(1),
            reporting(
                BEFORE, date(2024, 6, 1), challenges="Old news", good_practices=(GoodPractice(title="A", text="a"),)
            ),
            reporting(
                date(2025, 1, 1),
                WITHIN,
                challenges="No licence",
                good_practices=(GoodPractice(title="B", text="b"), GoodPractice(title="C", text="c")),
            ),
        ),
        (*admitted(1), reporting(date(2025, 1, 1), WITHIN, next_steps="Build masts")),
    )

    assert [(voice.reference[-1], voice.text) for voice in made.challenges] == [("1", "No licence")]
    assert [(voice.reference[-1], voice.text) for voice in made.next_steps] == [("2", "Build masts")]
    assert [(story.title, story.number, story.lead_name) for story in made.good_practices] == [
        ("B", 2, "Lead"),
        ("C", 3, "Lead"),
    ]


def test_the_burn_up_has_a_point_at_every_months_end_and_at_the_last_day() -> None:
    made = report(
        portfolio(
            (*admitted(100, on=date(2025, 1, 15)), delivering(40, date(2025, 3, 1)), verified("c1", date(2025, 3, 20)))
        ),
        Period(date(2025, 3, 1), date(2025, 3, 10)),
    ).burn_up

    assert [(point.on, point.validated, point.delivered, point.verified) for point in made.points] == [
        (date(2025, 1, 31), Decimal(100), Decimal(0), Decimal(0)),
        (date(2025, 2, 28), Decimal(100), Decimal(0), Decimal(0)),
        (date(2025, 3, 10), Decimal(100), Decimal(40), Decimal(0)),
    ]
    assert (made.goal, made.goal_on) == (Decimal("100000000000"), date(2026, 12, 31))
    assert made.reached == Proportion(Decimal(100), Decimal("100000000000"))


def test_an_organisation_without_a_name_goes_by_its_id() -> None:
    nameless = organisation("Nobody").id

    made = of((*admitted(1, lead=party("Nobody")), fulfilled(WITHIN)))

    assert made.changes.fulfilled[0].lead_name == str(nameless)


def test_a_period_does_not_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="before it starts on 2025-01-02"):
        Period(date(2025, 1, 2), date(2025, 1, 1))
    assert date(2025, 1, 1) in Period(date(2025, 1, 1), date(2025, 1, 1))


def test_a_report_has_no_cut_that_it_does_not_make() -> None:
    with pytest.raises(KeyError):
        of().cut(Dimension.COUNTRY)

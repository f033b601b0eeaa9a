"""A pledge's life after its announcement: what each command leads to, and when it is refused."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from domain import refusals
from domain.commands import (
    Amend,
    Contribute,
    Correct,
    Decline,
    Fulfil,
    QueryContribution,
    Report,
    ScaleDown,
    ScaleUp,
    Validate,
    VerifyContribution,
    Withdraw,
)
from domain.events import (
    Amended,
    ContributionQueried,
    ContributionVerified,
    Corrected,
    Declined,
    Description,
    Fulfilled,
    Reported,
    ScaledDown,
    ScaledUp,
    TargetChange,
    Validated,
    Withdrawn,
)
from domain.pledge import Standing
from domain.values import Evidence, GoodPractice, Money, StatedMoney, UsdRate
from domain.vocabulary import FocusArea, Lifecycle, SelfAssessment
from tests.given import (
    ANNOUNCED_ON,
    RATE,
    TODAY,
    announced,
    contributed,
    contribution,
    declined,
    delivering,
    fulfilled,
    given,
    header,
    money,
    reported,
    schools,
    stating,
    usd,
    validated,
    verified,
    withdrawn,
)

TOMORROW = TODAY + timedelta(days=1)
DAY = date(2025, 1, 1)
LATER = date(2025, 3, 1)
REPORT = Report(
    period_start=date(2024, 1, 1),
    period_end=date(2024, 12, 31),
    narrative="Forty schools so far.",
    self_assessment=SelfAssessment.ON_TRACK,
)


# Admission


def test_bdt_admits_a_pledge():
    given(announced()).when(Validate(note="complete")).then(Validated(**header(TODAY), note="complete"))


def test_bdt_declines_a_pledge_with_a_reason():
    given(announced()).when(Decline(reason="not measurable")).then(Declined(**header(TODAY), reason="not measurable"))


@pytest.mark.parametrize("decision", [validated(), declined()])
@pytest.mark.parametrize("command", [Validate(), Decline(reason="late")])
def test_admission_is_decided_once(decision, command):
    given(announced(), decision).when(command).refused(refusals.AlreadyDecided)


def test_a_withdrawn_pledge_is_not_admitted_any_more():
    given(announced(), withdrawn()).when(Validate()).refused(refusals.PledgeClosed)


def test_declining_needs_a_reason():
    given(announced()).when(Decline(reason=" ")).refused(refusals.UnacceptableText, field="reason")


def test_an_imported_admission_can_be_dated_back_but_not_before_the_announcement():
    given(announced()).when(Validate(effective_on=DAY)).then(Validated(**header(DAY)))
    given(announced()).when(Validate(effective_on=ANNOUNCED_ON - timedelta(days=1))).refused(
        refusals.BeforeAnnouncement
    )


# Scaling up and down


def test_a_pledger_raises_a_target_and_both_values_are_recorded():
    change = TargetChange(before=schools(120), after=schools(200))
    given(announced(schools(120))).when(ScaleUp(targets=(stating(schools(200)),))).then(
        ScaledUp(**header(TODAY), targets=(change,))
    )


def test_a_pledger_adds_targets_countries_and_time():
    outcome = (
        given(announced(schools(120), countries=("KEN",), ends_on=date(2026, 12, 31)))
        .when(ScaleUp(new_targets=(stating(money(usd(5))),), countries=("KEN", "UGA"), ends_on=date(2027, 12, 31)))
        .then(
            ScaledUp(
                **header(TODAY),
                new_targets=(money(usd(5)),),
                new_countries=("UGA",),
                ends_on_before=date(2026, 12, 31),
                ends_on=date(2027, 12, 31),
            )
        )
    )
    assert outcome.pledge.scaled_up
    assert [t.id for t in outcome.pledge.targets] == ["schools", "money"]
    assert outcome.pledge.countries == ("KEN", "UGA")
    assert outcome.pledge.ends_on == date(2027, 12, 31)


@pytest.mark.parametrize(
    "command",
    [
        ScaleUp(),
        ScaleUp(countries=("KEN",)),
        ScaleUp(targets=(stating(schools(120)),)),
        ScaleUp(targets=(stating(schools(119)),)),
        ScaleUp(targets=(stating(schools(130), baseline=Decimal(20)),)),
        ScaleUp(ends_on=date(2026, 12, 31)),
        ScaleUp(ends_on=date(2026, 1, 1)),
    ],
)
def test_a_scaling_up_must_raise_something(command):
    history = announced(schools(120), countries=("KEN",), ends_on=date(2026, 12, 31))
    given(history).when(command).refused(refusals.NothingRises)


def test_a_new_target_needs_a_new_id():
    given(announced(schools(120))).when(ScaleUp(new_targets=(stating(schools(5)),))).refused(refusals.DuplicateTargets)


def test_a_raised_target_keeps_its_rate_unless_a_new_one_is_given():
    promised = Money(amount=Decimal(100), currency="EUR", usd=Decimal(125), usd_rate=RATE)
    history = given(announced(money(promised)))
    kept = history.when(ScaleUp(targets=(stating(money(promised), value=200),))).pledge
    assert kept.targets[0].usd == 250
    new_rate = UsdRate(rate=Decimal("1.5"), on=DAY, source="UN")
    value = StatedMoney(amount=Decimal(200), currency="EUR", usd_rate=new_rate)
    changed = history.when(ScaleUp(targets=(replace(stating(money(promised)), value=value),))).pledge
    assert changed.targets[0].usd == 300


def test_a_target_cannot_change_its_measure_or_currency():
    history = given(announced(money(usd(5))))
    in_euro = StatedMoney(amount=Decimal(10), currency="EUR", usd_rate=RATE)
    given_target = replace(stating(money(usd(5))), value=in_euro)
    history.when(ScaleUp(targets=(given_target,))).refused(refusals.MeasureMismatch)
    history.when(ScaleUp(targets=(replace(stating(schools(10)), id="money"),))).refused(refusals.MeasureMismatch)


def test_an_unknown_target_is_refused_with_the_known_ones():
    outcome = given(announced(schools(1))).when(ScaleUp(targets=(stating(schools(9), id="roads"),)))
    assert "schools" in outcome.refused(refusals.UnknownTarget).remedy


def test_a_pledger_lowers_a_target_and_says_why():
    change = TargetChange(before=schools(120), after=schools(100))
    given(announced(schools(120))).when(ScaleDown(targets=(stating(schools(100)),), reason="costs")).then(
        ScaledDown(**header(TODAY), targets=(change,), reason="costs")
    )


def test_a_scaling_down_needs_a_reason_and_a_lower_value():
    history = given(announced(schools(120)))
    history.when(ScaleDown(targets=(stating(schools(100)),), reason="")).refused(refusals.UnacceptableText)
    history.when(ScaleDown(targets=(stating(schools(120)),), reason="x")).refused(refusals.NothingFalls)
    history.when(ScaleDown(targets=(), reason="x")).refused(refusals.NothingFalls)


def test_a_target_cannot_fall_below_what_is_delivered():
    history = given(announced(schools(120)), contributed(contribution("c1", 80)))
    history.when(ScaleDown(targets=(stating(schools(79)),), reason="x")).refused(refusals.BelowDelivered)
    assert history.when(ScaleDown(targets=(stating(schools(80)),), reason="x")).pledge.targets[0].promised == 80


@pytest.mark.parametrize("end", [fulfilled(), withdrawn(), declined()])
def test_a_closed_pledge_is_not_scaled(end):
    history = given(announced(schools(1)), contributed(contribution("c1", 1)), end)
    history.when(ScaleUp(targets=(stating(schools(2)),))).refused(refusals.PledgeClosed)
    history.when(ScaleDown(targets=(stating(schools(1)),), reason="x")).refused(refusals.PledgeClosed)


# Contributions


def test_a_contribution_is_recorded_under_the_next_free_id():
    given(announced(schools(120)), contributed(contribution("c1", 5))).when(
        Contribute(contributions=(delivering(7), delivering(8)))
    ).then(contributed(contribution("c2", 7), contribution("c3", 8)))


def test_a_contribution_may_bring_its_own_id_once():
    history = given(announced(schools(120)), contributed(contribution("visit-1", 5)))
    history.when(Contribute(contributions=(delivering(7, id="visit-2"),))).then(contributed(contribution("visit-2", 7)))
    history.when(Contribute(contributions=(delivering(7, id="visit-1"),))).refused(
        refusals.ContributionAlreadyRecorded, field="contributions.0.id"
    )
    history.when(Contribute(contributions=(delivering(7, id="a"), delivering(8, id="a")))).refused(
        refusals.ContributionAlreadyRecorded, field="contributions.1.id"
    )


def test_contributions_of_several_days_are_facts_of_their_own_days():
    given(announced(schools(120))).when(
        Contribute(contributions=(delivering(1, on=LATER), delivering(2, on=DAY), delivering(3, on=LATER)))
    ).then(
        contributed(contribution("c2", 2, on=DAY)),
        contributed(contribution("c1", 1, on=LATER), contribution("c3", 3, on=LATER)),
    )


@pytest.mark.parametrize(
    ("bad", "because", "field"),
    [
        (delivering(1, target="roads"), refusals.UnknownTarget, "contributions.0.target"),
        (delivering(0), refusals.NotPositive, "contributions.0.quantity"),
        (delivering(-1), refusals.NotPositive, "contributions.0.quantity"),
        (delivering("0.0000001"), refusals.UnacceptableAmount, "contributions.0.quantity"),
        (delivering(1, on=TOMORROW), refusals.DateInFuture, "contributions.0.effective_on"),
        (
            delivering(1, on=ANNOUNCED_ON - timedelta(days=1)),
            refusals.BeforeAnnouncement,
            "contributions.0.effective_on",
        ),
        (delivering(1, country="XXX"), refusals.UnknownCodes, None),
        (delivering(1, id="a b"), refusals.UnacceptableText, "contributions.0.id"),
        (delivering(1, evidence=(Evidence(url="javascript:x"),)), refusals.UnacceptableText, None),
        (
            delivering(1, evidence=(Evidence(url="https://x.org", sha256="AB"),)),
            refusals.UnacceptableText,
            "contributions.0.evidence.0.sha256",
        ),
        (
            delivering(StatedMoney(amount=Decimal(1), currency="USD")),
            refusals.MeasureMismatch,
            "contributions.0.amount",
        ),
    ],
)
def test_a_wrong_contribution_is_refused_and_the_field_named(bad, because, field):
    given(announced(schools(120))).when(Contribute(contributions=(bad,))).refused(because, field=field)


def test_a_contribution_on_the_day_of_the_announcement_counts():
    day = delivering(1, on=ANNOUNCED_ON)
    assert given(announced(schools(1))).when(Contribute(contributions=(day,))).pledge.delivered(schools(1)) == 1


def test_a_record_of_deliveries_has_at_least_one():
    given(announced(schools(1))).when(Contribute(contributions=())).refused(refusals.NothingDelivered)


@pytest.mark.parametrize("end", [withdrawn(), declined()])
def test_nothing_is_delivered_towards_a_pledge_that_was_left(end):
    given(announced(schools(120)), end).when(Contribute(contributions=(delivering(1),))).refused(refusals.PledgeClosed)


def test_more_than_promised_may_be_delivered_even_after_fulfilment():
    history = given(announced(schools(10)), contributed(contribution("c1", 10)), fulfilled())
    pledge = history.when(Contribute(contributions=(delivering(5),))).pledge
    assert pledge.share(pledge.targets[0]) == Decimal("1.5000")
    assert pledge.lifecycle is Lifecycle.FULFILLED


def test_completing_every_target_does_not_close_the_pledge():
    pledge = given(announced(schools(10)), validated()).when(Contribute(contributions=(delivering(10),))).pledge
    assert pledge.lifecycle is Lifecycle.IN_PROGRESS


def test_the_same_currency_counts_as_it_is_and_another_through_dollars():
    promised = Money(amount=Decimal(1000), currency="EUR", usd=Decimal(1250), usd_rate=RATE)
    other_rate = replace(RATE, rate=Decimal("1.50"))
    euros = delivering(StatedMoney(amount=Decimal(100), currency="EUR", usd_rate=other_rate), target="money")
    dollars = delivering(StatedMoney(amount=Decimal(250), currency="USD"), target="money")
    pledge = given(announced(money(promised))).when(Contribute(contributions=(euros, dollars))).pledge
    assert pledge.delivered(pledge.targets[0]) == Decimal(300)
    assert pledge.share(pledge.targets[0]) == Decimal("0.3000")
    assert pledge.delivered_usd == Decimal("400.00")


# Reports


def test_a_report_is_effective_on_the_last_day_of_its_period():
    report = replace(
        REPORT, challenges="rain", next_steps="go on", good_practices=(GoodPractice(title="Masts", text="Share."),)
    )
    given(announced()).when(report).then(
        Reported(
            **header(date(2024, 12, 31)),
            period_start=date(2024, 1, 1),
            period_end=date(2024, 12, 31),
            narrative="Forty schools so far.",
            self_assessment=SelfAssessment.ON_TRACK,
            challenges="rain",
            next_steps="go on",
            good_practices=(GoodPractice(title="Masts", text="Share."),),
        )
    )


def test_a_report_brings_its_contributions_along():
    outcome = given(announced(schools(120))).when(replace(REPORT, contributions=(delivering(40),)))
    assert [type(fact).__name__ for fact in outcome.facts] == ["Reported", "PartiallyFulfilled"]
    assert outcome.pledge.delivered(schools(120)) == 40


def test_a_report_with_a_wrong_contribution_is_refused_whole():
    given(announced(schools(120))).when(replace(REPORT, contributions=(delivering(0),))).refused(refusals.NotPositive)


@pytest.mark.parametrize(
    ("start", "end", "because"),
    [
        (date(2025, 1, 2), date(2025, 1, 1), refusals.EndBeforeStart),
        (TODAY, TOMORROW, refusals.DateInFuture),
        (date(2023, 1, 1), date(2023, 12, 31), refusals.BeforeAnnouncement),
        (date(2024, 12, 31), date(2025, 6, 30), refusals.PeriodOverlaps),
        (date(2023, 6, 1), date(2024, 1, 1), refusals.PeriodOverlaps),
        (date(2024, 3, 1), date(2024, 4, 1), refusals.PeriodOverlaps),
    ],
)
def test_a_report_covers_a_past_period_of_its_own(start, end, because):
    history = given(announced(), reported(date(2024, 1, 1), date(2024, 12, 31)))
    history.when(replace(REPORT, period_start=start, period_end=end)).refused(because)


def test_the_day_after_the_last_report_can_be_reported_on():
    history = given(announced(), reported(date(2024, 1, 1), date(2024, 12, 31)))
    outcome = history.when(replace(REPORT, period_start=date(2025, 1, 1), period_end=date(2025, 1, 1)))
    assert len(outcome.pledge.reports) == 2


# Fulfilment


def test_a_pledge_is_fulfilled_by_a_statement_once_its_targets_are_met():
    given(announced(schools(10)), contributed(contribution("c1", 10))).when(Fulfil(statement="Kept.")).then(
        Fulfilled(**header(TODAY), statement="Kept.")
    )


def test_the_last_contributions_may_come_with_the_fulfilment():
    given(announced(schools(10))).when(
        Fulfil(statement="Kept.", contributions=(delivering(10),), effective_on=LATER)
    ).then(contributed(contribution("c1", 10)), Fulfilled(**header(LATER), statement="Kept."))


def test_a_fulfilment_is_refused_while_a_target_is_not_met_and_says_what_is_missing():
    outcome = given(announced(schools(10), money(usd(5)))).when(
        Fulfil(statement="Kept.", contributions=(delivering(9),))
    )
    assert outcome.refused(refusals.TargetsNotMet).missing == {
        "schools": "1 schools_connected missing",
        "money": "5 USD missing",
    }


def test_a_pledge_without_targets_is_fulfilled_by_its_statement():
    given(announced()).when(Fulfil(statement="The law passed.")).then(
        Fulfilled(**header(TODAY), statement="The law passed.")
    )
    given(announced()).when(Fulfil(statement=" ")).refused(refusals.UnacceptableText, field="statement")
    given(announced()).when(Fulfil(statement="Kept.", evidence=(Evidence(url="ftp://x"),))).refused(
        refusals.UnacceptableText, field="evidence.0.url"
    )


def test_a_pledge_is_fulfilled_once():
    given(announced(), fulfilled()).when(Fulfil(statement="Again.")).refused(refusals.AlreadyFulfilled)


@pytest.mark.parametrize("end", [withdrawn(), declined()])
def test_a_pledge_that_was_left_is_not_fulfilled(end):
    given(announced(), end).when(Fulfil(statement="Kept.")).refused(refusals.PledgeClosed)


# Checking contributions


def test_bdt_verifies_a_contribution():
    history = given(announced(schools(10), money(usd(5))), contributed(contribution("c1", usd(3), "money")))
    outcome = history.when(VerifyContribution(contribution="c1", note="bank letter"))
    outcome.then(ContributionVerified(**header(TODAY), contribution="c1", note="bank letter"))
    assert outcome.pledge.verified_usd == 3
    assert outcome.pledge.contributions["c1"].standing is Standing.VERIFIED


def test_bdt_asks_about_a_contribution_and_it_is_verified_no_longer():
    history = given(announced(schools(10)), contributed(contribution("c1", 3)), verified("c1"))
    outcome = history.when(QueryContribution(contribution="c1", question="Which schools?"))
    outcome.then(ContributionQueried(**header(TODAY), contribution="c1", question="Which schools?"))
    assert outcome.pledge.delivered(schools(10)) == 3
    assert outcome.pledge.delivered(schools(10), verified=True) == 0


def test_a_contribution_is_verified_once():
    given(announced(schools(10)), contributed(contribution("c1", 3)), verified("c1")).when(
        VerifyContribution(contribution="c1")
    ).refused(refusals.AlreadyVerified)


@pytest.mark.parametrize(
    "command",
    [
        VerifyContribution(contribution="c9"),
        QueryContribution(contribution="c9", question="?"),
        Correct(contribution="c9", reason="x"),
    ],
)
def test_an_unknown_contribution_is_refused(command):
    given(announced(schools(10))).when(command).refused(refusals.UnknownContribution)


# Corrections


def test_a_contribution_is_taken_back_on_its_own_day():
    outcome = given(announced(schools(10)), contributed(contribution("c1", 3))).when(
        Correct(contribution="c1", reason="counted twice")
    )
    outcome.then(Corrected(**header(DAY), contribution="c1", reason="counted twice"))
    assert outcome.pledge.delivered(schools(10)) == 0


def test_the_figures_of_a_contribution_are_replaced():
    given(announced(schools(10)), contributed(contribution("c1", 3))).when(
        Correct(contribution="c1", reason="typing mistake", replacement=delivering(2))
    ).then(
        Corrected(
            **header(DAY),
            contribution="c1",
            reason="typing mistake",
            replacement=contribution("c2", 2, replaces="c1"),
        )
    )


def test_a_replacement_of_another_day_is_a_fact_of_that_day():
    outcome = given(announced(schools(10)), contributed(contribution("c1", 3))).when(
        Correct(contribution="c1", reason="wrong date", replacement=delivering(3, on=LATER))
    )
    outcome.then(
        Corrected(**header(DAY), contribution="c1", reason="wrong date"),
        contributed(contribution("c2", 3, on=LATER, replaces="c1")),
    )
    assert outcome.pledge.delivered(schools(10)) == 3


def test_a_correction_needs_a_reason():
    given(announced(schools(10)), contributed(contribution("c1", 3))).when(
        Correct(contribution="c1", reason="")
    ).refused(refusals.UnacceptableText, field="reason")


def test_a_contribution_is_corrected_once_but_its_replacement_can_be():
    corrected = Corrected(
        **header(DAY), contribution="c1", reason="x", replacement=contribution("c2", 2, replaces="c1")
    )
    history = given(announced(schools(10)), contributed(contribution("c1", 3)), corrected)
    history.when(Correct(contribution="c1", reason="again")).refused(refusals.AlreadyCorrected)
    history.when(VerifyContribution(contribution="c1")).refused(refusals.AlreadyCorrected)
    assert history.when(Correct(contribution="c2", reason="again")).pledge.delivered(schools(10)) == 0


def test_the_id_of_a_corrected_contribution_is_not_used_again():
    corrected = Corrected(**header(DAY), contribution="c1", reason="x")
    history = given(announced(schools(10)), contributed(contribution("c1", 3)), corrected)
    history.when(Contribute(contributions=(delivering(1, id="c1"),))).refused(refusals.ContributionAlreadyRecorded)
    assert list(history.when(Contribute(contributions=(delivering(1),))).pledge.contributions) == ["c2"]


def test_a_correction_that_leaves_a_target_unmet_reopens_a_fulfilled_pledge():
    history = given(announced(schools(10)), validated(), contributed(contribution("c1", 10)), fulfilled())
    outcome = history.when(Correct(contribution="c1", reason="x", replacement=delivering(9)))
    replacement = contribution("c2", 9, replaces="c1")
    outcome.then(Corrected(**header(DAY), contribution="c1", reason="x", replacement=replacement, reopens=True))
    assert outcome.pledge.lifecycle is Lifecycle.IN_PROGRESS


def test_a_correction_that_leaves_every_target_met_keeps_the_pledge_fulfilled():
    history = given(announced(schools(10)), contributed(contribution("c1", 12)), fulfilled())
    pledge = history.when(Correct(contribution="c1", reason="x", replacement=delivering(10, on=LATER))).pledge
    assert pledge.lifecycle is Lifecycle.FULFILLED


def test_a_wrong_record_can_be_corrected_after_a_withdrawal():
    history = given(announced(schools(10)), contributed(contribution("c1", 3)), withdrawn())
    assert history.when(Correct(contribution="c1", reason="x")).pledge.delivered(schools(10)) == 0


# Amendments


def test_a_descriptive_mistake_is_put_right_and_both_wordings_are_recorded():
    given(announced(title="Skools")).when(Amend(changes=Description(title="Schools"), reason="spelling")).then(
        Amended(
            **header(TODAY),
            before=Description(title="Skools"),
            after=Description(title="Schools"),
            reason="spelling",
        )
    )


def test_an_amendment_changes_something():
    history = given(announced(title="Schools"))
    history.when(Amend(changes=Description(), reason="x")).refused(refusals.NothingAmended)
    history.when(Amend(changes=Description(title="Schools"), reason="x")).refused(refusals.NothingAmended)


def test_an_amendment_needs_a_reason_and_lawful_values():
    history = given(announced(pillars=("infrastructure",), starts_on=DAY))
    history.when(Amend(changes=Description(title="New"), reason="")).refused(refusals.UnacceptableText)
    history.when(Amend(changes=Description(countries=("XXX",)), reason="x")).refused(refusals.UnknownCodes)
    history.when(Amend(changes=Description(ends_on=ANNOUNCED_ON), reason="x")).refused(refusals.EndBeforeStart)
    history.when(Amend(changes=Description(focus_area=FocusArea.ADOPTION), reason="x")).refused(
        refusals.PillarOutsideFocusArea
    )


def test_a_list_can_be_amended_to_nothing():
    assert given(announced(sdgs=(4,))).when(Amend(changes=Description(sdgs=()), reason="x")).pledge.sdgs == ()


# Withdrawal


def test_a_pledger_leaves_honestly():
    given(announced(), validated()).when(Withdraw(reason="no funds", superseded_by="P2C-2025-000007")).then(
        Withdrawn(**header(TODAY), reason="no funds", superseded_by="P2C-2025-000007")
    )


def test_a_withdrawal_needs_a_reason():
    given(announced()).when(Withdraw(reason="")).refused(refusals.UnacceptableText, field="reason")


@pytest.mark.parametrize("end", [fulfilled(), withdrawn(), declined()])
def test_a_closed_pledge_is_not_withdrawn(end):
    given(announced(), end).when(Withdraw(reason="x")).refused(refusals.PledgeClosed)


def test_a_pledge_does_not_supersede_itself():
    given(announced()).when(Withdraw(reason="x", superseded_by="P2C-2024-000001")).refused(refusals.SupersedesItself)


# Lifecycle


@pytest.mark.parametrize(
    ("history", "lifecycle"),
    [
        ((), Lifecycle.ANNOUNCED),
        ((contributed(contribution("c1", 1)),), Lifecycle.ANNOUNCED),
        ((validated(),), Lifecycle.VALIDATED),
        ((validated(), contributed(contribution("c1", 1))), Lifecycle.IN_PROGRESS),
        ((validated(), reported(DAY, DAY)), Lifecycle.IN_PROGRESS),
        ((validated(), fulfilled()), Lifecycle.FULFILLED),
        ((declined(),), Lifecycle.DECLINED),
        ((validated(), withdrawn()), Lifecycle.WITHDRAWN),
    ],
)
def test_the_lifecycle_follows_from_the_facts(history, lifecycle):
    pledge = given(announced(schools(10)), *history).pledge
    assert pledge is not None
    assert pledge.lifecycle is lifecycle


@pytest.mark.parametrize("command", [Validate(), Withdraw(reason="x"), Contribute(contributions=(delivering(1),))])
def test_nothing_can_be_asked_of_a_pledge_that_was_never_announced(command):
    given().when(command).refused(refusals.UnknownPledge)

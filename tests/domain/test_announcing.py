"""Announcing a pledge: what is recorded, and what is refused."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from domain import refusals
from domain.commands import Partner
from domain.values import Money, Source, StatedMoney, UsdRate
from domain.vocabulary import FocusArea
from tests.given import (
    ANNOUNCED_ON,
    RATE,
    TODAY,
    announced,
    announcement,
    given,
    money,
    organisation,
    party,
    registry,
    schools,
    stating,
    usd,
)

EUR = StatedMoney(amount=Decimal("100.50"), currency="EUR")


def test_a_pledge_is_announced_with_what_it_promises():
    given().when(announcement(stating(schools(120)))).then(announced(schools(120)))


def test_a_pledge_may_promise_nothing_measurable():
    given().when(announcement()).then(announced())


def test_the_announcement_is_dated_today_unless_a_date_is_given():
    given().when(announcement(announced_on=None)).then(announced(on=TODAY))


def test_an_announcement_cannot_be_dated_in_the_future():
    given().when(announcement(announced_on=TODAY + timedelta(days=1))).refused(
        refusals.DateInFuture, field="announced_on"
    )


def test_a_reference_is_given_only_once():
    given(announced()).when(announcement()).refused(refusals.AlreadyAnnounced)


@pytest.mark.parametrize("reference", ["P2C 2024", "../secret", "", "ä", "x" * 41, None])
def test_a_reference_must_be_fit_for_an_address(reference):
    given().when(announcement(reference=reference)).refused(refusals.UnacceptableText, field="reference")


def test_where_it_was_imported_from_is_on_the_record():
    source = Source(register="fts", record="a|b", line=7)
    given().when(announcement(source=source)).then(announced(source=source))


# Money


def test_dollars_are_their_own_equivalent():
    given().when(announcement(stating(money(usd("1250000.00"))))).then(announced(money(usd("1250000.00"))))


def test_other_money_carries_the_given_rate_and_its_dollars():
    target = stating(money(usd(1)), value=1)
    given().when(announcement(replace(target, value=replace(EUR, usd_rate=RATE)))).then(
        announced(money(Money(amount=Decimal("100.50"), currency="EUR", usd=Decimal("125.62"), usd_rate=RATE)))
    )


def test_the_equivalent_is_rounded_half_to_even():
    down = StatedMoney(amount=Decimal("0.02"), currency="EUR", usd_rate=replace(RATE, rate=Decimal("0.25")))
    up = replace(down, amount=Decimal("0.06"))
    targets = [replace(stating(money(usd(1), id=id)), value=value) for id, value in (("a", down), ("b", up))]
    values = [target.usd for target in given().when(announcement(*targets)).pledge.targets]
    assert values == [Decimal("0.00"), Decimal("0.02")]


def test_without_a_rate_the_published_one_of_the_announcement_is_taken():
    published = UsdRate(rate=Decimal("1.10"), on=date(2024, 1, 1), source="UN")
    asked = []

    def rates(currency, on):
        asked.append((currency, on))
        return published

    target = replace(stating(money(usd(1))), value=EUR)
    pledge = given().where(rates=rates).when(announcement(target)).pledge
    assert pledge.targets[0].usd == Decimal("110.55")
    assert asked == [("EUR", ANNOUNCED_ON)]


def test_without_any_rate_the_command_is_refused_and_says_which_is_missing():
    outcome = given().when(announcement(replace(stating(money(usd(1))), value=EUR)))
    refusal = outcome.refused(refusals.ExchangeRateMissing, field="targets.0.value.usd_rate")
    assert "EUR" in refusal.message
    assert "2024-01" in refusal.message


@pytest.mark.parametrize(
    ("amount", "currency", "because"),
    [
        ("0", "USD", refusals.NotPositive),
        ("-1", "USD", refusals.NotPositive),
        ("1.005", "USD", refusals.UnacceptableAmount),
        ("1.5", "JPY", refusals.UnacceptableAmount),
        ("1e15", "USD", refusals.UnacceptableAmount),
        ("NaN", "USD", refusals.UnacceptableAmount),
        ("Infinity", "USD", refusals.UnacceptableAmount),
        ("1", "XYZ", refusals.UnknownCodes),
    ],
)
def test_money_must_be_a_positive_exact_amount_of_a_known_currency(amount, currency, because):
    value = StatedMoney(amount=Decimal(amount), currency=currency, usd_rate=RATE)
    given().when(announcement(replace(stating(money(usd(1))), value=value))).refused(because)


def test_a_large_amount_is_recorded_in_plain_notation():
    value = StatedMoney(amount=Decimal("1E+9"), currency="USD")
    pledge = given().when(announcement(replace(stating(money(usd(1))), value=value))).pledge
    assert str(pledge.targets[0].promised) == "1000000000"


@pytest.mark.parametrize("rate", ["0", "-1", "NaN"])
def test_a_rate_must_be_a_positive_number(rate):
    value = replace(EUR, usd_rate=replace(RATE, rate=Decimal(rate)))
    outcome = given().when(announcement(replace(stating(money(usd(1))), value=value)))
    assert isinstance(outcome.refusal, refusals.NotPositive | refusals.UnacceptableAmount)
    assert outcome.refusal.field == "targets.0.value.usd_rate.rate"


# Targets


def test_two_targets_cannot_share_an_id():
    given().when(announcement(stating(schools(1)), stating(schools(2)))).refused(refusals.DuplicateTargets)


def test_money_cannot_be_promised_as_a_count_nor_a_count_as_money():
    count_as_money = replace(stating(schools(1)), value=StatedMoney(amount=Decimal(1), currency="USD"))
    money_as_count = replace(stating(money(usd(1))), value=Decimal(1))
    for target in (count_as_money, money_as_count):
        given().when(announcement(target)).refused(refusals.MeasureMismatch, field="targets.0.value")


@pytest.mark.parametrize(("value", "baseline"), [("20", "20"), ("10", "20"), ("20", "-1")])
def test_a_target_must_lie_above_its_baseline(value, baseline):
    target = stating(schools(value), baseline=Decimal(baseline))
    given().when(announcement(target)).refused(refusals.UnacceptableAmount)


def test_what_is_promised_is_what_lies_above_the_baseline():
    pledge = given().when(announcement(stating(schools(120), baseline=Decimal(20)))).pledge
    assert pledge.targets[0].promised == 100


def test_an_unknown_measure_is_refused_with_its_name():
    target = replace(stating(schools(1)), measure="elephants")
    given().when(announcement(target)).refused(refusals.UnknownCodes)


@pytest.mark.parametrize("id", ["", "a b", "a/b", "é", "x" * 65])
def test_a_target_id_must_be_fit_for_an_address(id):
    given().when(announcement(replace(stating(schools(1)), id=id))).refused(refusals.UnacceptableText)


# Codes and dates


def test_all_unknown_codes_are_named_at_once():
    refused = given().when(announcement(countries=("KEN", "XXX"), pillars=("moon",), sdgs=(18,), wsis_lines=("C12",)))
    refused.refused(refusals.UnknownCodes)
    assert isinstance(refused.refusal, refusals.UnknownCodes)
    assert refused.refusal.codes == {
        "countries": ("XXX",),
        "pillars": ("moon",),
        "sdgs": ("18",),
        "wsis_lines": ("C12",),
    }


def test_a_pillar_must_belong_to_the_focus_area():
    given().when(announcement(focus_area=FocusArea.ADOPTION, pillars=("infrastructure",))).refused(
        refusals.PillarOutsideFocusArea
    )


def test_codes_given_twice_are_recorded_once():
    pledge = given().when(announcement(countries=("KEN", "UGA", "KEN"), sdgs=(9, 4, 9))).pledge
    assert (pledge.countries, pledge.sdgs) == (("KEN", "UGA"), (9, 4))


def test_a_pledge_cannot_end_before_it_starts():
    given().when(announcement(starts_on=date(2025, 1, 2), ends_on=date(2025, 1, 1))).refused(
        refusals.EndBeforeStart, field="ends_on"
    )


# Text


@pytest.mark.parametrize(
    ("field", "text"),
    [("title", ""), ("title", "  "), ("title", "x" * 301), ("description", "a\x00b"), ("description", "\ud800")],
)
def test_text_that_cannot_be_kept_for_ever_is_refused(field, text):
    given().when(announcement(**{field: text})).refused(refusals.UnacceptableText, field=field)


def test_line_breaks_and_every_alphabet_are_kept():
    text = "Ligne 1\nСтрока\t二\u2028٣ 👩‍💻"
    assert given().when(announcement(description=text)).pledge.description == text


# Partners


def test_partners_stand_beside_the_lead():
    partners = (Partner(organisation=organisation("Partner").id),)
    given().when(announcement(partners=partners)).then(announced(partners=(party("Partner"),)))


def test_the_lead_has_the_share_its_partners_leave():
    partners = (Partner(organisation=organisation("Partner").id, share=Decimal("0.25")),)
    given().when(announcement(partners=partners)).then(
        announced(lead=party("Lead", "0.75"), partners=(party("Partner", "0.25"),))
    )


def test_a_lead_among_the_partners_has_the_share_it_is_given():
    shares = {"Lead": "0.5", "Partner": "0.25", "Other": "0.25"}
    partners = tuple(Partner(organisation=organisation(n).id, share=Decimal(s)) for n, s in shares.items())
    given().when(announcement(partners=partners)).then(
        announced(lead=party("Lead", "0.5"), partners=(party("Partner", "0.25"), party("Other", "0.25")))
    )


@pytest.mark.parametrize(
    "shares",
    [
        {"Partner": "0.6", "Other": "0.5"},
        {"Partner": "0.6", "Other": None},
        {"Lead": "0.5", "Partner": "0.4"},
        {"Lead": "0.5", "Partner": "0.6"},
    ],
)
def test_shares_must_make_one_whole(shares):
    partners = tuple(
        Partner(organisation=organisation(name).id, share=None if share is None else Decimal(share))
        for name, share in shares.items()
    )
    given().when(announcement(partners=partners)).refused(refusals.SharesDoNotSum)


@pytest.mark.parametrize("share", ["0", "-0.1"])
def test_a_share_must_be_above_zero(share):
    partners = (Partner(organisation=organisation("Partner").id, share=Decimal(share)),)
    given().when(announcement(partners=partners)).refused(refusals.NotPositive, field="partners.0.share")


def test_a_partner_is_named_once():
    partner = Partner(organisation=organisation("Partner").id)
    given().when(announcement(partners=(partner, partner))).refused(refusals.DuplicatePartners)


def test_the_lead_and_the_partners_must_be_registered_and_active():
    stranger = organisation("Stranger")
    given().when(announcement(lead=stranger.id)).refused(refusals.UnknownOrganisation, field="lead")
    inactive = replace(stranger, active=False)
    given().where(organisations=registry(inactive).get).when(
        announcement(partners=(Partner(organisation=inactive.id),))
    ).refused(refusals.OrganisationInactive, field="partners.0.organisation")

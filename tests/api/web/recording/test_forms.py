"""Each form records what it says, and gives a receipt."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from audit.merkle import leaf_hash
from audit.signed_note import in_base64
from domain import commands as asked
from domain.pledge import Standing
from domain.values import Money
from domain.vocabulary import Lifecycle, PledgeType, SelfAssessment
from infrastructure.bootstrap import Service
from tests.api.web.recording.people import Person, Register

LEAD = "Hirondelle Telecom"


def test_a_pledge_is_announced_with_targets_and_partners(register: Register, pledger: Person):
    partner = register.organisation("Solar Partners")
    receipt = pledger.record(
        "/record/announce",
        {
            "title": "Skills for all",
            "description": "Training.\r\nWith teachers.",
            "type": "programmatic",
            "focus_area": "adoption",
            "pillars": ["skills", "inclusion"],
            "targets.0.measure": "people_trained",
            "targets.0.value.amount": "12 500",
            "targets.0.baseline": "500",
            "targets.1.measure": "money",
            "targets.1.value.amount": "1,250,000.50",
            "targets.1.value.currency": "EUR",
            "targets.1.value.usd_rate.rate": "1.081",
            "targets.1.value.usd_rate.on": str(register.today),
            "targets.1.value.usd_rate.source": "a bank",
            "countries": ["SEN", "MLI"],
            "sdgs": ["4", "9"],
            "wsis_lines": ["C4"],
            "beneficiary_groups": ["youth"],
            "partners.0.organisation": "solar partners",
            "partners.0.share": "0.25",
        },
    )
    reference = receipt.text("//h2[1]/a").split()[0]
    pledge = register.pledge(reference)
    assert (pledge.title, pledge.type, pledge.lead.organisation) == (
        "Skills for all",
        PledgeType.PROGRAMMATIC,
        register.organisation(LEAD),
    )
    assert pledge.description == "Training.\nWith teachers."
    assert (pledge.targets[0].id, pledge.targets[0].value) == ("people_trained", Decimal(12500))
    money = pledge.targets[1].value
    assert isinstance(money, Money)
    assert (money.amount, money.currency, money.usd) == (Decimal("1250000.50"), "EUR", Decimal("1351250.54"))
    assert (pledge.pillars, pledge.sdgs, pledge.announced_on) == (("skills", "inclusion"), (4, 9), register.today)
    assert set(pledge.countries) == {"SEN", "MLI"}
    assert [(party.organisation, party.share) for party in pledge.partners] == [(partner, Decimal("0.25"))]


def test_a_receipt_shows_what_was_recorded_and_its_evidence(register: Register, pledger: Person, service: Service):
    reference = register.announced()
    page = pledger.open(f"/pledges/{reference}/withdraw")
    sent = pledger.send(page, {"reason": "The regulator said no."})
    receipt = sent.answer.headers["Location"]
    entry = service.ledger.entries(register.pledge(reference).id)[-1]
    while "has not been signed" in (shown := pledger.open(receipt)).text():
        pass
    stored = service.ledger.stored_at(entry.position)
    assert stored is not None
    for told in ("The regulator said no.", in_base64(leaf_hash(stored)), page.fields["form_key"][0], "example.org/l"):
        assert told in shown.text()
    assert f"{entry.position:,}" in shown.text("//ol[@class='facts']")
    assert f"/pledges/{reference}/events/3" in shown.answer.text
    assert page.fields["form_key"][0] in shown.find("//@data-recorded")
    assert shown.answer.headers["Cache-Control"] == "no-store"


def test_a_report_is_recorded_with_its_contributions(register: Register, pledger: Person):
    reference = register.announced()
    page = pledger.open(f"/pledges/{reference}/report")
    assert "Report that is owed" in page.text()
    assert page.fields["period_start"] == [str(register.pledge(reference).announced_on)]
    pledger.record(
        f"/pledges/{reference}/report",
        {
            "self_assessment": "delayed",
            "narrative": "Rain.",
            "challenges": "Roads.",
            "contributions.0.target": "money",
            "contributions.0.amount.amount": "250000",
            "contributions.0.effective_on": str(register.today),
            "contributions.0.evidence.0.url": "https://example.org/paid",
            "good_practices.0.title": "Ask first",
            "good_practices.0.text": "Teachers know.",
        },
    )
    pledge = register.pledge(reference)
    assert [(report.period_end, report.self_assessment) for report in pledge.reports] == [
        (register.today, SelfAssessment.DELAYED)
    ]
    assert pledge.delivered_usd == Decimal(250_000)
    assert pledge.contributions["c1"].contribution.evidence[0].url == "https://example.org/paid"


def test_contributions_are_recorded_in_the_unit_of_their_target(register: Register, pledger: Person):
    reference = register.announced()
    pledger.record(
        f"/pledges/{reference}/contribute",
        {
            "contributions.0.target": "schools",
            "contributions.0.amount.amount": "12",
            "contributions.0.effective_on": str(register.today),
            "contributions.0.country": "SEN",
            "contributions.1.target": "money",
            "contributions.1.amount.amount": "1.250.000,00",
            "contributions.1.amount.currency": "XOF",
            "contributions.1.amount.usd_rate.rate": "0.0016",
            "contributions.1.amount.usd_rate.on": str(register.today),
            "contributions.1.amount.usd_rate.source": "a bank",
            "contributions.1.effective_on": str(register.today),
        },
    )
    pledge = register.pledge(reference)
    assert pledge.delivered(pledge.targets[1]) == 12
    assert pledge.delivered_usd == Decimal(2_000)


def test_a_pledge_is_scaled_up_and_down_beside_its_old_values(register: Register, pledger: Person):
    reference = register.announced()
    page = pledger.open(f"/pledges/{reference}/scale-up")
    assert page.text("//*[@id='f-targets-1-value-now']").startswith("120 Schools")
    pledger.record(
        f"/pledges/{reference}/scale-up",
        {
            "targets.1.value": "200",
            "new_targets.0.measure": "schools_connected",
            "new_targets.0.value.amount": "30",
            "countries": ["MLI"],
        },
    )
    up = register.pledge(reference)
    assert [(t.id, t.promised) for t in up.targets][1:] == [
        ("schools", Decimal(200)),
        ("schools_connected", Decimal(30)),
    ]
    assert up.countries == ("SEN", "MLI")
    pledger.record(f"/pledges/{reference}/scale-down", {"targets.0.value": "900000", "reason": "Less money."})
    down = register.pledge(reference)
    assert [target.promised for target in down.targets] == [900_000, 200, 30]


def test_an_amendment_says_only_what_differs(register: Register, pledger: Person, service: Service):
    reference = register.announced(sdgs=(9, 4))
    pledger.record(
        f"/pledges/{reference}/amend",
        {"reason": "A slip.", "title": "Connect 120 rural schools", "countries": [], "beneficiary_groups": ["youth"]},
    )
    pledge = register.pledge(reference)
    assert (pledge.title, pledge.countries, pledge.sdgs) == ("Connect 120 rural schools", (), (9, 4))
    amended = service.ledger.entries(pledge.id)[-1].event
    assert (amended.after.title, amended.after.sdgs, amended.after.type) == (  # type: ignore[union-attr]
        "Connect 120 rural schools",
        None,
        None,
    )


def test_a_pledge_is_fulfilled_with_its_last_contributions(register: Register, pledger: Person):
    schools = asked.TargetStatement(id="schools", measure="schools_connected", value=Decimal(10))
    reference = register.announced(targets=(schools,))
    page = pledger.open(f"/pledges/{reference}/fulfil")
    assert page.fields["contributions.0.target"] == ["schools"], "there is no other"
    pledger.record(
        f"/pledges/{reference}/fulfil",
        {
            "statement": "All are online.",
            "contributions.0.amount.amount": "10",
            "contributions.0.effective_on": str(register.today),
            "evidence.0.url": "https://example.org/schools",
        },
    )
    assert register.pledge(reference).lifecycle is Lifecycle.FULFILLED


def test_bdt_admits_and_declines(register: Register, bdt: Person):
    admitted, declined = register.announced(admitted=False), register.announced(admitted=False)
    bdt.record(f"/pledges/{admitted}/validate", {"note": "Checked."})
    assert "Everybody" not in bdt.open(f"/pledges/{declined}/decline").text("//form[@class='record']")
    bdt.record(f"/pledges/{declined}/decline", {"reason": "Not measurable."})
    assert register.pledge(admitted).lifecycle is Lifecycle.VALIDATED
    assert register.pledge(declined).lifecycle is Lifecycle.DECLINED
    assert bdt.open(f"/pledges/{admitted}/decline").status == 409


def test_contributions_are_queried_corrected_and_verified(register: Register, bdt: Person, pledger: Person):
    reference = register.announced()
    id = register.deliver(reference, 12)
    bdt.record(f"/pledges/{reference}/contributions/{id}/query", {"question": "Which schools?"})
    assert register.pledge(reference).contributions[id].standing is Standing.QUERIED
    page = pledger.open(f"/pledges/{reference}/contributions/{id}/correct")
    assert page.fields["replacement.amount.amount"] == ["12"]
    pledger.record(
        f"/pledges/{reference}/contributions/{id}/correct",
        {"reason": "Two twice.", "replacement.amount.amount": "10"},
    )
    [replaced] = register.pledge(reference).contributions.values()
    assert (replaced.contribution.amount, replaced.contribution.replaces) == (Decimal(10), id)
    bdt.record(f"/pledges/{reference}/contributions/{replaced.contribution.id}/verify", {})
    [verified] = register.pledge(reference).contributions.values()
    assert verified.standing is Standing.VERIFIED


def test_a_contribution_is_taken_back_without_its_figures(register: Register, pledger: Person):
    reference = register.announced()
    id = register.deliver(reference, 12)
    pledger.record(
        f"/pledges/{reference}/contributions/{id}/correct", {"reason": "It did not happen.", "way": "take_back"}
    )
    assert not register.pledge(reference).contributions
    assert pledger.open(f"/pledges/{reference}/contributions/{id}/correct").status == 409


def test_a_contribution_that_is_replaced_needs_its_figures(register: Register, pledger: Person):
    reference = register.announced()
    id = register.deliver(reference, 12)
    page = pledger.open(f"/pledges/{reference}/contributions/{id}/correct")
    emptied = {name: "" for name in page.fields if name.startswith("replacement.")}
    sent = pledger.send(page, {"reason": "Wrong.", **emptied})
    assert sent.status == 422
    assert id in register.pledge(reference).contributions


def test_what_can_be_recorded_is_listed_with_what_is_owed(register: Register, pledger: Person, bdt: Person):
    owed = register.announced()
    announced = register.announced(admitted=False)
    page = pledger.open("/record")
    assert owed in page.text("//section[h2[@id='owed']]")
    assert announced in page.text("//section[h2[@id='pledges']]")
    for form in ("report", "contribute", "scale-up", "scale-down", "amend", "fulfil", "withdraw"):
        assert page.find(f"//a[@href='/pledges/{owed}/{form}']"), form
    assert not page.find(f"//a[@href='/pledges/{owed}/validate']")
    waiting = bdt.open("/record")
    assert waiting.find(f"//a[@href='/pledges/{announced}/validate']")
    assert not waiting.find(f"//a[@href='/pledges/{owed}/report']")
    listed = pledger.http.get("/record.json").json()["pledges"]
    assert {one["reference"]: one["forms"].get("report") for one in listed}[owed] == f"/pledges/{owed}/report"
    assert f"{owed},Connect 120 schools" in pledger.http.get("/record.csv").text


def test_strangers_learn_what_they_need_to_begin(stranger: Person):
    page = stranger.open("/record")
    assert page.status == 200
    assert "you need a token" in page.text()
    assert page.find("//main//a[@href='/sign-in?next=%2Frecord']")


def test_a_form_is_about_now_whatever_moment_the_visitor_comes_from(register: Register, pledger: Person):
    reference = register.announced()
    day = register.today - timedelta(days=1)
    sent = pledger.http.get(f"/pledges/{reference}/report?effective_on={day}&lang=fr")
    assert (sent.status_code, sent.headers["Location"]) == (303, f"/pledges/{reference}/report?lang=fr")


@pytest.mark.parametrize("language", ["ar", "es", "fr", "ru", "zh"])
def test_every_form_is_there_in_every_language(register: Register, pledger: Person, language: str):
    reference = register.announced()
    for form in ("report", "scale-up", "amend", "fulfil"):
        page = pledger.open(f"/pledges/{reference}/{form}?lang={language}")
        assert page.status == 200
        assert page.tree.get("lang") == language
        assert page.action == f"/pledges/{reference}/{form}?lang={language}"

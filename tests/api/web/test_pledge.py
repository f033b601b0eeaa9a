"""The page of a pledge, and that of an organisation."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest

from application.access import Permission, Principal
from domain.values import Actor
from domain.vocabulary import Role
from infrastructure.embedded_postgres import EmbeddedPostgres
from tests.api.http.register import days_ago
from tests.api.web.visiting import Page, Site, site

BDT = Principal(actor=Actor(role=Role.BDT))


@dataclass(frozen=True)
class Life:
    """A pledge with a long life, and who made it."""

    reference: str
    lead: UUID
    partner: UUID


def stakeholder(organisation: UUID, *scopes: Permission) -> Principal:
    return Principal(
        actor=Actor(role=Role.STAKEHOLDER, organisation=organisation), scopes=frozenset(scopes) if scopes else None
    )


@pytest.fixture(scope="module")
def pages(postgres: EmbeddedPostgres) -> Iterator[Site]:
    with site(postgres) as found:
        yield found


@pytest.fixture(scope="module")
def life(pages: Site) -> Life:
    client = pages.client
    lead, partner = client.register("Old Telecom"), client.register("Partner of it", sector="academia")
    reference = client.announce(
        lead=lead,
        partners=[{"organisation": partner, "share": "0.25"}],
        title="<b>Écoles</b>",
        sdgs=[4],
        occasion="WTDC-22",
        targets=[
            {
                "id": "money",
                "measure": "money",
                "value": {
                    "amount": "1000.00",
                    "currency": "EUR",
                    "usd_rate": {"rate": "1.25", "on": days_ago(400), "source": "a table"},
                },
            },
            {"id": "schools", "measure": "schools_connected", "value": "120", "baseline": "20"},
        ],
    )
    evidence = [{"url": "https://example.org/report?a=1&b=2", "title": "Report", "sha256": "a" * 64}]
    schools = {"id": "c1", "target": "schools", "quantity": "140", "effective_on": days_ago(300), "country": "SEN"}
    for command, body in (
        ("validation", {}),
        ("contributions", {"contributions": [{**schools, "evidence": evidence}]}),
        ("contributions/c1/query", {"question": "Which schools?"}),
        (
            "contributions/c1/correction",
            {"reason": "Counted twice.", "replacement": {**schools, "id": "c2", "quantity": "125"}},
        ),
        ("contributions/c2/verification", {}),
        (
            "reports",
            {
                "period_start": days_ago(400),
                "period_end": days_ago(100),
                "narrative": "All is well.",
                "self_assessment": "on_track",
                "challenges": "Poles.",
                "next_steps": "More.",
                "good_practices": [{"title": "Ask first", "text": "It helps."}],
            },
        ),
        ("scale-ups", {"targets": [{"id": "schools", "measure": "schools_connected", "value": "130"}]}),
    ):
        answer = client.on(reference, command, body)
        assert answer.status_code == 201, answer.text
    assert client.post(f"/v1/organisations/{lead}/renaming", json={"name": "New Telecom"}).status_code == 201
    return Life(reference, UUID(lead), UUID(partner))


def test_a_pledge_says_where_it_stands_in_plain_words(pages: Site, life: Life):
    page = pages.read(f"/pledges/{life.reference}")

    assert page.text("//h1") == "<b>Écoles</b>"
    assert page.text("//dl[@class='standing']/div[1]").startswith("Life In progress ↗ Scaled up BDT admitted it")
    assert "No report is owed now." in page.text("//dl[@class='standing']")
    assert page.text("//p[@class='lead']") == "Lead organisation: New Telecom"
    facts = page.text("//dl[@class='facts']")
    assert "Partner of it with 25% of the value" in facts
    assert "WTDC-22" in facts
    assert "Senegal" in facts


def test_targets_show_what_is_delivered_and_verified_even_beyond_the_promise(pages: Site, life: Life):
    page = pages.read(f"/pledges/{life.reference}")
    money, schools = page.texts("//table[contains(@class, 'targets')]/tbody/tr")

    assert "EUR 1,000" in money
    assert "from a baseline of 20 to 130" in schools
    assert "110 schools 125 schools 113.6%, more than promised 125 schools 113.6%" in schools
    assert page.all("//table[contains(@class, 'targets')]/tbody/tr[2]//*[@class='promised']"), "where the promise ends"


def test_money_stands_beside_its_dollars_and_the_rate_that_fixed_them(pages: Site, life: Life):
    ladder = pages.read(f"/pledges/{life.reference}").text("//section[@aria-labelledby='ladder']")
    assert "Validated USD 1,250" in ladder
    assert "EUR 1,000 are USD 1,250 for ever, at the rate of 1.25" in ladder
    assert "\u2068a table\u2069" in ladder, "somebody's own words, isolated"


def test_contributions_tell_what_became_of_each_and_link_to_evidence(pages: Site, life: Life):
    page = pages.read(f"/pledges/{life.reference}")

    taken_back, put_right = page.texts("//table[contains(@class, 'contributions')]/tbody/tr")
    assert "Taken back or put right Counted twice. c2 takes its place" in taken_back
    assert "takes the place of c1" in put_right
    assert "125 schools Verified by BDT" in put_right
    link = page.all("//ul[@class='evidence']//a")[0]
    assert (link.get("href"), link.text_content()) == ("https://example.org/report?a=1&b=2", "Report")
    assert set(link.get("rel").split()) == {"noopener", "noreferrer", "nofollow", "ugc"}
    assert f"SHA-256 {'a' * 64}" in page.text("//ul[@class='evidence']")


def test_reports_tell_everything_that_was_written(pages: Site, life: Life):
    report = pages.read(f"/pledges/{life.reference}").text("//article")
    for words in ("On track", "All is well.", "Poles.", "More.", "Ask first", "It helps."):
        assert words in report


def test_the_timeline_tells_each_fact_by_whom_when_and_where_it_is_proven(pages: Site, life: Life):
    page = pages.read(f"/pledges/{life.reference}")
    steps = page.texts("//ol[@class='timeline']/li")

    assert page.texts("//ol[@class='timeline']/li/h3")[-1] == "Scaled up from 120 to 130 schools"
    assert [step.count("recorded") for step in steps] == [1] * 8
    assert "Old Telecom" in steps[0], "as it was called then"
    assert "New Telecom" not in page.text("//ol[@class='timeline']")
    proofs = page.tree.xpath("//ol[@class='timeline']//a[contains(., 'Proof')]/@href")
    assert proofs == [f"/pledges/{life.reference}/events/{n}" for n in range(1, 9)]


def test_each_step_of_its_life_can_be_looked_at(pages: Site, life: Life):
    page = pages.read(f"/pledges/{life.reference}", {"version": "3"})

    assert "after step 3 of 8" in page.text("//*[@id='earlier']")
    assert page.all("//option[@selected]")[0].get("value") == "3"
    assert page.all("//*[@id='step-3']")[0].get("aria-current") == "step"
    assert page.text("//table[contains(@class, 'contributions')]/tbody/tr").endswith("Reported by the pledger")
    assert "There is no progress report yet." in page.text("//*[@id='reports']/..")
    assert "Scaled up" not in page.text("//dl[@class='standing']")
    assert page.link("Back to its latest step") == f"/pledges/{life.reference}"
    assert len(page.all("//ol[@class='timeline']/li")) == 8, "the whole life stays in sight"


def test_a_step_that_it_has_not_got_is_not_there(pages: Site, life: Life):
    assert "no version 99" in pages.read(f"/pledges/{life.reference}?version=99", status=404).text("//main")
    pages.read(f"/pledges/{life.reference}?version=0", status=422)


def test_at_an_earlier_moment_only_what_was_known_and_true_then_is_told(pages: Site, life: Life):
    address = f"/pledges/{life.reference}?effective_on={days_ago(350)}"
    pages.read(address, status=404)  # admitted later
    with pages.signed_in(BDT):
        page = pages.read(address)
    assert page.texts("//ol[@class='timeline']/li/h3") == [
        "Announced, promising EUR 1,000 (USD 1,250) and 120 schools from a baseline of 20"
    ]
    assert "Nothing is recorded as delivered yet." in page.text("//main")
    assert all("effective_on" in link for link in page.tree.xpath("//main//a[starts-with(@href, '/')]/@href"))
    pages.read(f"/pledges/{life.reference}?as_of=1", status=404)


def test_what_was_recorded_a_moment_ago_is_there(pages: Site, life: Life):
    reference = pages.client.announce()
    with pages.signed_in(BDT):
        assert pages.read(f"/pledges/{reference}").texts("//ol[@class='timeline']//h3")


def test_a_pledge_that_bdt_has_not_admitted_is_there_for_those_in_the_know_alone(pages: Site, life: Life):
    reference = pages.client.announce(lead=str(life.lead))
    address = f"/pledges/{reference}"

    stranger = pages.read(address, status=404)
    assert "Connect 120 schools" not in stranger.answer.text
    pages.read(f"{address}.json", status=404)
    pages.read(f"{address}.csv", status=404)
    for insider in (BDT, stakeholder(life.lead)):
        with pages.signed_in(insider):
            assert "This pledge is not public." in pages.read(address).text("//*[@id='heading']")
    with pages.signed_in(stakeholder(life.partner)):
        pages.read(address, status=404)


def offered(page: Page) -> set[str]:
    return {href.rpartition("/")[2] for href in page.tree.xpath("//nav[@class='actions']//a/@href")}


def test_forms_are_offered_to_those_who_may_send_them(pages: Site, life: Life):
    address = f"/pledges/{life.reference}"
    pledgers = {"report", "contribute", "scale-up", "scale-down", "amend", "fulfil", "withdraw"}

    assert offered(pages.read(address)) == set()
    with pages.signed_in(stakeholder(life.lead)):
        page = pages.read(address)
        assert offered(page) == pledgers
        assert f"{address}/contributions/c2/correct" in page.tree.xpath("//tbody//a/@href")
        assert offered(pages.read(address, {"version": "3"})) == set(), "an earlier step cannot be acted upon"
        assert offered(pages.read(address, {"as_of": str(pages.service.ledger.position)})) == set()
    with pages.signed_in(stakeholder(life.partner)):
        page = pages.read(address)
        assert offered(page) == {"contribute"}
        assert f"{address}/contributions/c2/correct" not in page.tree.xpath("//tbody//a/@href"), "the lead's own"
    with pages.signed_in(stakeholder(life.lead, Permission.READ)):
        assert offered(pages.read(address)) == set()
    with pages.signed_in(BDT):
        page = pages.read(address)
        assert offered(page) == set()
        links = page.tree.xpath("//tbody//a/@href")
        assert [link for link in links if "/contributions/" in link] == [
            f"{address}/contributions/c2/query",
            f"{address}/contributions/c2/correct",
        ]


def test_bdt_is_offered_to_decide_what_is_undecided(pages: Site):
    reference = pages.client.announce()
    with pages.signed_in(BDT):
        assert offered(pages.read(f"/pledges/{reference}")) == {"validate", "decline"}


def test_a_withdrawn_pledge_leads_to_the_one_that_takes_its_place(pages: Site, life: Life):
    lead = str(life.lead)
    first, second = pages.client.announce(lead=lead), pages.client.announce(lead=lead)
    pages.client.on(first, "validation", {})
    pages.client.on(first, "withdrawal", {"reason": "Merged.", "superseded_by": second})

    page = pages.read(f"/pledges/{first}")
    assert page.link(second) == f"/pledges/{second}"
    with pages.signed_in(stakeholder(life.lead)):
        assert offered(pages.read(f"/pledges/{first}")) == {"amend"}


def test_a_pledge_and_its_life_are_there_as_data(pages: Site, life: Life):
    page = pages.read(f"/pledges/{life.reference}")
    document = pages.web.get(page.link("JSON")).json()
    lines = list(csv.DictReader(io.StringIO(pages.web.get(page.link("CSV")).text, newline="")))

    assert document["pledge"]["reference"] == life.reference
    assert [" ".join(step["told"].split()) for step in document["life"]] == page.texts("//ol[@class='timeline']/li/h3")
    assert [line["told"] for line in lines] == [step["told"] for step in document["life"]]
    then = pages.web.get(pages.read(f"/pledges/{life.reference}?version=2").link("JSON")).json()
    assert (then["pledge"]["version"], then["pledge"]["lifecycle"]) == (2, "validated")


def test_an_organisation_shows_its_names_and_its_pledges_as_lead_and_as_partner(pages: Site, life: Life):
    lead, partner = pages.read(f"/organisations/{life.lead}"), pages.read(f"/organisations/{life.partner}")

    assert lead.text("//h1") == "New Telecom"
    assert [name.split(" since")[0] for name in lead.texts("//ol[@class='names']/li")] == ["New Telecom", "Old Telecom"]
    assert "Senegal" in lead.text("//dl[@class='sums']")
    assert partner.texts("//section[@aria-labelledby='totals']//tbody/tr") == [
        "As lead organisation 0 0 0 0",
        "As a partner 1 USD 1,250 0 0",
    ]
    assert partner.texts("//*[@class='reference']") == [life.reference]
    assert "As a partner" in partner.text("//table[contains(@class, 'pledges')]")


def test_an_organisation_shows_strangers_only_what_is_public(pages: Site):
    lead = pages.client.register("Newcomer")
    reference = pages.client.announce(lead=lead)

    assert "no pledge of this organisation" in pages.read(f"/organisations/{lead}").text("//main")
    assert reference not in pages.web.get(f"/organisations/{lead}.csv").text
    with pages.signed_in(stakeholder(UUID(lead))):
        assert pages.read(f"/organisations/{lead}").texts("//*[@class='reference']") == [reference]


def test_an_organisation_is_there_as_data(pages: Site, life: Life):
    document = pages.web.get(f"/organisations/{life.lead}.json").json()
    assert [name["name"] for name in document["names"]] == ["Old Telecom", "New Telecom"]
    assert life.reference in [pledge["reference"] for pledge in document["pledges"]]
    assert life.reference in pages.web.get(f"/organisations/{life.lead}.csv").text


def test_an_organisation_that_did_not_exist_is_not_there(pages: Site, life: Life):
    pages.read("/organisations/nobody", status=404)
    pages.read(f"/organisations/{UUID(int=1)}", status=404)
    pages.read(f"/organisations/{life.lead}?as_of=0", status=404)

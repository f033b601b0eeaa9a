"""Who owes a report, what reminds them, what waits for BDT, and what pledgers learned."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from application.access import Permission
from application.commands import Request
from domain.commands import Contribute, Correct, QueryContribution, Report
from domain.identity import pledge_id
from domain.values import Actor, GoodPractice
from domain.vocabulary import Role, SelfAssessment
from infrastructure.bootstrap import Service
from infrastructure.contacts import Contact
from tests.api.web.pages import Page, Visitor
from tests.api.web.signed_in_visitors import signed_in
from tests.given import delivering


@pytest.fixture(scope="module")
def bdt(server: str, service: Service) -> Iterator[Visitor]:
    """An officer of BDT."""
    with signed_in(server, service, Role.BDT) as visitor:
        yield visitor


@pytest.fixture(scope="module")
def auditor(server: str, service: Service) -> Iterator[Visitor]:
    """Somebody who sees everything, and writes nothing."""
    with signed_in(server, service, Role.AUDITOR) as visitor:
        yield visitor


def rows(page: Page, labelled_by: str) -> list[Any]:
    """The rows of a table's body."""
    return list(page.all(f"//div[@aria-labelledby='{labelled_by}']//tbody/tr"))


def said(element: Any) -> str:
    return " ".join(element.text_content().split())


def obligations(visitor: Visitor, **asked: str) -> list[dict[str, Any]]:
    return list(visitor.get("/v1/reports/obligations", params=asked).json()["items"])


def lead_of(service: Service, reference: str) -> UUID:
    pledge = service.ledger.pledge(pledge_id(reference))
    assert pledge
    return pledge.lead.organisation


def test_every_state_of_reporting_stands_with_its_number_and_what_it_is_of(visitor: Visitor) -> None:
    totals = visitor.get("/v1/snapshots/totals").json()["totals"]
    page = visitor.page("/reporting")

    told = {row.xpath("th/a/@href")[0].partition("=")[2]: said(row.xpath("td[1]")[0]) for row in rows(page, "health")}
    assert told == {health: str(number) for health, number in totals["reporting"].items()}
    assert f"{totals['reported']} of {totals['pledges']} pledges were ever reported on" in page.text
    for dimension in ("sector", "region", "type"):
        groups = visitor.get("/v1/snapshots/totals", params={"group_by": dimension}).json()["groups"]
        assert [tuple(said(td) for td in row.xpath("td")[:2]) for row in rows(page, f"answers-{dimension}")] == [
            (str(group["reported"]), str(group["pledges"])) for group in groups if group["pledges"]
        ]


def test_the_list_is_who_owes_a_report_since_when_and_on_which_period(visitor: Visitor) -> None:
    owed = obligations(visitor)
    shown = rows(visitor.page("/reporting"), "owed")

    assert len(shown) == len(owed) > 5
    for row, one in zip(shown, owed, strict=True):
        assert row.xpath("th/a/@href") == [f"/pledges/{one['reference']}"]
        assert one["lead_name"] in said(row)
        ago = {0: "today", 1: "1 day ago"}.get(one["days_since_due"], f"{one['days_since_due']:,} days ago")
        assert ago in said(row)


@pytest.mark.parametrize("asked", [{"health": "silent"}, {"sector": "government"}, {"region": "africa"}])
def test_obligations_are_filtered_as_for_programs_and_so_are_their_data(
    visitor: Visitor, asked: dict[str, str]
) -> None:
    owed = [one["reference"] for one in obligations(visitor, **asked)]
    page = visitor.page("/reporting", params=asked)

    assert [row.xpath("th//span[@class='reference']")[0].text for row in rows(page, "owed")] == owed
    links = page.links("//p[@class='downloads']")
    assert [one["reference"] for one in visitor.get(links["JSON"]).json()["items"]] == owed
    table = csv.DictReader(io.StringIO(visitor.get(links["CSV"]).text))
    assert [line["reference"] for line in table] == owed
    assert page.all("//main//input[@checked]/@value") == list(asked.values())


def test_the_csv_of_obligations_is_that_of_programs(visitor: Visitor) -> None:
    assert visitor.get("/reporting.csv?lang=ru").content == visitor.get("/v1/reports/obligations.csv").content


def test_only_the_lead_is_led_to_the_form_of_its_report(visitor: Visitor, server: str, service: Service) -> None:
    own = obligations(visitor)[0]

    assert "Write a report" not in visitor.page("/reporting").text
    with signed_in(server, service, Role.STAKEHOLDER, UUID(own["lead"])) as lead:
        page = lead.page("/reporting")
    assert set(page.all("//a[contains(., 'Write a report')]/@href")) == {
        f"/pledges/{one['reference']}/report" for one in obligations(visitor, lead=own["lead"])
    }


def test_the_progress_report_of_a_period_is_one_step_away(visitor: Visitor) -> None:
    page = visitor.page("/reporting?effective_on=2026-11-20&lang=fr")
    [form] = page.all("//form[@action='/v1/reports/progress.html']")

    asked = dict(form.form_values())
    assert (asked["from"], asked["to"], asked["language"]) == ("2026-01-01", "2026-11-20", "fr")
    report = visitor.get(form.get("action"), params=asked)
    assert report.status_code == 200
    assert report.headers["Content-Language"] == "fr"
    assert page.all("//button/@formaction") == ["/v1/reports/progress.pdf"]
    quarters = [link for link in page.all("//main//li/a/@href") if "from=2026-07-01&to=2026-09-30" in link]
    assert [link.partition("?")[0].rpartition(".")[2] for link in quarters] == ["html", "pdf"]


@pytest.mark.parametrize("address", ["/reporting/reminders", "/reporting/reminders.csv"])
def test_reminders_are_bdts_alone(visitor: Visitor, auditor: Visitor, address: str) -> None:
    visitor.page(address, status=401)
    auditor.page(address, status=403)


def test_a_reminder_is_written_in_the_language_of_the_page_to_whom_bdt_knows(bdt: Visitor, service: Service) -> None:
    first, second = obligations(bdt)[:2]
    service.contacts.put(UUID(first["lead"]), Contact(id="focal-point", name="Amina Diop", email="amina@example.org"))

    page = bdt.page("/reporting/reminders?lang=ru")

    due = date.fromisoformat(first["due_on"])
    mail = page.all("//article[1]")[0]
    text = mail.xpath(".//textarea")[0].text
    assert f"{due.day} " in text
    assert f" {due.year}" in text
    assert first["due_on"] not in text
    assert "amina@example.org" in said(mail)
    [address] = mail.xpath(".//a[starts-with(@href, 'mailto:')]/@href")
    assert address.startswith("mailto:amina@example.org?subject=")
    assert page.all("//article[2]//a[starts-with(@href, 'mailto:?subject=')]"), second["lead_name"]
    lines = list(csv.DictReader(io.StringIO(bdt.get("/reporting/reminders.csv?lang=ru").text)))
    assert [line["reference"] for line in lines] == [one["reference"] for one in obligations(bdt)]
    assert lines[0]["mail_to"] == "amina@example.org"
    assert lines[0]["mail_text"] == text


def test_who_may_not_know_contact_persons_reads_reminders_without_them(server: str, service: Service) -> None:
    token = service.credentials.issue(Role.BDT, scopes=[Permission.READ, Permission.PLEDGES_REVIEW])[1]
    secret = service.sessions.open_with_token(token)
    with Visitor(base_url=server, timeout=30, cookies={"p2c-session": str(secret)}) as reviewer:
        first = obligations(reviewer)[0]
        service.contacts.put(UUID(first["lead"]), Contact(id="focal-point", name="Amina Diop", email="a@example.org"))
        assert "a@example.org" not in reviewer.page("/reporting/reminders").answer.text
        assert "a@example.org" not in reviewer.get("/reporting/reminders.csv").text


def test_the_queue_is_for_bdt_to_do_and_for_auditors_to_see(
    visitor: Visitor, bdt: Visitor, auditor: Visitor, server: str, service: Service
) -> None:
    visitor.page("/reporting/queue", status=401)
    with signed_in(server, service, Role.STAKEHOLDER, uuid4()) as pledger:
        pledger.page("/reporting/queue", status=403)
    assert auditor.page("/reporting/queue").all("//a[contains(@class, 'button')]") == []
    buttons = bdt.page("/reporting/queue").all("//div[@aria-labelledby='pledges']//a[contains(@class, 'button')]/@href")
    waiting = ["P2C-2026-000007", "P2C-2026-000009"]
    assert buttons == [f"/pledges/{reference}/{what}" for reference in waiting for what in ("validate", "decline")]


def test_every_contribution_that_bdt_has_not_looked_at_waits_with_what_proves_it(
    bdt: Visitor, service: Service
) -> None:
    point = service.register.resolve(None, None)
    waiting = [
        (row.reference, id, len(counted.contribution.evidence))
        for row in service.register.pledges(point)
        if row.validated_on and not row.withdrawn_on and not row.declined_on
        for id, counted in row.contributions.items()
        if counted.standing == "reported"
    ]
    found: list[tuple[str, str, int]] = []
    page: Page | None = bdt.page("/reporting/queue")
    while page:
        for row in rows(page, "to-verify"):
            [verify, query] = row.xpath(".//a[contains(@class, 'button')]/@href")
            _, _, reference, _, id, what = verify.split("/")
            assert (what, query) == ("verify", verify.removesuffix("verify") + "query")
            found.append((reference, id, len(row.xpath("td[@data-label='Evidence']/a"))))
            [event] = row.xpath("td[@data-label='Waits since']/a/@href")
            assert event.startswith(f"/pledges/{reference}/events/")
        more = page.all("//nav[@class='pages']//a[@rel='next' and contains(@href, 'to_verify')]/@href")
        page = bdt.page(more[0]) if more else None

    assert sorted(found) == sorted(waiting)


def test_a_question_is_open_until_what_took_its_place_waits_in_its_stead(bdt: Visitor, service: Service) -> None:
    reference, lead = "P2C-2026-000004", lead_of(service, "P2C-2026-000004")
    pledger, officer = (
        Request(actor=Actor(role=Role.STAKEHOLDER, organisation=lead)),
        Request(actor=Actor(role=Role.BDT)),
    )
    pledge = service.ledger.pledge(pledge_id(reference))
    assert pledge
    target = next(target for target in pledge.targets if target.measure != "money")
    yesterday = service.today() - timedelta(days=1)

    def change(command: Any, by: Request) -> None:
        position = service.commands.change_pledge(reference, command, by).position
        service.register.wait_for(position, 10)

    def question() -> str:
        found = [said(row) for row in rows(bdt.page("/reporting/queue"), "asked") if "Which ones?" in said(row)]
        return found[0] if found else ""

    change(Contribute(contributions=(delivering(2, target.id, yesterday, id="web-1"),)), pledger)
    change(QueryContribution(contribution="web-1", question="Which ones?"), officer)
    assert "none yet" in question()
    change(
        Report(
            period_start=yesterday,
            period_end=yesterday,
            narrative="These two.",
            self_assessment=SelfAssessment.ON_TRACK,
            good_practices=(GoodPractice(title="Answer at once", text="It saves a letter."),),
        ),
        pledger,
    )
    assert "The pledger recorded 1 fact since:" in question()
    latest = rows(bdt.page("/reporting/queue"), "reports")[0]
    assert "These two." in said(latest)
    assert "On track" in said(latest)
    change(Correct(contribution="web-1", reason="one only", replacement=delivering(1, target.id, yesterday)), pledger)
    assert question() == ""
    page = bdt.page("/reporting/queue?to_verify=4")
    assert "in the place of one that was corrected" in page.text
    assert "Answer at once" in bdt.page("/good-practices").text


def test_the_queue_of_an_earlier_moment_is_what_waited_then(bdt: Visitor) -> None:
    page = bdt.page("/reporting/queue?effective_on=2022-06-30&as_of=40")

    assert "No contribution waits to be verified." in page.text
    assert rows(page, "pledges")
    forms = page.all("//div[@aria-labelledby='pledges']//a[contains(@class, 'button')]/@href")
    assert not any("as_of" in address for address in forms), "what is recorded is recorded now"


def test_stories_are_found_by_words_and_by_what_their_pledge_is(visitor: Visitor) -> None:
    asked = {"q": "school", "sector": "government"}
    told = visitor.get("/v1/good-practices", params=asked).json()["items"]
    page = visitor.page("/good-practices", params=asked)

    assert [said(h) for h in page.all("//article/h2")] == [story["title"] for story in told] != []
    assert page.links()["Lakeside Digital Authority (sample)"].startswith("/organisations/")
    links = page.links("//p[@class='downloads']")
    assert visitor.get(links["JSON"]).json()["items"] == told
    table = csv.DictReader(io.StringIO(visitor.get(links["CSV"]).text))
    assert [line["title"] for line in table] == [story["title"] for story in told]


def test_stories_come_a_page_at_a_time(visitor: Visitor) -> None:
    told = visitor.get("/v1/good-practices", params={"limit": 200}).json()["items"]
    first = visitor.page("/good-practices")
    [following] = first.all("//nav[@class='pages']//a[@rel='next']/@href")
    second = visitor.page(following)

    titles = [said(h) for page in (first, second) for h in page.all("//article/h2")]
    assert titles == [story["title"] for story in told]
    assert len(titles) > 20
    assert "No story" not in visitor.page("/good-practices?page=99").text
    assert "No story has all of this." in visitor.page("/good-practices?q=zzz").text

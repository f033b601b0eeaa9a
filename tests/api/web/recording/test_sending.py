"""A form that is sent is recorded once, by whom it was made for, knowing what is so; and it is never lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from api.web.form_posts import LARGEST_BODY, MOST_FIELDS
from domain import commands as asked
from domain.events import Description
from infrastructure.bootstrap import Service
from infrastructure.embedded_postgres import EmbeddedPostgres
from tests.api.web.recording.people import Person, Register, Typed

WORDS = "Rain, and roads that <are> not there & “so on”."


def report(**more: str) -> Typed:
    return {"narrative": WORDS, "self_assessment": "delayed", **more}


def test_a_form_that_is_sent_twice_is_recorded_once(register: Register, pledger: Person):
    reference = register.announced()
    page = pledger.open(f"/pledges/{reference}/report")
    first, second = pledger.send(page, report()), pledger.send(page, report())
    assert (first.status, second.status) == (303, 303)
    assert first.answer.headers["Location"] == second.answer.headers["Location"]
    assert len(register.pledge(reference).reports) == 1


def test_a_receipt_says_what_was_recorded_in_the_language_of_whoever_reads_it(register: Register, pledger: Person):
    reference = register.announced()
    sent = pledger.send(pledger.open(f"/pledges/{reference}/withdraw"), {"reason": "No funds."})
    receipt = sent.answer.headers["Location"]
    assert "Withdrawn" in pledger.open(receipt).text("//ol[@class='facts']")
    assert "Отозван" in (russian := pledger.open(f"{receipt}?lang=ru").text("//ol[@class='facts']"))
    assert "No funds." in russian


def test_also_when_it_is_sent_twice_at_once(register: Register, pledger: Person):
    page = pledger.open("/record/announce")
    typed = {"title": f"Twice {uuid4()}", "description": "x", "type": "policy", "focus_area": "access"}
    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(lambda _: pledger.send(page, typed), range(4)))
    assert {one.status for one in sent} == {303}
    assert len({one.answer.headers["Location"] for one in sent}) == 1
    found = pledger.http.get("/record.json").json()["pledges"]
    assert len([one for one in found if one["title"] == typed["title"]]) == 1


def test_a_form_that_comes_again_with_other_words_can_be_recorded_besides(register: Register, pledger: Person):
    reference = register.announced()
    page = pledger.open(f"/pledges/{reference}/contribute")
    typed = {
        "contributions.0.target": "schools",
        "contributions.0.amount.amount": "1",
        "contributions.0.effective_on": str(register.today),
    }
    assert pledger.send(page, typed).status == 303
    again = pledger.send(page, {**typed, "contributions.0.description": "Another one"})
    assert again.status == 409
    assert "recorded before" in again.text("//*[@id='summary']")
    assert again.find(f"//a[@href='/record/receipts/{page.fields['form_key'][0]}']")
    assert again.fields["contributions.0.description"] == ["Another one"]
    assert pledger.send(again).status == 303
    assert len(register.pledge(reference).contributions) == 2


def test_whoever_was_overtaken_is_told_and_can_record_it_anyway(register: Register, pledger: Person):
    reference = register.announced()
    page = pledger.open(f"/pledges/{reference}/scale-up")
    register.say(reference, asked.ScaleUp(countries=("MLI",)), by="Hirondelle Telecom")
    unseen = pledger.send(page, {"targets.1.value": "150", "form_version": "x"})
    assert unseen.status == 412, "who does not say what they know of is told everything"
    told = pledger.send(page, {"targets.1.value": "150"})
    assert told.status == 412
    assert "Mali" in told.text("//*[@id='summary']")
    assert told.fields["targets.1.value"] == ["150"]
    assert register.pledge(reference).targets[1].promised == 120
    assert pledger.send(told).status == 303
    assert register.pledge(reference).targets[1].promised == 150


def test_what_changes_nothing_for_the_sender_overtakes_nobody(register: Register, pledger: Person):
    reference = register.announced()
    id = register.deliver(reference, 3)
    page = pledger.open(f"/pledges/{reference}/report")
    register.say(reference, asked.VerifyContribution(contribution=id))
    assert pledger.send(page, report()).status == 303


def test_a_verification_is_about_the_contribution_as_it_was_seen(register: Register, bdt: Person):
    reference = register.announced()
    mine, other = register.deliver(reference, 3), register.deliver(reference, 4)
    page = bdt.open(f"/pledges/{reference}/contributions/{mine}/verify")
    register.say(reference, asked.QueryContribution(contribution=other, question="?"))
    register.say(reference, asked.QueryContribution(contribution=mine, question="Which ones?"))
    told = bdt.send(page, {"note": "Seen."})
    assert told.status == 412
    assert "Which ones?" in told.text("//*[@id='summary']")
    assert bdt.send(told).status == 303


def test_an_amendment_leaves_what_somebody_else_put_right_meanwhile(register: Register, pledger: Person):
    reference = register.announced()
    page = pledger.open(f"/pledges/{reference}/amend")
    change = asked.Amend(changes=Description(title="Connect 120 rural schools"), reason="A slip.")
    register.say(reference, change, by="Hirondelle Telecom")
    told = pledger.send(page, {"description": "Fibre alone.", "reason": "No sun."})
    assert told.status == 412
    assert pledger.send(told).status == 303
    pledge = register.pledge(reference)
    assert (pledge.title, pledge.description) == ("Connect 120 rural schools", "Fibre alone.")


@pytest.mark.parametrize("token", ["", "0" * 64, "not the token", "ü"])
def test_a_form_without_the_token_of_its_session_is_not_recorded(register: Register, pledger: Person, token: str):
    reference = register.announced()
    refused = pledger.send(pledger.open(f"/pledges/{reference}/report"), report(form_token=token))
    assert refused.status == 403
    assert "opened before you signed in" in refused.text("//*[@id='summary']")
    assert refused.fields["narrative"] == [WORDS]
    assert not register.pledge(reference).reports
    assert pledger.send(refused).status == 303, "it has the right token now"


def test_a_form_of_another_session_is_not_recorded(
    register: Register, pledger: Person, signing_in: Callable[[str | None], Person]
):
    reference = register.announced()
    page = signing_in("Hirondelle Telecom").open(f"/pledges/{reference}/report")
    assert pledger.send(page, report()).status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "", "Origin": "https://elsewhere.example"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "http://[broken"},
    ],
)
@pytest.mark.parametrize("kept", ["", "1"])
def test_what_another_site_sends_is_neither_recorded_nor_shown(
    register: Register, pledger: Person, headers: dict[str, str], kept: str
):
    reference = register.announced()
    refused = pledger.send(pledger.open(f"/pledges/{reference}/report"), report(kept=kept), **headers)
    assert refused.status == 403
    assert not refused.has_form
    assert WORDS not in refused.answer.text
    assert not register.pledge(reference).reports


def test_a_session_that_is_over_loses_nothing(
    register: Register, service: Service, signing_in: Callable[[str | None], Person], stranger: Person, pledger: Person
):
    reference = register.announced()
    person = signing_in("Hirondelle Telecom")
    page = person.open(f"/pledges/{reference}/report")
    assert person.secret
    service.sessions.close(person.secret)
    over = person.send(page, report())
    assert over.status == 401
    assert over.action == "/sign-in"
    assert over.fields["next"] == [f"/pledges/{reference}/report"]
    assert over.fields["narrative"] == [WORDS]
    assert over.fields["kept"] == ["1"]
    # What signing in leads to: the same fields at the form's own address, with another session.
    again = pledger.post(over.fields["next"][0], {**over.fields, "token": "p2c_secret"})
    assert again.status == 200
    assert again.fields["narrative"] == [WORDS]
    assert again.fields["form_key"] == page.fields["form_key"]
    assert again.fields["form_token"] != page.fields["form_token"]
    assert "p2c_secret" not in again.answer.text
    assert not register.pledge(reference).reports, "it is only shown"
    assert pledger.send(again).status == 303


@contextmanager
def away(postgres: EmbeddedPostgres, conninfo: str) -> Iterator[None]:
    """The database takes no connections, and has none."""
    name = str(conninfo_to_dict(conninfo)["dbname"])
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    with psycopg.connect(postgres.conninfo, autocommit=True) as connection:
        connection.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        try:
            yield
        finally:
            connection.execute(allow.format(sql.Identifier(name), sql.SQL("true")))


def test_a_database_that_is_away_loses_nothing(
    register: Register, pledger: Person, postgres: EmbeddedPostgres, conninfo: str
):
    reference = register.announced()
    page = pledger.open(f"/pledges/{reference}/scale-up")
    typed = {"targets.1.value": "150", "new_targets.0.measure": "people_trained", "countries": ["MLI"]}
    with away(postgres, conninfo):
        failed = pledger.send(page, typed)
    assert failed.status == 503
    assert "Nothing that you typed is lost" in failed.text("//*[@id='summary']")
    assert {name: failed.fields[name] for name in typed} == {
        "targets.1.value": ["150"],
        "new_targets.0.measure": ["people_trained"],
        "countries": ["MLI"],
    }
    assert failed.fields["form_token"] == page.fields["form_token"]
    while (again := pledger.send(failed, {"new_targets.0.measure": ""})).status == 503:
        pass
    assert again.status == 303
    assert register.pledge(reference).targets[1].promised == 150


def test_strangers_see_no_form_and_record_nothing(register: Register, pledger: Person, stranger: Person):
    reference = register.announced()
    address = f"/pledges/{reference}/report"
    assert stranger.open(address).status == 401
    assert stranger.open(address).action == "/sign-in"
    assert stranger.post(address, {**pledger.open(address).fields, **report()}).status == 401
    assert stranger.open("/record/announce").status == 401
    assert not register.pledge(reference).reports


@pytest.mark.parametrize(
    ("who", "form", "status"),
    [
        ("bdt", "report", 403),
        ("auditor", "validate", 403),
        ("admin", "withdraw", 403),
        ("Others Ltd", "report", 403),
        ("Hirondelle Telecom", "validate", 403),
    ],
)
def test_a_form_is_there_for_those_alone_who_may_record_it(
    register: Register, signing_in: Callable[[str | None], Person], who: str, form: str, status: int
):
    reference = register.announced()
    person = signing_in(who)
    shown = person.open(f"/pledges/{reference}/{form}")
    assert (shown.status, shown.has_form) == (status, False)
    token = person.open("/record").find("//input[@name='form_token']/@value")[0]
    fields = report(form_token=token, form_key=str(uuid4()), form_version="2", reason="x")
    sent = person.post(f"/pledges/{reference}/{form}", fields)
    assert (sent.status, sent.has_form) == (status, False)
    assert register.pledge(reference).version == 2


def test_a_pledge_that_is_not_admitted_is_unknown_to_others(
    register: Register, signing_in: Callable[[str | None], Person]
):
    reference = register.announced(admitted=False)
    assert signing_in("Others Ltd").open(f"/pledges/{reference}/contribute").status == 404


def test_a_partner_may_contribute_and_correct_its_own(
    register: Register, signing_in: Callable[[str | None], Person], pledger: Person
):
    partner = register.organisation("Solar Partners")
    reference = register.announced(partners=(asked.Partner(organisation=partner),))
    theirs, lead = register.deliver(reference, 5, by="Solar Partners"), register.deliver(reference, 6)
    person = signing_in("Solar Partners")
    assert person.open(f"/pledges/{reference}/contribute").has_form
    assert person.open(f"/pledges/{reference}/report").status == 403
    assert person.open(f"/pledges/{reference}/contributions/{theirs}/correct").has_form
    assert person.open(f"/pledges/{reference}/contributions/{lead}/correct").status == 403


def test_a_receipt_is_for_the_organisation_that_sent_the_form(
    register: Register, pledger: Person, signing_in: Callable[[str | None], Person], bdt: Person, stranger: Person
):
    reference = register.announced()
    page = pledger.open(f"/pledges/{reference}/report")
    receipt = pledger.send(page, report()).answer.headers["Location"]
    assert signing_in("Hirondelle Telecom").open(receipt).status == 200
    assert bdt.open(receipt).status == 404
    assert signing_in("Others Ltd").open(receipt).status == 404
    assert stranger.open(receipt).status == 401


@pytest.mark.parametrize(
    ("content", "declared", "status"),
    [
        (b"{}", "application/json", 415),
        (b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x", 415),
        (b"narrative=" + b"x" * LARGEST_BODY, "application/x-www-form-urlencoded", 413),
        (b"&".join([b"a=b"] * (MOST_FIELDS + 1)), "application/x-www-form-urlencoded", 413),
        (b"%FF=%00&;;==&", "application/x-www-form-urlencoded", 403),
        (b"", "application/x-www-form-urlencoded", 403),
    ],
)
def test_only_forms_within_bounds_are_read(
    register: Register, pledger: Person, content: bytes, declared: str, status: int
):
    answer = pledger.http.post("/record/announce", content=content, headers={"Content-Type": declared})
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")


def test_texts_longer_than_a_record_come_back(register: Register, pledger: Person):
    reference = register.announced()
    words = "щ" * 19_000
    sent = pledger.send(pledger.open(f"/pledges/{reference}/report"), report(narrative=words, challenges=words))
    assert sent.status == 413
    assert sent.fields["challenges"] == [words]
    assert pledger.send(sent, {"challenges": ""}).status == 303

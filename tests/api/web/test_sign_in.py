"""Signing in by a browser: with a token or at the issuer, and out again."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest

from api.http.app import create_app
from api.web.routes.sign_in import own_place
from domain.vocabulary import Role
from infrastructure.bootstrap import Service, open_on
from infrastructure.oidc.signed_tokens import TrustedIssuer
from tests.api.http.serving import serving
from tests.api.web.pages import Page, Visitor, page_of
from tests.issuer import AUDIENCE, LocalIssuer


@pytest.fixture
def bdt(service: Service) -> str:
    """A token of BDT's."""
    return service.credentials.issue(Role.BDT)[1]


def filled(page: Page, **fields: str) -> dict[str, str]:
    """The fields of the form in the page's content, some of them filled in."""
    [form] = page.all("//main//form")
    return {name: value or "" for name, value in form.form_values()} | fields


def who(visitor: Visitor) -> str:
    """As whom the pages take the visitor."""
    found = visitor.page("/").all("//header//div[@class='visitor']/span")
    return str(found[0].text_content()) if found else "nobody"


def test_a_token_signs_in_and_the_visitor_goes_on_to_where_they_wanted(visitor: Visitor, bdt: str) -> None:
    form = visitor.page("/sign-in", params={"next": "/pledges?lang=ru"})
    answer = visitor.post("/sign-in", data=filled(form, token=f" {bdt}\n"))

    assert (answer.status_code, answer.headers["Location"]) == (303, "/pledges?lang=ru")
    assert who(visitor) == "BDT"


def test_the_cookie_is_out_of_the_reach_of_scripts_and_of_other_sites(visitor: Visitor, bdt: str) -> None:
    answer = visitor.post("/sign-in", data=filled(visitor.page("/sign-in"), token=bdt))
    [cookie] = [c for c in answer.headers.get_list("Set-Cookie") if c.startswith("p2c-session=")]

    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "expires" not in cookie.lower()
    assert bdt not in cookie


def test_a_token_that_is_not_good_is_refused_beside_its_field(visitor: Visitor) -> None:
    answer = visitor.post("/sign-in", data=filled(visitor.page("/sign-in"), token="p2c_wrong"))
    page = page_of(answer, status=422)

    [field] = page.all("//input[@id='token']")
    assert field.get("aria-invalid") == "true"
    assert "p2c_wrong" not in answer.text
    assert who(visitor) == "nobody"


def test_signing_out_ends_the_session_for_whoever_has_the_cookie(visitor: Visitor, bdt: str) -> None:
    visitor.post("/sign-in", data=filled(visitor.page("/sign-in"), token=bdt))
    kept = dict(visitor.cookies)
    [form] = visitor.page("/").all("//header//form")

    assert visitor.post(form.get("action"), data=dict(form.form_values())).status_code == 303
    assert who(visitor) == "nobody"
    visitor.cookies.update(kept)
    assert who(visitor) == "nobody"


def test_a_revoked_token_ends_its_sessions(visitor: Visitor, service: Service) -> None:
    credential, token = service.credentials.issue(Role.AUDITOR)
    visitor.post("/sign-in", data=filled(visitor.page("/sign-in"), token=token))
    assert who(visitor) == "Auditor"

    service.credentials.revoke(credential.id)
    assert who(visitor) == "nobody"


@pytest.mark.parametrize(
    ("change", "headers"),
    [
        ({"form_token": "0" * 64}, {}),
        ({"form_token": ""}, {}),
        ({}, {"Sec-Fetch-Site": "cross-site"}),
        ({}, {"Sec-Fetch-Site": "same-site"}),
        ({}, {"Origin": "https://elsewhere.example"}),
        ({"form_token": "0" * 64}, {"Origin": "null"}),
    ],
)
def test_a_form_that_does_not_come_from_our_page_signs_nobody_in(
    visitor: Visitor, bdt: str, change: dict[str, str], headers: dict[str, str]
) -> None:
    fields = filled(visitor.page("/sign-in"), token=bdt, **change)
    page_of(visitor.post("/sign-in", data=fields, headers=headers), status=403)

    assert who(visitor) == "nobody"


def test_a_form_without_the_visitors_cookie_signs_nobody_in(visitor: Visitor, bdt: str) -> None:
    fields = filled(visitor.page("/sign-in"), token=bdt)
    visitor.cookies.clear()
    page_of(visitor.post("/sign-in", data=fields), status=403)


def test_what_is_no_form_or_too_large_is_refused_on_a_page(visitor: Visitor) -> None:
    page_of(visitor.post("/sign-in", json={"token": "x"}), status=415)
    page_of(visitor.post("/sign-in", data={"token": "x" * 400_000}), status=413)


@pytest.mark.parametrize(
    "address",
    ["//elsewhere.example", "https://elsewhere.example", "/\\elsewhere.example", "javascript:alert(1)", "", "x"],
)
def test_nobody_is_sent_to_another_site(address: str) -> None:
    assert own_place(address) == "/record"
    assert own_place("/pledges?q=a&lang=ar#b") == "/pledges?q=a&lang=ar#b"


def test_what_was_typed_before_the_session_ended_comes_back_after_signing_in(visitor: Visitor, bdt: str) -> None:
    typed = {"kept": "1", "reason": "It <b>is</b> over", "targets.0.value": "12"}
    fields = filled(visitor.page("/sign-in"), token=bdt, next="/pledges/P2C-2022-000001/withdraw", **typed)
    page = page_of(visitor.post("/sign-in", data=fields))
    [form] = page.all("//main//form")

    assert form.get("action") == "/pledges/P2C-2022-000001/withdraw"
    assert typed.items() <= dict(form.form_values()).items()
    assert "token" not in dict(form.form_values())


def test_whoever_is_stopped_at_a_form_signs_in_and_finds_it_filled_in(visitor: Visitor, service: Service) -> None:
    pledge = service.pledges.get("P2C-2022-000004")
    assert pledge
    _, token = service.credentials.issue(Role.STAKEHOLDER, pledge.pledge.lead.organisation)
    stopped = page_of(
        visitor.post("/pledges/P2C-2022-000004/withdraw", data={"form_token": "old", "reason": "No <funds>"}),
        status=401,
    )
    form = next(f for f in stopped.all("//main//form") if "sign-in" in f.get("action"))
    signed_in = page_of(visitor.post(form.get("action"), data=dict(form.form_values()) | {"token": token}))
    [onwards] = signed_in.all("//main//form")
    filled_in = page_of(visitor.post(onwards.get("action"), data=dict(onwards.form_values())))

    [reason] = filled_in.all("//textarea[@name='reason']")
    assert reason.value.strip() == "No <funds>"


@pytest.fixture(scope="module")
def issuer() -> Iterator[LocalIssuer]:
    with LocalIssuer() as issuer:
        yield issuer


@pytest.fixture(scope="module")
def trusting(service: Service, sample_ledger: str, issuer: LocalIssuer) -> Iterator[str]:
    """The address of a second process on the same ledger, which trusts the issuer."""
    trusted = TrustedIssuer(url=issuer.url, audience=AUDIENCE)
    with open_on(sample_ledger, issuer=trusted) as other, serving(create_app(other)) as address:
        yield address


def through_the_issuer(visitor: Visitor, next: str = "/record") -> httpx.Response:
    """To the issuer and back, as a browser goes; the last answer."""
    answer = visitor.get("/sign-in/issuer", params={"next": next})
    for _ in range(2):
        answer = visitor.get(answer.headers["Location"])
    return answer


def test_the_issuer_signs_in_whom_it_knows(trusting: str, issuer: LocalIssuer) -> None:
    with Visitor(base_url=trusting, timeout=30) as visitor:
        assert "/sign-in/issuer?next=%2Fpledges" in visitor.page("/sign-in?next=/pledges").links().values()
        answer = through_the_issuer(visitor, "/pledges")

        assert (answer.status_code, answer.headers["Location"]) == (303, "/pledges")
        assert who(visitor) == "BDT"


def test_an_answer_of_the_issuer_is_good_once_and_in_the_browser_that_asked(trusting: str) -> None:
    with Visitor(base_url=trusting, timeout=30) as visitor, Visitor(base_url=trusting, timeout=30) as other:
        asked = visitor.get("/sign-in/issuer").headers["Location"]
        back = visitor.get(asked).headers["Location"]
        assert parse_qs(urlsplit(asked).query)["redirect_uri"] == [f"{trusting}/sign-in/callback"]

        page_of(other.get(back), status=403)
        assert visitor.get(back).status_code == 303
        page_of(visitor.get(back), status=403)
        assert who(other) == "nobody"


def test_without_an_issuer_there_is_no_way_to_one(visitor: Visitor) -> None:
    assert not visitor.page("/sign-in").links()
    page_of(visitor.get("/sign-in/issuer"), status=404)


def test_a_pledger_who_signs_in_is_a_pledger(visitor: Visitor, service: Service) -> None:
    _, token = service.credentials.issue(Role.STAKEHOLDER, uuid4())
    visitor.post("/sign-in", data=filled(visitor.page("/sign-in"), token=token))

    assert who(visitor) == "Pledger"

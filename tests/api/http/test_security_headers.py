"""Every answer tells a browser to do nothing with it but what it is for."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from lxml import html as parser

from api.http.app import create_app
from api.http.security_headers import ALWAYS, POLICY
from api.web.rendering import POLICY as POLICY_OF_PAGES
from infrastructure.bootstrap import open_on
from infrastructure.embedded_postgres import EmbeddedPostgres
from tests.api.http.every_route import every_route
from tests.api.http.register import Client, days_ago
from tests.api.http.serving import serving
from tests.databases import new_ledger

PERIOD = f"from={days_ago(400)}&to={days_ago(1)}"
PAGES = ["/docs", "/problems", "/problems/internal-error", f"/v1/reports/progress.html?{PERIOD}"]


def every_request() -> Iterator[tuple[str, str]]:
    """Method and path of every route there is, with something for what varies in it."""
    for route in every_route():
        for method in sorted(route.methods or ()):
            yield method, re.sub(r"\{[^}]+\}", "1", route.path or "/")


@pytest.fixture
def bdt(server: str, token: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server, headers={"Authorization": f"Bearer {token}"}, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def apart(postgres: EmbeddedPostgres) -> Iterator[FastAPI]:
    """An application on a service of its own, which stops when it does."""
    with new_ledger(postgres) as conninfo, open_on(conninfo) as service:
        yield create_app(service)


def require_headers(answer: httpx.Response) -> None:
    headers = answer.headers
    assert {name: headers.get_list(name) for name in ALWAYS} == {name: [value] for name, value in ALWAYS.items()}
    policy = headers["Content-Security-Policy"]
    assert policy.startswith(POLICY) or policy == POLICY_OF_PAGES
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert len(headers.get_list("Content-Security-Policy", split_commas=False)) == 1
    assert "Server" not in headers
    assert not [name for name in headers if name.startswith("access-control-")]


@pytest.mark.parametrize(("method", "path"), sorted(set(every_request())))
def test_every_route_answers_with_them(bdt: httpx.Client, method: str, path: str) -> None:
    with bdt.stream(method, path) as answer:  # one of them never ends
        require_headers(answer)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("HEAD", "/nowhere", 404),
        ("PATCH", "/v1/pledges", 405),
        ("GET", "/v1/pledges?limit=0", 422),
        ("POST", "/v1/pledges", 422),
        ("OPTIONS", "/v1/pledges", 405),
        ("GET", f"/v1/pledges?q={'x' * 40_000}", 431),
    ],
)
def test_so_does_what_is_refused(bdt: httpx.Client, method: str, path: str, status: int) -> None:
    answer = bdt.request(method, path, headers={"Origin": "https://elsewhere.example"})

    assert answer.status_code == status
    require_headers(answer)


@pytest.mark.usefixtures("without_projections")
def test_so_does_what_cannot_be_answered_now(client: Client) -> None:
    position = client.post("/v1/organisations", json={"name": "A", "sector": "other"}).headers["Ledger-Position"]

    answer = client.get("/v1/pledges", headers={"Ledger-Position": position})

    assert answer.status_code == 503
    require_headers(answer)


def test_so_does_a_fault_of_ours(apart: FastAPI) -> None:
    @apart.get("/fault")
    def fault() -> None:
        raise RuntimeError("a fault of ours")

    with serving(apart) as address:
        answer = httpx.get(f"{address}/fault")

    assert answer.status_code == 500
    assert "a fault of ours" not in answer.text
    require_headers(answer)


@pytest.mark.parametrize(
    ("trusted", "forwarded", "strict"),
    [("127.0.0.1", "https", True), ("127.0.0.1", "http", False), ("none", "https", False), ("127.0.0.1", "", False)],
)
def test_only_what_came_by_https_is_to_stay_there(apart: FastAPI, trusted: str, forwarded: str, strict: bool) -> None:
    with serving(apart, trusted_proxies=trusted) as address:
        answer = httpx.get(f"{address}/livez", headers={"X-Forwarded-Proto": forwarded})

    assert ("Strict-Transport-Security" in answer.headers) is strict


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_nothing_in_it_that_its_policy_forbids(client: Client, path: str) -> None:
    answer = client.get(path, headers={"Accept": "text/html"})
    page = parser.fromstring(answer.text)
    styles = [style.text or "" for style in page.iter("style")]
    allowed = set(re.findall(r"'sha256-([^']+)'", answer.headers["Content-Security-Policy"]))

    require_headers(answer)
    assert {base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in styles} == allowed
    assert page.xpath("//@style | //script | //link | //img | //iframe | //object | //embed | //form | //base") == []
    assert page.xpath("//@*[starts-with(name(), 'on')] | //@*[starts-with(., 'javascript:')]") == []


def test_the_report_has_charts_in_it(client: Client) -> None:
    client.on(client.announce(), "validation", {})

    page = parser.fromstring(client.get(PAGES[-1]).text)

    assert page.xpath("//svg")

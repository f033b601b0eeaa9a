"""Whatever goes wrong is said in the same form, and explained where its type leads to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
from psycopg_pool import PoolTimeout

from api.http.problems import PROBLEMS, REFUSALS
from application.ledger import LedgerBusy, LedgerRolledBack
from domain.refusals import Refused
from domain.vocabulary import Role
from infrastructure.bootstrap import Service
from tests.api.http.contract import description
from tests.api.http.register import Client, days_ago, usd
from tests.superuser import superuser

JSON = {"Content-Type": "application/json"}


def refusals(of: type[Refused] = Refused) -> Iterator[type[Refused]]:
    for refusal in of.__subclasses__():
        yield refusal
        yield from refusals(refusal)


def require_problem(answer: httpx.Response, status: int, name: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert (problem["type"], problem["status"]) == (f"/problems/{name}", status)
    assert problem["title"]
    assert problem["detail"]
    assert problem["remedy"]
    assert problem["instance"] == answer.request.url.path
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    return problem


@pytest.mark.parametrize("refusal", sorted(refusals(), key=str))
def test_every_refusal_has_a_status(refusal: type[Refused]) -> None:
    assert REFUSALS.get(refusal) in {404, 409, 422}


def test_every_type_of_problem_resolves_for_programs_and_for_people(anybody: Client) -> None:
    listed = anybody.get("/problems").json()["problems"]

    assert {problem["type"] for problem in listed} == {problem.type for problem in PROBLEMS.values()}
    for problem in listed:
        assert anybody.get(problem["type"]).json() == problem
        page = anybody.get(problem["type"], headers={"Accept": "text/html"})
        assert page.headers["Content-Type"].startswith("text/html")
    assert "<table>" in anybody.get("/problems", headers={"Accept": "text/html"}).text


def test_without_a_token_nothing_is_written(anybody: Client) -> None:
    for headers, challenge in (
        ({}, "Bearer"),
        ({"Authorization": "Basic eDp5"}, "Bearer"),
        ({"Authorization": "Bearer p2c_wrong"}, 'Bearer error="invalid_token"'),
    ):
        answer = anybody.post("/v1/organisations", json={"name": "A", "sector": "youth"}, headers=headers)
        require_problem(answer, 401, "not-authenticated")
        assert answer.headers["WWW-Authenticate"] == challenge


def test_an_expired_or_revoked_token_writes_nothing(anybody: Client, service: Service) -> None:
    credential, token = service.credentials.issue(Role.BDT)
    service.credentials.revoke(credential.id)

    answer = anybody.post("/v1/organisations", json={}, headers={"Authorization": f"Bearer {token}"})

    require_problem(answer, 401, "not-authenticated")


def test_an_auditor_reads_and_does_not_write(anybody: Client, auditor_token: str) -> None:
    headers = {"Authorization": f"Bearer {auditor_token}"}

    joining = {"name": "Late", "sector": "other"}
    rates = {"rates": [{"currency": "EUR", "month": "2026-01", "rate": "1.1", "source": "UN"}]}
    require_problem(anybody.post("/v1/organisations", json=joining, headers=headers), 403, "not-permitted")
    require_problem(anybody.post("/v1/exchange-rates", json=rates, headers=headers), 403, "not-permitted")
    assert anybody.get("/v1/pledges", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nonsense",
        b'{"name": NaN}',
        b'{"name": "A", "name": "B"}',
        b'{"name": "\\ud800"}',
        b'{"\\udfff": 1}',
        b"\xff\xfe",
        b"[" * 5_000,
        b"[" * 500 + b"]" * 500,
        b'{"name": ' + b"9" * 5_000 + b"}",
    ],
)
def test_a_body_that_is_no_common_json_is_refused(client: Client, body: bytes) -> None:
    require_problem(client.post("/v1/organisations", content=body, headers=JSON), 400, "malformed-json")


@pytest.mark.parametrize("declared", ["text/plain", "application/x-www-form-urlencoded", None])
def test_a_body_that_is_not_declared_as_json_is_refused(client: Client, declared: str | None) -> None:
    headers = {"Content-Type": declared} if declared else {}

    answer = client.post("/v1/organisations", content=b'{"name": "A"}', headers=headers)

    require_problem(answer, 415, "unsupported-content-type")


def test_a_command_without_a_body_states_nothing(client: Client) -> None:
    reference = client.announce()

    assert client.post(f"/v1/pledges/{reference}/validation").status_code == 201
    answer = client.post(f"/v1/pledges/{reference}/withdrawal")
    problem = require_problem(answer, 422, "invalid-request")
    assert problem["errors"] == [{"field": "/reason", "detail": "This field is needed."}]


def test_a_body_larger_than_64_kib_is_refused_however_it_is_sent(client: Client) -> None:
    large = b'{"name": "' + b"x" * 70_000 + b'"}'

    declared = client.post("/v1/organisations", content=large, headers=JSON)
    chunked = client.post(
        "/v1/organisations", content=(large[i : i + 9_000] for i in range(0, len(large), 9_000)), headers=JSON
    )

    require_problem(declared, 413, "body-too-large")
    require_problem(chunked, 413, "body-too-large")


def test_unknown_addresses_and_methods_are_problems_too(client: Client) -> None:
    require_problem(client.get("/v1/nothing"), 404, "no-such-address")
    require_problem(client.get("/v1/pledges/"), 404, "no-such-address")


def test_every_address_names_the_methods_it_takes_where_another_comes(anybody: Client) -> None:
    for path, operations in description()["paths"].items():
        address = re.sub("{.*?}", "3f0c2b1e-6d1f-4f0e-9a53-0d6e0c6a2b11", path)
        taken = {method.upper() for method in operations} | ({"HEAD"} if "get" in operations else set())
        for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} - taken:
            answer = anybody.request(method, address)
            assert answer.status_code == 405, (method, path)
            assert set(answer.headers["Allow"].split(", ")) == taken, path
            if method != "HEAD":
                require_problem(answer, 405, "method-not-allowed")


def test_head_is_answered_like_get_without_a_body(anybody: Client) -> None:
    got, asked = anybody.get("/v1/vocabulary"), anybody.head("/v1/vocabulary")

    assert (asked.status_code, asked.content) == (200, b"")
    for header in ("ETag", "Content-Type", "Content-Length", "Cache-Control"):
        assert asked.headers[header] == got.headers[header]


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/v1/pledges/P2C-2026-999999", "unknown-pledge"),
        ("/v1/pledges/P2C-2026-999999/history", "unknown-pledge"),
        ("/v1/pledges/%00", "unknown-pledge"),
        ("/v1/pledges/%ff%fe", "unknown-pledge"),
        ("/v1/organisations/00000000-0000-0000-0000-000000000000", "unknown-organisation"),
        ("/v1/organisations/nobody", "unknown-organisation"),
    ],
)
def test_what_nobody_knows_is_not_found(client: Client, address: str, name: str) -> None:
    require_problem(client.get(address), 404, name)


def test_a_version_that_a_pledge_does_not_have_is_not_found(client: Client) -> None:
    reference = client.announce()

    require_problem(client.get(f"/v1/pledges/{reference}", params={"version": 2}), 404, "unknown-version")


def test_all_field_errors_are_named_at_once(client: Client) -> None:
    body = client.announcement(
        type="gift",
        countries=["SEN", "XXX"],
        sdgs=[1, 18, "3", True],
        wsis_lines=["C2", "C12"],
        pillars=["magic"],
        title=" ",
        announced_on="yesterday",
        surprise=1,
        targets=[
            {"id": "a", "measure": "money", "value": {"amount": 5, "currency": "ZZZ"}},
            {"id": "b", "measure": "sheep", "value": 12.5, "due_on": 20261231},
        ],
    )

    problem = require_problem(client.post("/v1/pledges", json=body), 422, "invalid-request")

    assert {error["field"] for error in problem["errors"]} == {
        "/type",
        "/countries/1",
        "/sdgs/1",
        "/sdgs/2",
        "/sdgs/3",
        "/wsis_lines/1",
        "/pillars/0",
        "/title",
        "/announced_on",
        "/surprise",
        "/targets/0/value/amount",
        "/targets/0/value/currency",
        "/targets/1/measure",
        "/targets/1/value",
        "/targets/1/due_on",
    }
    details = {error["field"]: error["detail"] for error in problem["errors"]}
    assert "as a string" in details["/targets/0/value/amount"]
    assert "as a string" in details["/targets/1/value"]
    assert "/v1/vocabulary" in details["/countries/1"]


def test_an_amendment_does_not_touch_targets(client: Client) -> None:
    body = {"reason": "More.", "targets": [{"id": "schools", "measure": "schools_connected", "value": "1"}]}

    problem = require_problem(client.on(client.announce(), "amendments", body), 422, "invalid-request")

    assert problem["errors"][0]["field"] == "/targets"
    assert "scale-up" in problem["errors"][0]["detail"]


def test_null_in_an_amendment_leaves_the_field_as_it_is(client: Client) -> None:
    body = {"reason": "A slip.", "title": "Right", "description": None, "countries": None, "targets": None}

    amended = client.on(client.announce(), "amendments", body).json()["pledge"]

    assert (amended["title"], amended["description"], amended["countries"]) == (
        "Right",
        "Fibre and solar power.",
        ["SEN"],
    )


@pytest.mark.parametrize("failure", [psycopg.OperationalError("gone"), PoolTimeout("none left")])
def test_a_database_that_is_away_is_said_to_be_so(
    client: Client, service: Service, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(type(service.pledges), "page", fail)
    answer = client.get("/v1/pledges")

    problem = require_problem(answer, 503, "database-away")
    assert str(failure) not in answer.text
    assert answer.headers["Retry-After"] == problem.get("retry_after", "1")


def test_a_database_without_room_is_said_to_be_so(
    client: Client, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise psycopg.errors.DiskFull('could not extend file "base/5/16437"')

    monkeypatch.setattr(type(service.ledger), "begin", fail)
    answer = client.post("/v1/organisations", json={"name": "A", "sector": "youth"})

    require_problem(answer, 507, "disk-full")
    assert "16437" not in answer.text
    assert int(answer.headers["Retry-After"]) > 0


def test_a_busy_ledger_asks_to_come_again(client: Client, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object, **__: object) -> None:
        raise LedgerBusy("no turn came")

    monkeypatch.setattr(type(service.ledger), "begin", busy)
    answer = client.post("/v1/organisations", json={"name": "A", "sector": "youth"})

    require_problem(answer, 503, "ledger-busy")
    assert answer.headers["Retry-After"] == "1"


def test_a_ledger_that_lacks_what_was_signed_is_read_and_not_written(
    client: Client, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rolled_back(*_: object, **__: object) -> None:
        raise LedgerRolledBack(90, 100)

    monkeypatch.setattr(type(service.ledger), "begin", rolled_back)
    problem = require_problem(
        client.post("/v1/organisations", json={"name": "A", "sector": "youth"}), 503, "ledger-rolled-back"
    )

    assert "ends at position 90, but was signed up to 100" in problem["detail"]
    assert client.get("/v1/organisations").status_code == 200


def test_what_only_a_newer_form_of_a_read_model_answers_is_to_be_asked_again(client: Client, service: Service) -> None:
    reference = client.announce()
    rename = "ALTER TABLE pledge_status.names RENAME COLUMN {} TO {}"
    with superuser(service, autocommit=True) as connection:
        connection.execute(rename.format("called", "known_as").encode())
        problem = require_problem(client.get(f"/v1/pledges/{reference}"), 503, "view-behind")
        connection.execute(rename.format("known_as", "called").encode())

    assert "newer version" in problem["detail"]
    assert client.get(f"/v1/pledges/{reference}").status_code == 200


def test_a_fault_of_ours_shows_nothing_of_itself(
    client: Client, service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(type(service.pledges), "page", fail)
    answer = client.get("/v1/pledges", headers={"X-Request-Id": "mine-1"})

    require_problem(answer, 500, "internal-error")
    assert answer.headers["X-Request-Id"] == "mine-1"
    assert "secret" not in answer.text
    logged = capsys.readouterr().out
    assert "mine-1" in logged
    assert "ZeroDivisionError" in logged


def test_a_request_id_that_is_not_sane_is_replaced(client: Client) -> None:
    assert client.get("/livez", headers={"X-Request-Id": "a b;c"}).headers["X-Request-Id"] != "a b;c"


def test_every_refusal_of_a_command_names_its_status_and_field(client: Client) -> None:
    lead = client.register()
    reference = client.announce(lead=lead)
    nobody = "00000000-0000-0000-0000-000000000001"
    schools = {"id": "schools", "measure": "schools_connected"}
    given = {"id": "c1", "target": "schools", "quantity": "60", "effective_on": days_ago(10)}
    client.on(reference, "contributions", {"contributions": [given]})
    cases: list[tuple[str, dict[str, Any], int, str, str | None]] = [
        ("", {"lead": nobody}, 422, "unknown-organisation", "/lead"),
        ("", {"partners": [{"organisation": nobody}]}, 422, "unknown-organisation", "/partners/0/organisation"),
        ("", {"pillars": ["skills"]}, 422, "pillar-outside-focus-area", "/pillars"),
        ("", {"starts_on": "2026-02-01", "ends_on": "2026-01-01"}, 422, "end-before-start", "/ends_on"),
        ("", {"announced_on": "2999-01-01"}, 422, "date-in-future", "/announced_on"),
        ("", {"targets": [{**schools, "value": "0"}]}, 422, "not-positive", "/targets/0/value"),
        ("", {"targets": [{**schools, "value": usd("5.00")}]}, 422, "measure-mismatch", "/targets/0/value"),
        (
            "",
            {"targets": [{"id": "m", "measure": "money", "value": usd("5.001")}]},
            422,
            "unacceptable-amount",
            "/targets/0/value/amount",
        ),
        (
            "",
            {"targets": [{"id": "m", "measure": "money", "value": usd("-5")}]},
            422,
            "not-positive",
            "/targets/0/value/amount",
        ),
        ("", {"targets": [{**schools, "value": "5"}] * 2}, 422, "duplicate-targets", "/targets"),
        ("", {"partners": [{"organisation": lead, "share": "0.5"}]}, 422, "shares-do-not-sum", "/partners"),
        ("", {"description": "x" * 20_000, "occasion": "y"}, 201, "", None),
        ("scale-ups", {"targets": [{**schools, "value": "119"}]}, 409, "nothing-rises", "/targets"),
        ("scale-ups", {"targets": [{**schools, "id": "x", "value": "9"}]}, 422, "unknown-target", "/targets/0/id"),
        ("scale-ups", {}, 409, "nothing-rises", None),
        ("scale-downs", {"targets": [{**schools, "value": "50"}], "reason": "x"}, 409, "below-delivered", "/targets"),
        ("scale-downs", {"targets": [], "reason": "x"}, 409, "nothing-falls", "/targets"),
        ("contributions", {"contributions": []}, 422, "nothing-delivered", "/contributions"),
        (
            "contributions",
            {"contributions": [given]},
            409,
            "contribution-already-recorded",
            "/contributions/0/id",
        ),
        (
            "contributions",
            {"contributions": [{**given, "id": "c2", "quantity": "0"}]},
            422,
            "not-positive",
            "/contributions/0/quantity",
        ),
        (
            "contributions",
            {"contributions": [{**given, "id": "c2", "effective_on": "2999-01-01"}]},
            422,
            "date-in-future",
            "/contributions/0/effective_on",
        ),
        (
            "contributions",
            {"contributions": [{**given, "id": "c2", "effective_on": "2001-01-01"}]},
            422,
            "before-announcement",
            "/contributions/0/effective_on",
        ),
        (
            "contributions",
            {"contributions": [{**given, "id": "c2", "evidence": [{"url": "ftp://x"}]}]},
            422,
            "invalid-request",
            "/contributions/0/evidence/0/url",
        ),
        (
            "fulfilment",
            {"statement": "x", "evidence": [{"url": "https://x", "sha256": "12"}]},
            422,
            "invalid-request",
            "/evidence/0/sha256",
        ),
        (
            "reports",
            {
                "period_start": days_ago(5),
                "period_end": days_ago(6),
                "narrative": "x",
                "self_assessment": "on_track",
            },
            422,
            "end-before-start",
            "/period_end",
        ),
        ("amendments", {"reason": "x"}, 409, "nothing-amended", None),
        ("amendments", {"reason": "x", "pillars": ["skills"]}, 422, "pillar-outside-focus-area", "/pillars"),
        ("withdrawal", {"reason": "x", "superseded_by": reference}, 422, "supersedes-itself", "/superseded_by"),
        ("withdrawal", {"reason": "x", "superseded_by": "P2C-1"}, 422, "unknown-pledge", "/superseded_by"),
        ("contributions/c9/verification", {}, 404, "unknown-contribution", None),
        ("contributions/c9/query", {"question": "x"}, 404, "unknown-contribution", None),
        ("contributions/%20/correction", {"reason": "x"}, 404, "unknown-contribution", None),
        ("contributions/c1/correction", {"reason": "Wrong."}, 201, "", None),
        ("contributions/c1/correction", {"reason": "Wrong."}, 409, "already-corrected", None),
        ("validation", {}, 201, "", None),
        ("validation", {}, 409, "already-decided", None),
        ("decline", {"reason": "x"}, 409, "already-decided", None),
        ("withdrawal", {"reason": "x"}, 201, "", None),
        ("withdrawal", {"reason": "x"}, 409, "pledge-closed", None),
        ("scale-ups", {"countries": ["GMB"]}, 409, "pledge-closed", None),
    ]

    for command, body, status, name, field in cases:
        answer = (
            client.on(reference, command, body)
            if command
            else client.post("/v1/pledges", json=client.announcement(**{"lead": lead, **body}))
        )
        if status == 201:
            assert answer.status_code == 201, answer.text
            continue
        problem = require_problem(answer, status, name)
        assert [error["field"] for error in problem["errors"]] == ([field] if field else []), command


def test_an_amount_whose_dollars_could_not_be_summed_exactly_is_refused(client: Client) -> None:
    rate = {"rate": "900000000000", "on": days_ago(500), "source": "a slip"}
    value = {"amount": "900000000000.00", "currency": "EUR", "usd_rate": rate}
    body = client.announcement(targets=[{"id": "m", "measure": "money", "value": value}])

    problem = require_problem(client.post("/v1/pledges", json=body), 422, "unacceptable-amount")

    assert problem["errors"][0]["field"] == "/targets/0/value/usd_rate/rate"

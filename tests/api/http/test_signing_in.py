"""Signing in at an OpenID Connect issuer: its tokens are as good as our own, and leave no person in the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest
import structlog
from fastapi import FastAPI

from domain.vocabulary import Role
from infrastructure.bootstrap import Service, open_on
from infrastructure.embedded_postgres import EmbeddedPostgres
from infrastructure.oidc.signed_tokens import SignedTokens, TrustedIssuer
from tests.api.http.register import Client
from tests.databases import new_ledger
from tests.issuer import AUDIENCE, Json, Key, LocalIssuer
from tests.superuser import superuser

PERSON = "amina.diop@example.org"


@pytest.fixture(scope="module")
def issuer() -> Iterator[LocalIssuer]:
    with LocalIssuer() as issuer:
        yield issuer


@pytest.fixture(scope="module")
def service(postgres: EmbeddedPostgres, issuer: LocalIssuer) -> Iterator[Service]:
    """A service that trusts the issuer."""
    trusted = TrustedIssuer(url=issuer.url, audience=AUDIENCE, roles_claim="realm_access.roles")
    with new_ledger(postgres) as conninfo, open_on(conninfo, issuer=trusted) as service:
        yield service


@pytest.fixture
def client(anybody: Client) -> Client:
    """A client without a token of our own."""
    return anybody


def signed_in(issuer: LocalIssuer, role: str = "bdt", **claims: object) -> dict[str, str]:
    named: Json = {"realm_access": {"roles": ["offline_access", role]}, "sub": PERSON, **claims}
    return {"Authorization": f"Bearer {issuer.token(**named)}"}


def register(client: Client, headers: dict[str, str]) -> httpx.Response:
    body = {"name": f"Organisation {uuid4()}", "sector": "academia"}
    return client.post("/v1/organisations", json=body, headers=headers)


def test_bdt_signs_in_and_writes(client: Client, issuer: LocalIssuer) -> None:
    assert register(client, signed_in(issuer)).status_code == 201


def test_an_auditor_signs_in_and_reads_what_is_not_public(client: Client, issuer: LocalIssuer) -> None:
    lead = register(client, signed_in(issuer)).json()["organisation"]["id"]
    as_stakeholder = signed_in(issuer, "stakeholder", organisation=lead)
    announced = client.post("/v1/pledges", json=client.announcement(lead=lead), headers=as_stakeholder)
    address = f"/v1/pledges/{announced.json()['pledge']['reference']}"
    position = {"Ledger-Position": announced.headers["Ledger-Position"]}
    assert client.get(address, headers={**signed_in(issuer, "auditor"), **position}).status_code == 200
    assert client.get(address, headers=position).status_code == 404
    assert register(client, signed_in(issuer, "auditor")).status_code == 403


def test_a_stakeholder_signs_in_for_an_organisation(client: Client, issuer: LocalIssuer) -> None:
    lead = register(client, signed_in(issuer)).json()["organisation"]["id"]
    as_stakeholder = signed_in(issuer, "stakeholder", organisation=lead)
    announced = client.post("/v1/pledges", json=client.announcement(lead=lead), headers=as_stakeholder)
    assert announced.status_code == 201, announced.text
    without = client.post("/v1/pledges", json=client.announcement(lead=lead), headers=signed_in(issuer, "stakeholder"))
    assert without.status_code == 401
    assert "has to name its organisation" in without.json()["detail"]


def test_a_token_of_our_own_is_as_good_as_before(client: Client, service: Service) -> None:
    token = service.credentials.issue(Role.BDT)[1]
    assert register(client, {"Authorization": f"Bearer {token}"}).status_code == 201
    assert register(client, {"Authorization": "Bearer p2c_unknown"}).status_code == 401


def test_a_token_that_is_not_valid_is_answered_with_the_reason(client: Client, issuer: LocalIssuer) -> None:
    answers = [
        register(client, signed_in(issuer, exp=1)),
        client.get("/v1/pledges", headers=signed_in(issuer, exp=1)),
    ]
    for answer in answers:
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
        assert answer.json()["type"] == "/problems/not-authenticated"
        assert answer.json()["detail"] == "The token is not valid: it has expired."


@pytest.mark.parametrize("role", ["public", "chief"])
def test_nobody_signs_in_without_a_role_of_the_register(client: Client, issuer: LocalIssuer, role: str) -> None:
    refused = client.get("/v1/pledges", headers=signed_in(issuer, role))
    assert refused.status_code == 401
    assert "exactly one of the roles stakeholder, bdt, auditor, admin" in refused.json()["detail"]


def test_a_token_of_another_key_is_refused(client: Client, issuer: LocalIssuer) -> None:
    assert register(client, signed_in(issuer, signed_with=Key.new())).status_code == 401


@pytest.mark.parametrize("length", [9_000, 20_000])
def test_a_token_that_is_too_long_is_refused(client: Client, issuer: LocalIssuer, length: int) -> None:
    assert register(client, signed_in(issuer, more="x" * length)).status_code == 401


def test_what_was_refused_is_logged_without_the_token_and_without_the_person(
    client: Client, issuer: LocalIssuer
) -> None:
    headers = signed_in(issuer, aud="elsewhere")
    with structlog.testing.capture_logs() as logged:
        register(client, headers)
    assert "it is meant for another audience" in next(line["reason"] for line in logged if line["event"] == "refused")
    assert not any(said in str(logged) for said in (PERSON, *headers["Authorization"].split(".")))


@contextmanager
def trusting(app: FastAPI, issuer: TrustedIssuer | None) -> Iterator[None]:
    """Another issuer is trusted for a while, or none."""
    usual: Service = app.state.service
    app.state.service = replace(usual, signed_tokens=SignedTokens(issuer, usual.subjects))
    try:
        yield
    finally:
        app.state.service = usual


def test_without_a_trusted_issuer_such_a_token_is_not_valid(client: Client, app: FastAPI, issuer: LocalIssuer) -> None:
    with trusting(app, None):
        refused = register(client, signed_in(issuer))
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert refused.json()["detail"] == "The token is not valid: this service trusts no issuer of such tokens."


def test_while_the_issuer_is_away_the_client_is_told_to_come_again(client: Client, app: FastAPI) -> None:
    with LocalIssuer() as other, trusting(app, TrustedIssuer(url=other.url, audience=AUDIENCE)):
        other.stop()
        for answer in (register(client, signed_in(other)), client.get("/v1/pledges", headers=signed_in(other))):
            assert answer.status_code == 503
            assert answer.json()["type"] == "/problems/issuer-away"
            assert 1 <= int(answer.headers["Retry-After"]) <= 10
        assert client.get("/problems/issuer-away").status_code == 200
        assert client.get("/v1/pledges").status_code == 200, "the public is not concerned"


TABLES = """
SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
"""


def everything_stored(service: Service) -> dict[str, str]:
    """The rows of every table as text, with stored bytes as they are written."""
    with superuser(service) as connection:
        connection.execute("SET bytea_output = escape")
        tables = [name for (name,) in connection.execute(TABLES).fetchall()]
        return {
            table: "\n".join(row for (row,) in connection.execute(f"SELECT t::text FROM {table} t".encode()).fetchall())
            for table in tables
        }


def test_a_recorded_fact_carries_an_opaque_id_and_no_person(
    client: Client, service: Service, issuer: LocalIssuer
) -> None:
    person = f"zaynab.{uuid4().hex}@example.org"
    as_person = signed_in(issuer, sub=person, name="Zaynab Example", email=person)
    answer = register(client, {**as_person, "Idempotency-Key": str(uuid4())})
    assert answer.status_code == 201
    client.read("/v1/organisations", answer.headers["Ledger-Position"])
    stored = everything_stored(service)
    assert len(stored) > 10
    assert [table for table, rows in stored.items() if person in rows or "Zaynab" in rows] == ["ledger.subjects"]
    id = service.subjects.id_of(issuer.url, person)
    assert f'"credential":"{id}"' in stored["ledger.events"].replace('\\"', '"').replace('""', '"')

    service.subjects.erase(id)

    erased = everything_stored(service)
    assert not any(person in rows for rows in erased.values())
    assert erased["ledger.events"] == stored["ledger.events"]
    assert register(client, as_person).status_code == 201
    assert service.subjects.id_of(issuer.url, person) != id

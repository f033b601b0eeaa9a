"""Tokens over HTTP: issued once, good for what they say, worthless when they are revoked or over."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from domain.vocabulary import Role
from infrastructure.bootstrap import Service, open_on
from infrastructure.credentials import REMEMBERED_SECONDS
from tests.api.http.register import Client, days_ago


@pytest.fixture
def admin(anybody: Client, admin_token: str) -> Client:
    """An administrator."""
    anybody.headers["Authorization"] = f"Bearer {admin_token}"
    return anybody


def own(client: Client, token: str) -> httpx.Response:
    """What a token is good for."""
    return client.get("/v1/tokens/own", headers={"Authorization": f"Bearer {token}"})


def test_an_issued_token_acts_for_its_organisation_and_is_shown_once(admin: Client, client: Client) -> None:
    lead = client.register()
    issued = admin.post("/v1/tokens", json={"role": "stakeholder", "organisation": lead, "note": "Reporting"})
    token, credential = issued.json()["token"], issued.json()["credential"]

    assert issued.status_code == 201
    assert issued.headers["Cache-Control"] == "no-store"
    assert token.startswith(credential["begins_with"])
    assert len(token) == len("p2c_") + 43, "256 bits in base64url"
    announced = admin.post(
        "/v1/pledges", json=client.announcement(lead=lead), headers={"Authorization": f"Bearer {token}"}
    )
    assert announced.status_code == 201
    assert token not in admin.get("/v1/tokens").text


def test_of_tokens_that_are_asked_about_together_each_is_told_for_itself(service: Service) -> None:
    good, revoked, over = (
        service.credentials.issue(Role.BDT, expires_at=until)
        for until in (None, None, datetime.now(UTC) - timedelta(seconds=1))
    )
    service.credentials.revoke(revoked[0].id)
    auditor = service.credentials.issue(Role.AUDITOR)
    tokens = [good[1], revoked[1], "p2c_nobodys", over[1], auditor[1]]

    found = service.credentials.authenticate_each(tokens)

    assert [credential and credential.id for credential in map(found.get, tokens)] == [
        good[0].id,
        None,
        None,
        None,
        auditor[0].id,
    ]
    assert service.credentials.authenticated_lately(revoked[1]) is None


def test_half_of_the_time_for_which_a_token_is_remembered_it_is_asked_about_again(service: Service) -> None:
    _, token = service.credentials.issue(Role.BDT)
    assert service.credentials.authenticated_lately(token) is None
    service.credentials.authenticate(token)
    lately = service.credentials.authenticated_lately(token)
    assert lately
    assert not lately.is_soon_forgotten
    time.sleep(REMEMBERED_SECONDS / 2)
    assert lately.is_soon_forgotten


def test_only_the_digest_of_a_token_is_kept(admin: Client, service: Service) -> None:
    token = admin.post("/v1/tokens", json={"role": "auditor"}).json()["token"]
    with psycopg.connect(str(service.pool.conninfo)) as connection:
        rows = connection.execute("SELECT credentials::text FROM ledger.credentials").fetchall()

    assert all(token not in row[0] for row in rows)


def test_when_a_token_was_last_used_is_told(admin: Client) -> None:
    issued = admin.post("/v1/tokens", json={"role": "auditor"}).json()
    assert listed(admin, issued)["last_used_at"] is None

    before = datetime.now(UTC) - timedelta(seconds=1)
    assert own(admin, issued["token"]).status_code == 200

    assert datetime.fromisoformat(listed(admin, issued)["last_used_at"]) >= before


def listed(admin: Client, issued: dict[str, Any]) -> dict[str, Any]:
    """What the list says of a token."""
    return next(item for item in admin.get("/v1/tokens").json()["items"] if item["id"] == issued["credential"]["id"])


def test_a_revoked_token_is_worthless_and_may_be_revoked_again(admin: Client) -> None:
    issued = admin.post("/v1/tokens", json={"role": "bdt"}).json()
    address = f"/v1/tokens/{issued['credential']['id']}/revocation"
    assert own(admin, issued["token"]).status_code == 200

    first = admin.post(address)
    assert own(admin, issued["token"]).status_code == 401
    assert admin.post(address).json() == first.json()


def test_a_token_that_another_process_revokes_is_worthless_at_once(
    anybody: Client, client: Client, service: Service, conninfo: str
) -> None:
    """Also where it was good here a moment ago, so that nobody was asked again."""
    reference = client.announce()
    lead = client.get(f"/v1/pledges/{reference}").json()["lead"]["id"]
    credential, token = service.credentials.issue(Role.STAKEHOLDER, UUID(lead))
    anybody.headers["Authorization"] = f"Bearer {token}"
    address, body = (
        f"/v1/pledges/{reference}/contributions",
        {"contributions": [{"target": "schools", "quantity": "1", "effective_on": days_ago(1)}]},
    )
    assert [anybody.post(address, json=body).status_code for _ in range(2)] == [201, 201]

    with open_on(conninfo) as elsewhere:
        assert elsewhere.credentials.revoke(credential.id)
    refused = anybody.post(address, json=body)

    assert (refused.status_code, refused.json()["type"]) == (401, "/problems/not-authenticated")
    assert anybody.get(f"/v1/pledges/{reference}").status_code == 401
    assert client.get(f"/v1/pledges/{reference}").json()["version"] == 3


def test_a_token_that_is_over_is_worthless(admin: Client, service: Service) -> None:
    _, token = service.credentials.issue(Role.BDT, expires_at=datetime.now(UTC) - timedelta(seconds=1))

    assert own(admin, token).status_code == 401


def test_a_token_is_good_to_the_end_of_its_last_day(admin: Client) -> None:
    issued = admin.post("/v1/tokens", json={"role": "bdt", "expires_on": days_ago(0)}).json()
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)

    assert datetime.fromisoformat(issued["credential"]["expires_at"]) == today + timedelta(days=1)
    assert own(admin, issued["token"]).status_code == 200


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"role": "public"}, "unsuitable-token"),
        ({"role": "stakeholder"}, "unsuitable-token"),
        ({"role": "bdt", "organisation": str(UUID(int=1))}, "unknown-organisation"),
        ({"role": "stakeholder", "organisation": str(uuid4())}, "unknown-organisation"),
        ({"role": "auditor", "scopes": ["pledges:write"]}, "unsuitable-token"),
        ({"role": "auditor", "scopes": []}, "invalid-request"),
        ({"role": "auditor", "scopes": ["all"]}, "invalid-request"),
        ({"role": "auditor", "expires_on": days_ago(1)}, "unsuitable-token"),
        ({"role": "king"}, "invalid-request"),
    ],
)
def test_no_token_is_issued_that_makes_no_sense(admin: Client, body: dict[str, Any], problem: str) -> None:
    before = admin.get("/v1/tokens").json()
    answer = admin.post("/v1/tokens", json=body)

    assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{problem}")
    assert admin.get("/v1/tokens").json() == before


def test_only_a_stakeholder_acts_for_an_organisation(admin: Client, client: Client) -> None:
    answer = admin.post("/v1/tokens", json={"role": "bdt", "organisation": client.register()})

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/unsuitable-token")


def test_a_token_that_never_was_cannot_be_revoked(admin: Client) -> None:
    answer = admin.post(f"/v1/tokens/{uuid4()}/revocation")

    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-such-token")


def test_a_use_that_cannot_be_noted_does_no_harm(service: Service) -> None:
    credential, token = service.credentials.issue(Role.BDT)
    with psycopg.connect(str(service.pool.conninfo)) as connection:
        connection.execute("SELECT FROM ledger.credentials WHERE id = %s FOR UPDATE", (credential.id,))
        found = service.credentials.authenticate(token)

    assert found is not None
    assert found.last_used_at is None

"""Contact persons: known to those who need them, and erased without a trace in the ledger."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid4

import pytest

from audit.verification import verify
from domain.vocabulary import Role
from infrastructure.bootstrap import Service
from tests.api.http.register import Client

PERSON = {"name": "Amina Diop", "email": "amina.diop@example.org", "phone": "+221 33 000 00 00"}


@pytest.fixture(scope="module")
def service(signing_service: Service) -> Service:
    """A service that signs."""
    return signing_service


@pytest.fixture
def organisation(client: Client) -> str:
    answer = client.post("/v1/organisations", json={"name": f"Org {uuid4()}", "sector": "academia"})
    return str(answer.json()["organisation"]["id"])


def contacts(organisation: str, task: str = "") -> str:
    return f"/v1/organisations/{organisation}/contacts{task and '/' + task}"


def test_a_person_is_kept_for_a_task_and_replaced_by_the_next(client: Client, organisation: str) -> None:
    assert client.put(contacts(organisation, "focal-point"), json=PERSON).status_code == 200
    assert client.get(contacts(organisation)).json() == {"items": [{"task": "focal-point", **PERSON}]}
    other = {"name": "Bo Chen", "email": "bo@example.org"}
    client.put(contacts(organisation, "focal-point"), json=other)
    assert client.get(contacts(organisation)).json()["items"] == [{"task": "focal-point", **other, "phone": None}]


def test_an_erased_person_is_nowhere_and_every_proof_stays(
    client: Client, service: Service, organisation: str, tmp_path: Path
) -> None:
    client.put(contacts(organisation, "focal-point"), json=PERSON)
    before, after = tmp_path / "before.zip", tmp_path / "after.zip"
    service.bundles.write(before)
    assert client.delete(contacts(organisation, "focal-point")).json() == {"erased": "focal-point"}
    assert client.get(contacts(organisation)).json() == {"items": []}
    assert client.delete(contacts(organisation, "focal-point")).status_code == 404
    service.bundles.write(after)
    assert verify(after).findings == []
    assert before.read_bytes() == after.read_bytes()
    assert not any(b"Diop" in entry or b"@" in entry for entry in service.transparency.entries(1, 10_000))


def test_the_organisation_itself_keeps_its_contacts_and_no_other_one_sees_them(
    client: Client, service: Service, organisation: str
) -> None:
    own = service.credentials.issue(Role.STAKEHOLDER, UUID(organisation))[1]
    foreign = service.credentials.issue(Role.STAKEHOLDER, uuid4())[1]
    auditor = service.credentials.issue(Role.AUDITOR)[1]

    def as_(token: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}"}

    assert client.put(contacts(organisation, "press"), json=PERSON, headers=as_(own)).status_code == 200
    assert client.get(contacts(organisation), headers=as_(own)).status_code == 200
    for token in (foreign, auditor):
        assert client.get(contacts(organisation), headers=as_(token)).status_code == 403
        assert client.delete(contacts(organisation, "press"), headers=as_(token)).status_code == 403


def test_nobody_sees_them_without_a_token(anybody: Client, organisation: str) -> None:
    assert anybody.get(contacts(organisation)).status_code == 401
    assert anybody.put(contacts(organisation, "press"), json=PERSON).status_code == 401
    assert anybody.delete(contacts(organisation, "press")).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {"name": "Amina Diop"},
        {**PERSON, "email": "nowhere"},
        {**PERSON, "email": "a@b.c\r\nBcc: x@y.z"},
        {**PERSON, "name": "\u0000"},
        {**PERSON, "name": " "},
        {**PERSON, "birthday": "2000-01-01"},
    ],
)
def test_what_is_no_person_to_write_to_is_refused(client: Client, organisation: str, body: dict[str, str]) -> None:
    assert client.put(contacts(organisation, "press"), json=body).status_code == 422


def test_a_task_has_a_plain_name(client: Client, organisation: str) -> None:
    assert client.put(contacts(organisation, "Focal Point"), json=PERSON).status_code == 422


def test_an_organisation_that_nobody_knows_has_none(client: Client) -> None:
    assert client.get(contacts(str(uuid4()))).status_code == 404

"""Whoever sends whatever the description allows or forbids gets an answer that the description has, and no fault.

schemathesis makes the requests from /openapi.json, examples, boundaries, made-up ones and sequences of them, right and
wrong, for every operation and as every role; each of its checks holds the answers against the description. How it is
set up stands in `schemathesis.toml`, what it has to know of this service in `schemathesis_hooks.py`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from api.http.example_requests import LEAD as SHOWN_LEAD
from api.http.example_requests import REFERENCE as SHOWN_REFERENCE
from api.http.example_requests import REQUESTS
from application.access import Owner
from domain.vocabulary import Role
from infrastructure.bootstrap import Service
from tests.api.http.contract import description
from tests.api.http.register import Client, Json
from tests.api.http.signing_in import TheOneWhoMay
from tests.api.http.test_access import (
    ADMIN,
    AUDITOR,
    BDT,
    CHANGE,
    LEAD,
    NOBODY,
    ON_A_PLEDGE,
    PUBLIC,
    READ,
    a_webhook,
)
from tests.service_process import ROOT

ROLES: Mapping[str, str] = {
    "nobody": NOBODY,
    "stakeholder": LEAD,
    "bdt": BDT,
    "auditor": AUDITOR,
    "admin": ADMIN,
}
"""Who asks, as the test of access calls them."""

ENDLESS = {"GET /v1/stream"}
"""What is not asked: whoever does would wait for the end of the answer."""

FOR: Mapping[str, frozenset[str]] = {
    re.sub(r":\w+}", "}", route): who for route, who in {**READ, **ON_A_PLEDGE, **CHANGE}.items()
}
"""Who may use an operation."""

SHOWN_SNAPSHOT = "b0c7a1de-52c8-4f7b-8d0e-3f8f2f0a7c11"
FOLDER = Path(__file__).parent

SIGNED_IN = """
[auth.wfc]
path = "{file}"
user = "{role}"
peers = ["stakeholder", "stranger"] # who must not see each other's
"""
REFUSED_AT_LENGTH = ("nobody", "auditor")
"""Who tries all boundaries of what refuses them: one whom nobody knows, and one who may not."""
REFUSED_BRIEFLY = """
[[operations]]
include-name = {operations}
phases.coverage.enabled = false
"""
PHASES = ("examples", "coverage", "fuzzing", "stateful")


def forbidden(role: str) -> list[str]:
    """The operations that refuse a role whatever it says."""
    return [operation for operation, who in FOR.items() if ROLES[role] not in who]


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """What there is, before anybody asks."""

    organisations: tuple[str, ...]
    references: tuple[str, ...]
    snapshot: str
    as_of: tuple[str, ...]
    tokens: Mapping[str, str]
    kept_tokens: tuple[str, ...]
    spare_token: str
    webhooks: Mapping[str, tuple[str, str]]
    spare_webhooks: Mapping[str, str]

    def told(self, role: str) -> Json:
        """What the hooks have to know."""
        pledges, organisations = self.references, self.organisations
        return {
            "examples": self.examples(role),
            "shown": {SHOWN_REFERENCE: pledges[0], SHOWN_LEAD: organisations[0], SHOWN_SNAPSHOT: self.snapshot},
            "kept": [*pledges[:-3], *organisations[:-1], *self.kept_tokens, *(id for id, _ in self.webhooks.values())],
            "spare": {"reference": pledges[-3:], "organisation": organisations[-1:], "token": [self.spare_token]},
            "spare_to_delete": {"webhook": [self.spare_webhooks.get(role, self.spare_webhooks["bdt"])]},
            "forbidden": forbidden(role),
            "for_everybody": [operation for operation, who in FOR.items() if who == PUBLIC],
            "part": list(ROLES).index(role),
        }

    def examples(self, role: str) -> dict[str, list[str]]:
        """Of parameters and fields, by name. Contributions and webhooks are those of the role."""
        webhook, message = self.webhooks.get(role, self.webhooks["bdt"])
        return {
            "reference": list(self.references),
            "organisation": list(self.organisations),
            "lead": list(self.organisations[:1]),
            "contribution": ["c3", "c4"] if role == "bdt" else ["c1", "c2"],
            "task": ["focal-point"],
            "token": [self.spare_token],
            "target": ["schools", "money"],
            "id": ["schools", "money"],
            "snapshot": [self.snapshot],
            "as_of": list(self.as_of),
            "path": ["0/000.p/1", "0/000.p/8", "entries/000.p/8"],
            "name": ["unknown-pledge", "database-away"],
            "webhook": [webhook],
            "message": [message],
        }


@pytest.fixture(scope="module")
def service(signing_service: Service) -> Service:
    """A service that signs, so that there is evidence to ask for."""
    return signing_service


@pytest.fixture(scope="module")
def register(server: str, service: Service) -> Register:
    """Pledges as the examples tell them, admitted and not, of an organisation that has a contact person."""
    with Client(base_url=server, auth=TheOneWhoMay(service), timeout=60) as client:
        organisations = tuple(client.register(name) for name in ("Lead", "Another", "Third", "Fourth"))
        announced = {**REQUESTS["announcePledge"], "lead": organisations[0]}
        references = tuple(client.announce(**announced) for _ in range(8))
        contributions = REQUESTS["recordContributions"]["contributions"]
        delivered = [*contributions, *({**one, "id": id} for one, id in zip(contributions, ("c3", "c4"), strict=True))]
        for reference in references:
            client.on(reference, "contributions", {"contributions": delivered}).raise_for_status()
        for reference in references[::2]:
            client.on(reference, "scale-ups", REQUESTS["scaleUpPledge"]).raise_for_status()
        for reference in references[:4]:
            client.on(reference, "validation", {}).raise_for_status()
        client.put(f"/v1/organisations/{organisations[0]}/contacts/focal-point", json=REQUESTS["putContact"])
        published = client.post("/v1/snapshots", json={"title": "All"}).json()
    service.projections.wait_until(service.ledger.position, 20)
    service.signer.sign()
    issued = {
        "stakeholder": service.credentials.issue(Role.STAKEHOLDER, UUID(organisations[0])),
        "stranger": service.credentials.issue(Role.STAKEHOLDER, UUID(organisations[1])),
        **{role: service.credentials.issue(Role(role)) for role in ("bdt", "auditor", "admin")},
    }
    owners = {
        "stakeholder": Owner(role=Role.STAKEHOLDER, organisation=UUID(organisations[0])),
        **{role: Owner(role=Role(role)) for role in ("bdt", "auditor")},
    }
    return Register(
        organisations=organisations,
        references=references,
        snapshot=published["snapshot"]["id"],
        as_of=(published["events"][0]["recorded_at"], str(service.ledger.position)),
        tokens={role: token for role, (_, token) in issued.items()},
        kept_tokens=tuple(str(credential.id) for credential, _ in issued.values()),
        spare_token=str(service.credentials.issue(Role.AUDITOR)[0].id),
        webhooks={role: a_webhook(service, owner) for role, owner in owners.items()},
        spare_webhooks={role: a_webhook(service, owner)[0] for role, owner in owners.items()},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What schemathesis did, and what it says of it."""

    said: str
    report: Json

    def accepted(self) -> set[str]:
        """The operations that answered a valid request as it was meant."""
        rates = self.report["valid_rates"]
        return {operation for operation, phases in rates.items() if any(p["accepted"] for p in phases.values())}


def signed_in(role: str, token: str) -> Json:
    """How somebody signs in, in the form of Web Fuzzing Commons."""
    return {"name": role, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {token}"}]}


def asked(server: str, role: str, register: Register, folder: Path, *options: str) -> Run:
    """Let schemathesis ask as a role."""
    config = (FOLDER / "schemathesis.toml").read_text()
    if role in register.tokens:
        config += SIGNED_IN.format(file=folder / "auth.json", role=role)
        (folder / "auth.json").write_text(json.dumps({"auth": [signed_in(*one) for one in register.tokens.items()]}))
    if role not in REFUSED_AT_LENGTH:
        config += REFUSED_BRIEFLY.format(operations=json.dumps(forbidden(role)))
    (folder / "schemathesis.toml").write_text(config)
    for name, values in register.examples(role).items():
        (folder / f"{name}.dict").write_text("".join(f"{json.dumps(value)}\n" for value in values))
    run = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(folder / "schemathesis.toml")),
            *("run", f"{server}/openapi.json", "--checks", "all", "--no-color", *options),
            *("--report-json-path", str(folder / "report.json")),
        ],
        cwd=ROOT,
        env={**os.environ, "P2C_TEST_THERE_IS": json.dumps(register.told(role))},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    said = f"{run.stdout}\n{run.stderr}"
    report = folder / "report.json"
    assert report.exists(), said
    return Run(said=said, report=json.loads(report.read_text()))


def described() -> set[str]:
    """Every operation of the description whose answers end."""
    paths = description()["paths"].items()
    return {f"{method.upper()} {path}" for path, operations in paths for method in operations} - ENDLESS


@pytest.mark.parametrize("role", ROLES)
def test_every_answer_is_one_that_the_description_has(
    server: str, role: str, register: Register, tmp_path: Path
) -> None:
    run = asked(server, role, register, tmp_path)

    assert run.report["exit_code"] == 0, run.said
    assert run.report["complete"]
    assert run.report["operations"]["tested"] == len(described())
    assert {phase: run.report["phases"][phase]["status"] for phase in PHASES} == dict.fromkeys(PHASES, "success")
    # None of this would say much if nothing were accepted.
    assert run.accepted() == {operation for operation in described() if ROLES[role] in FOR[operation]}


def test_no_organisation_sees_what_another_just_announced(server: str, register: Register, tmp_path: Path) -> None:
    """The links of the description lead to what was created; whoever may not know of it follows them in vain."""
    operations = ("announcePledge", "getPledge", "getPledgeHistory")
    only = [option for operation in operations for option in ("--include-operation-id", operation)]
    run = asked(server, "stakeholder", register, tmp_path, "--phases", "stateful", "--max-examples", "15", *only)

    assert run.report["exit_code"] == 0, run.said
    assert re.search(r"API Links: +2 covered", run.said), run.said

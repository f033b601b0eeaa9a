"""The description is complete, valid and true."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import validate

from api.http.openapi import form_of
from api.http.routes.vocabulary import Vocabulary
from domain.vocabulary import catalogue
from tests.api.http.contract import Contract, description
from tests.api.http.register import Client


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return description()


def operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_the_description_is_valid(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1")
    validate(described)


def test_every_service_describes_itself_like_this(anybody: Client, described: dict[str, Any]) -> None:
    assert anybody.get("/openapi.json").json() == json.loads(json.dumps(described))


def test_every_operation_is_named_and_explained(described: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(described)]

    assert len(set(names)) == len(names) == 68
    for _, _, operation in operations(described):
        assert operation["summary"]
        assert operation["description"]
        assert operation["tags"][0] in {tag["name"] for tag in described["tags"]}


def test_every_parameter_says_what_it_means(described: dict[str, Any]) -> None:
    for _, _, operation in operations(described):
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), (operation["operationId"], parameter["name"])


def test_every_request_and_answer_has_an_example_of_its_schema(described: dict[str, Any]) -> None:
    contract = Contract(described)
    for _, method, operation in operations(described):
        bodies = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        if method == "post":
            bodies.append(operation["requestBody"])
        for body in bodies:
            content = form_of(body)
            assert "example" in content, operation["operationId"]
            contract.validate(content["schema"], content["example"])


def test_every_operation_says_what_can_go_wrong(described: dict[str, Any]) -> None:
    contract = Contract(described)
    for path, method, operation in operations(described):
        failing = {status for status in operation["responses"] if status >= "400"}
        assert "500" in failing
        if method == "post":
            assert {"400", "401", "403", "413", "415", "422", "503"} <= failing
            assert operation["security"] == [{"token": []}]
        elif path.startswith("/v1/") and "vocabulary" not in path:
            assert {"400", "422", "503"} <= failing
        if "{reference}" in path or "{organisation}" in path:
            assert "404" in failing
        for status in failing:
            content = operation["responses"][status]["content"]
            assert content.keys() == {"application/problem+json"}
            for example in content["application/problem+json"]["examples"].values():
                contract.validate(content["application/problem+json"]["schema"], example["value"])


def test_whoever_takes_a_token_says_what_can_be_wrong_with_it(described: dict[str, Any]) -> None:
    taking = [operation for _, _, operation in operations(described) if "security" in operation]

    assert len(taking) > 20
    for operation in taking:
        told = {
            problem
            for answer in operation["responses"].values()
            for problem in answer.get("content", {}).get("application/problem+json", {}).get("examples", ())
        }
        assert {"not-authenticated", "issuer-away"} <= told, operation["operationId"]
    scheme = described["components"]["securitySchemes"]["token"]
    assert scheme["type"] == "http"
    assert "`p2c token issue`" in scheme["description"]
    assert "OpenID Connect" in scheme["description"]


def test_the_headers_are_described(described: dict[str, Any]) -> None:
    for path, method, operation in operations(described):
        stated = {p["name"] for p in operation.get("parameters", []) if p["in"] == "header"}
        given = next(a for s, a in operation["responses"].items() if s.startswith("2"))["headers"]
        # Publishing a rate again changes nothing, and the secret of a token or a webhook is shown once.
        if method == "post" and not path.startswith(("/v1/exchange-rates", "/v1/tokens", "/v1/webhooks")):
            assert "Idempotency-Key" in stated
            assert {"ETag", "Ledger-Position"} <= given.keys()
            assert ("If-Match" in stated) == ("Location" not in given)
        # Contact persons are no part of the ledger.
        if method == "get" and path.startswith(("/v1/pledges", "/v1/organisations")) and "contacts" not in path:
            assert "Ledger-Position" in stated
            assert "Ledger-Position" in given


def test_the_vocabulary_of_the_description_is_that_of_the_domain(described: dict[str, Any]) -> None:
    example = described["paths"]["/v1/vocabulary"]["get"]["responses"]["200"]["content"]["application/json"]["example"]

    assert example.keys() == catalogue().keys() | Vocabulary.model_fields.keys()

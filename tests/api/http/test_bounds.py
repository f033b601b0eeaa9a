"""Every text that comes in has bounds, the description says which, and they hold; what is kept is in composed form."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from copy import deepcopy
from typing import Any
from uuid import uuid4

import pytest

from api.http.example_requests import REQUESTS
from tests.api.http.contract import description
from tests.api.http.register import Client

BOUNDS = {"enum", "const", "pattern", "maxLength"}
FORMATS = {"uuid", "date", "date-time"}
"""Forms of text that are as long as they are."""

DECOMPOSED = unicodedata.normalize("NFD", "Café à Łódź")
WRONG = ("x" * 20_001, "a\0b", "a\u001b[31m", "a\u009fb", "a\u202eb")
"""Too long; with control characters; with one that turns around what follows, so that it reads as something else."""

Place = tuple[str | int, ...]


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return description()


def unbounded(
    schema: dict[str, Any], schemas: dict[str, Any], place: str, seen: frozenset[str] = frozenset()
) -> Iterator[str]:
    """The places in what a schema describes where a text may be as long as anybody likes."""
    if reference := schema.get("$ref"):
        if reference not in seen:
            yield from unbounded(schemas[reference.rpartition("/")[2]], schemas, place, seen | {reference})
        return
    # Beside properties, `oneOf` says which of them go together, and not what they are.
    for form in (*schema.get("anyOf", ()), *(() if "properties" in schema else schema.get("oneOf", ()))):
        yield from unbounded(form, schemas, place, seen)
    if schema.get("type") == "string" and not BOUNDS & schema.keys() and schema.get("format") not in FORMATS:
        yield place
    if "items" in schema:
        yield from unbounded(schema["items"], schemas, f"{place}[]", seen)
    for name, inner in schema.get("properties", {}).items():
        yield from unbounded(inner, schemas, f"{place}.{name}", seen)


def test_every_text_that_comes_in_is_bounded(described: dict[str, Any]) -> None:
    schemas, found = described["components"]["schemas"], list[str]()
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", ()):
                found += unbounded(
                    parameter["schema"], schemas, f"{method} {path} {parameter['in']} {parameter['name']}"
                )
            if body := operation.get("requestBody"):
                found += unbounded(body["content"]["application/json"]["schema"], schemas, operation["operationId"])

    assert found == []


def test_a_text_without_bounds_is_found() -> None:
    free = {"properties": {"a": {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]}}}

    assert list(unbounded(free, {}, "body")) == ["body.a[]"]


def texts(document: Any, place: Place = ()) -> Iterator[Place]:
    """Where texts are in a document."""
    if isinstance(document, str):
        yield place
    elif isinstance(document, dict):
        for name, value in document.items():
            yield from texts(value, (*place, name))
    elif isinstance(document, list):
        for n, value in enumerate(document):
            yield from texts(value, (*place, n))


def replaced(document: Any, place: Place, text: str) -> Any:
    """The document with another text at a place."""
    changed = deepcopy(document)
    inner = changed
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = text
    return changed


def addresses() -> dict[str, tuple[str, str]]:
    """Method and path of each operation that takes a body."""
    return {
        operation["operationId"]: (method, path)
        for path, operations in description()["paths"].items()
        for method, operation in operations.items()
        if "requestBody" in operation
    }


ADDRESSES = addresses()
STATED = [
    pytest.param(operation, place, id=f"{operation}.{'.'.join(map(str, place))}")
    for operation, body in REQUESTS.items()
    if operation in ADDRESSES  # what we send to webhooks comes in nowhere
    for place in texts(body)
]


@pytest.mark.parametrize(("operation", "place"), STATED)
def test_a_text_that_is_too_long_or_has_control_characters_is_refused(
    client: Client, operation: str, place: Place
) -> None:
    method, path = ADDRESSES[operation]
    address = path.replace("{organisation}", str(uuid4())).replace("{token}", str(uuid4())).replace("{task}", "person")
    address = address.replace("{reference}", "P2C-2000-000001").replace("{contribution}", "c1")
    for wrong in WRONG:
        answer = client.request(method, address, json=replaced(REQUESTS[operation], place, wrong))

        assert answer.status_code == 422, answer.text
        assert f"/{'/'.join(map(str, place))}" in [error["field"] for error in answer.json()["errors"]]


def test_texts_are_kept_in_composed_form(client: Client) -> None:
    lead = client.register(DECOMPOSED)
    reference = client.announce(lead=lead, title=DECOMPOSED, description=DECOMPOSED)
    pledge = client.read(f"/v1/pledges/{reference}")
    composed = unicodedata.normalize("NFC", DECOMPOSED)

    assert (pledge["title"], pledge["description"], pledge["lead"]["name"]) == (composed,) * 3
    assert client.read("/v1/pledges", q=DECOMPOSED)["items"] != []


def test_the_note_of_a_token_is_bounded_and_composed(client: Client, admin_token: str) -> None:
    admin = {"Authorization": f"Bearer {admin_token}"}
    issued = client.post("/v1/tokens", json={"role": "auditor", "note": DECOMPOSED}, headers=admin)

    assert issued.json()["credential"]["note"] == unicodedata.normalize("NFC", DECOMPOSED)
    assert client.post("/v1/tokens", json={"role": "auditor", "note": "x" * 301}, headers=admin).status_code == 422

"""The documentation page: the service's own description, rendered here, without a script from anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request, Response

from api.http.html import element, link, page, table
from api.http.openapi import form_of
from api.http.turns import TurnRoute

router = APIRouter(include_in_schema=False, route_class=TurnRoute)


@router.get("/docs")
def documentation(request: Request) -> Response:
    """Every operation, with what it takes, gives and refuses."""
    described = request.app.openapi()
    return page(described["info"]["title"], "".join(_rendered(described)))


def _rendered(described: dict[str, Any]) -> Iterator[str]:
    yield element("p", f"Version {described['info']['version']}")
    yield f"<p>{link('/openapi.json', 'OpenAPI 3.1')} · {link('/problems', 'Problems')}</p>"
    yield from (element("p", paragraph) for paragraph in described["info"]["description"].split("\n\n"))
    for tag in described["tags"]:
        yield element("h2", tag["name"].capitalize())
        yield element("p", tag["description"])
        for path, method, operation in _operations(described):
            if tag["name"] in operation["tags"]:
                yield from _operation(path, method, operation)


def _operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            yield path, method, operation


def _operation(path: str, method: str, operation: dict[str, Any]) -> Iterator[str]:
    yield element("h3", operation["summary"])
    yield f"<p>{element('code', f'{method.upper()} {path}')} — {element('span', operation['description'])}</p>"
    if parameters := operation.get("parameters"):
        rows = [
            (element("code", p["name"]), element("span", p["in"]), element("span", p.get("description", "")))
            for p in parameters
        ]
        yield table(("parameter", "in", "meaning"), rows)
    if "requestBody" in operation:
        yield _example("Body", operation["requestBody"])
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            yield _example(f"Answer {status}", response)
    refused = [
        (element("code", status), element("span", response["description"]))
        for status, response in operation["responses"].items()
        if not status.startswith("2")
    ]
    yield table(("status", "when"), refused)


def _example(title: str, described: dict[str, Any]) -> str:
    example = form_of(described).get("example")
    shown = example if isinstance(example, str) else json.dumps(example, ensure_ascii=False, indent=2)
    return f"<details><summary>{title}</summary>{element('pre', shown)}</details>"

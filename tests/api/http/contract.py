"""Holds every answer against the published description: a documented status, headers and a body of its schema."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import httpx
from jsonschema import Draft202012Validator

from api.http.app import with_routes


@cache
def description() -> dict[str, Any]:
    """What every service says of itself, whatever is behind it; made once a process, since that takes half a second."""
    return with_routes().openapi()


class Contract:
    """The description of the service, as a client generator would read it."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._kept: set[tuple[str, str, bytes]] = set()
        self._paths = [
            (re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)), operations)
            for path, operations in document["paths"].items()
        ]

    def require(self, response: httpx.Response) -> None:
        """Fail where the answer is not what the description says."""
        operation = self.operation(response.request)
        if operation is None:
            return
        status = str(response.status_code)
        assert status in operation["responses"], f"{operation['operationId']} answers {status}: {response.text}"
        content = operation["responses"][status].get("content", {})
        media_type = response.headers.get("content-type", "").partition(";")[0]
        if media_type in content and media_type.endswith("json"):
            # The vocabulary is asked for a hundred times; what is the same to the byte has been looked at.
            answer = (operation["operationId"], status, response.content)
            if answer not in self._kept:
                self.validate(content[media_type]["schema"], response.json())
                self._kept.add(answer)
        else:
            described = not content or media_type in content or media_type == "text/html"
            assert described, f"{media_type} is not described"

    def operation(self, request: httpx.Request) -> dict[str, Any] | None:
        """The operation that the request is for, if it is a described one."""
        for pattern, operations in self._paths:
            if pattern.fullmatch(request.url.path):
                return operations.get(request.method.lower())  # type: ignore[no-any-return]
        return None

    def validate(self, schema: dict[str, Any], instance: Any) -> None:
        """Fail where a document does not have its schema."""
        whole = {**schema, "components": self.document["components"]}
        errors = list(
            Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER).iter_errors(instance)
        )
        assert errors == []

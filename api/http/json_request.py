"""Bodies as JSON that every reader understands alike, and the fingerprint of what they say.

Names given twice, NaN and unpaired surrogates are refused: two readers would disagree about them, and the
ledger keeps what it accepts for ever.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, NoReturn

from fastapi import Request, Response
from starlette.datastructures import Headers

from api.http import problems
from api.http.failures import Failure
from api.http.prepared_route import Handler
from api.http.turns import PromptRoute, TurnRoute
from audit.canonical import canonical

LARGEST_BODY = 65_536
"""The most bytes a body may have."""

DEEPEST = 20
"""More than any body has; deeper ones would exhaust a reader that follows them."""


class JsonRequest(Request):
    """A request whose body was read, within bounds, as strict JSON."""

    async def read(self) -> None:
        """Read the body; without one an empty object is stated. Raises Failure where it is too large or not JSON."""
        body = await self._bounded_body()
        if body:
            self._require_json()
        self._body = body or b"{}"
        self._json = _parsed(self._body)
        self.state.fingerprint = self._fingerprint(self._json)
        # It is JSON, or nothing at all, which states an empty object whatever it is declared as.
        self._headers = _declared_as_json(self.headers)

    async def _bounded_body(self) -> bytes:
        declared = self.headers.get("content-length", "")
        if declared.isdigit() and int(declared[:12]) > LARGEST_BODY:
            raise _too_large()
        body = b""
        async for chunk in self.stream():
            body += chunk
            if len(body) > LARGEST_BODY:
                raise _too_large()
        return body

    def _require_json(self) -> None:
        declared = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if declared != "application/json":
            raise Failure(problems.UNSUPPORTED_CONTENT_TYPE, f"The body is declared as {declared or 'nothing'}.")

    def _fingerprint(self, document: object) -> bytes:
        """The SHA-256 of method, path and canonical body: the same for the same command however it is written."""
        try:
            stated = canonical(document)
        except UnicodeEncodeError:
            raise _malformed("a text has an unpaired surrogate") from None
        return hashlib.sha256(b"\0".join((self.method.encode(), self.scope["path"].encode(), stated))).digest()


class CommandRoute(TurnRoute):
    """A route whose body is read by `JsonRequest`, and whose handler waits for its turn once it is there."""

    def get_route_handler(self) -> Handler:
        """The handler, after the body was read."""
        return _with_strict_body(super().get_route_handler())


class PromptCommandRoute(PromptRoute):
    """A route whose body is read by `JsonRequest`, and whose handler records what it asks for."""

    def get_route_handler(self) -> Handler:
        """The handler, after the body was read."""
        return _with_strict_body(super().get_route_handler())


def _with_strict_body(handle: Handler) -> Handler:
    async def handle_json(request: Request) -> Response:
        if request.method not in ("POST", "PUT", "PATCH"):
            return await handle(request)
        strict = JsonRequest(request.scope, request.receive)
        await strict.read()
        return await handle(strict)

    return handle_json


def _declared_as_json(headers: Headers) -> Headers:
    others = [(name, value) for name, value in headers.raw if name != b"content-type"]
    return Headers(raw=[*others, (b"content-type", b"application/json")])


def _parsed(body: bytes) -> Any:
    try:
        document = json.loads(body.decode(), object_pairs_hook=_distinct, parse_constant=_no_constant)
    except (ValueError, RecursionError) as fault:  # ValueError: not UTF-8, not JSON, or a number too long
        raise _malformed(str(fault) or "it is nested too deeply") from None
    if _depth(document) > DEEPEST:
        raise _malformed("it is nested too deeply")
    return document


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise ValueError("an object has a name twice")
    return names


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _depth(document: object) -> int:
    level, depth = [document], 0
    while level:
        depth += 1
        containers = [item for item in level if isinstance(item, dict | list)]
        level = [child for c in containers for child in (c.values() if isinstance(c, dict) else c)]
    return depth


def _too_large() -> Failure:
    return Failure(problems.BODY_TOO_LARGE, f"The body has more than {LARGEST_BODY} bytes.")


def _malformed(reason: str) -> Failure:
    return Failure(problems.MALFORMED_JSON, f"The body cannot be read as JSON: {reason}.")

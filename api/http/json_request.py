"""Bodies as JSON that every reader understands alike, and the fingerprint of what they say.

Names given twice, NaN and unpaired surrogates are refused: two readers would disagree about them, and the
ledger keeps what it accepts for ever.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from fastapi import Request, Response
from fastapi.routing import APIRoute

from api.http import problems
from api.http.failures import Failure
from audit.canonical import canonical

LARGEST_BODY = 65_536
"""The most bytes a body may have."""

DEEPEST = 20
"""More than any body has; deeper ones would exhaust a reader that follows them."""


class JsonRequest(Request):
    """A request whose body, if any, is strict JSON; without a body an empty object is stated."""

    async def body(self) -> bytes:
        """The body as it came, or an empty object."""
        return await super().body() or b"{}"

    async def json(self) -> Any:
        """What the body says. Raises Failure where it is not JSON."""
        document = _parsed(await self.body())
        self.state.fingerprint = self._fingerprint(document)
        return document

    def _fingerprint(self, document: object) -> bytes:
        """The SHA-256 of method, path and canonical body: the same for the same command however it is written."""
        try:
            stated = canonical(document)
        except UnicodeEncodeError:
            raise _malformed("a text has an unpaired surrogate") from None
        return hashlib.sha256(b"\0".join((self.method.encode(), self.url.path.encode(), stated))).digest()

    async def require_json(self) -> None:
        """Refuse a body that is not declared as JSON."""
        declared = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if declared != "application/json" and await super().body():
            raise Failure(problems.UNSUPPORTED_CONTENT_TYPE, f"The body is declared as {declared or 'nothing'}.")


class CommandRoute(APIRoute):
    """A route whose body is read by `JsonRequest`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, over the stricter request."""
        handle = super().get_route_handler()

        async def handle_json(request: Request) -> Response:
            strict = JsonRequest(request.scope, request.receive)
            await strict.require_json()
            return await handle(strict)

        return handle_json


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


def _malformed(reason: str) -> Failure:
    return Failure(problems.MALFORMED_JSON, f"The body cannot be read as JSON: {reason}.")

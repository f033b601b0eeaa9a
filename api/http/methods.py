"""Which methods an address takes, whichever resources share it (RFC 9110, the `Allow` header)."""

from __future__ import annotations

from fastapi import Request
from starlette.routing import Match

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def allowed(request: Request) -> str:
    """The methods that the address of a request takes, as `Allow` lists them; HEAD goes wherever GET does."""
    taken = [method for method in _METHODS if _is_taken(request, method)]
    return ", ".join(["HEAD", *taken] if "GET" in taken else taken)


def _is_taken(request: Request, method: str) -> bool:
    scope = {name: request.scope[name] for name in ("type", "path", "root_path", "headers")}
    return any(route.matches({**scope, "method": method})[0] is Match.FULL for route in request.app.routes)

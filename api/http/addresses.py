"""Where the service is, as far as a request tells."""

from __future__ import annotations

import re

from fastapi import Request

_NAME = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
"""A name or an address, with a port or without."""


def address_of(request: Request) -> str:
    """The address that the request was sent to, for links that have to stand alone; without a slash at the end.

    A `Host` header that names no host is passed over: the address is then where the connection came in.
    """
    scheme = "https" if is_by_https(request) else "http"
    named = request.headers.get("host", "")
    return f"{scheme}://{named if _NAME.fullmatch(named) else _listening(request)}"


def is_by_https(request: Request) -> bool:
    """Whether the request came by HTTPS, to us or to a proxy that is believed."""
    return request.url.scheme == "https"


def _listening(request: Request) -> str:
    server: tuple[str, int | None] | None = request.scope.get("server")
    host, port = server or ("localhost", None)
    shown = f"[{host}]" if ":" in host else host
    return shown if port is None else f"{shown}:{port}"

"""Who sends a request, as far as it is known: for the log and for rates."""

from __future__ import annotations

from starlette.types import Scope

from domain.values import Actor

UNKNOWN = "unknown"
"""The address of whoever has none."""


def client_address(scope: Scope) -> str:
    """The other end of the connection, or whom a trusted proxy names."""
    client = scope.get("client")
    return str(client[0]) if client else UNKNOWN


def who(scope: Scope) -> dict[str, str]:
    """The address, and once the request is authenticated the role and the credential's id; never the token."""
    known = {"address": client_address(scope)}
    actor: Actor | None = scope["state"].get("actor")
    if actor:
        known["role"] = str(actor.role)
        if actor.credential:
            known["credential"] = str(actor.credential)
    return known

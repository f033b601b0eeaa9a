"""What an issuer publishes: where people sign in, where its keys are, and the keys.

OpenID Connect Discovery 1.0, RFC 7517, RFC 8414.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from infrastructure.oidc.addresses import is_protected
from infrastructure.oidc.documents import Unusable, fetch
from infrastructure.oidc.public_keys import PublicKeys, usable

DISCOVERY = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Where people sign in by a browser, and where the code that they come back with is exchanged."""

    authorization: str
    token: str
    takes_secret_in_header: bool = True
    """Whether the client's secret is sent as HTTP Basic authentication; else it is a field of the form."""
    names_itself: bool = False
    """Whether it says in every answer by a browser that the answer is its own (RFC 9207)."""


@dataclass(frozen=True, slots=True)
class Publication:
    """Everything that matters here of what the issuer publishes at a time."""

    keys: PublicKeys = PublicKeys()  # noqa: RUF009 - it is as frozen
    endpoints: Endpoints | None = None
    """None where nobody can sign in there by a browser, or not without somebody listening on the way."""


class _Discovered(BaseModel):
    issuer: str
    jwks_uri: str
    authorization_endpoint: object = None
    token_endpoint: object = None
    token_endpoint_auth_methods_supported: object = None
    authorization_response_iss_parameter_supported: object = False


class _KeySet(BaseModel):
    keys: list[Any]


def fetch_publication(issuer: str) -> Publication:
    """What the issuer publishes now. Raises Unusable."""
    discovered = fetch(f"{issuer.rstrip('/')}{DISCOVERY}", _Discovered)
    if discovered.issuer != issuer:
        raise Unusable("its discovery document is that of another issuer")
    if not is_protected(discovered.jwks_uri):
        raise Unusable("its keys are neither at an https address nor on this machine")
    return Publication(usable(fetch(discovered.jwks_uri, _KeySet).keys), _endpoints(discovered))


def _endpoints(discovered: _Discovered) -> Endpoints | None:
    """Those that it names; whatever is wrong with them is no reason to do without its keys."""
    authorization, token = discovered.authorization_endpoint, discovered.token_endpoint
    if not (isinstance(authorization, str) and isinstance(token, str)):
        return None
    if not (is_protected(authorization) and is_protected(token)):
        return None
    methods = discovered.token_endpoint_auth_methods_supported
    return Endpoints(
        authorization=authorization,
        token=token,
        takes_secret_in_header=not isinstance(methods, list) or "client_secret_basic" in methods,
        names_itself=discovered.authorization_response_iss_parameter_supported is True,
    )

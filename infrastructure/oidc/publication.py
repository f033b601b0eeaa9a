"""What an issuer publishes over HTTP: where its keys are, and the keys (OpenID Connect Discovery 1.0, RFC 7517)."""

from __future__ import annotations

import time
from http.client import HTTPException, HTTPResponse
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener, getproxies

from pydantic import BaseModel, ValidationError

from infrastructure.oidc.addresses import is_protected
from infrastructure.oidc.public_keys import PublicKeys, usable

DISCOVERY = "/.well-known/openid-configuration"
SILENCE_SECONDS = 3.0
"""How long the issuer may say nothing at a time."""

DOCUMENT_SECONDS = 5.0
"""How long a document may take to arrive."""

LARGEST_DOCUMENT = 256 * 1024
"""Bytes. The documents of large issuers, with certificates, have a tenth of that."""


class Unusable(Exception):
    """The issuer does not answer, or not with its keys; the message says what it does."""


class _Discovered(BaseModel):
    issuer: str
    jwks_uri: str


class _KeySet(BaseModel):
    keys: list[Any]


class _NoRedirects(HTTPRedirectHandler):
    """Keys come from where the issuer said, and from nowhere else."""

    def redirect_request(self, *_: object) -> None:
        return None


_Document = TypeVar("_Document", bound=BaseModel)


def fetch_keys(issuer: str) -> PublicKeys:
    """The keys that the issuer publishes now. Raises Unusable."""
    discovered = _fetch(f"{issuer.rstrip('/')}{DISCOVERY}", _Discovered)
    if discovered.issuer != issuer:
        raise Unusable("its discovery document is that of another issuer")
    if not is_protected(discovered.jwks_uri):
        raise Unusable("its keys are neither at an https address nor on this machine")
    return usable(_fetch(discovered.jwks_uri, _KeySet).keys)


def _fetch(url: str, form: type[_Document]) -> _Document:
    request = Request(url, headers={"Accept": "application/json"})  # noqa: S310 - is_protected allows http and https
    try:
        with _opener().open(request, timeout=SILENCE_SECONDS) as answer:
            return form.model_validate_json(_read(answer))
    except HTTPError as answer:
        answer.close()
        raise Unusable(f"{url} answers with the status {answer.code}") from None
    except (OSError, HTTPException, ValueError) as fault:
        reason = "it is not the document that is wanted" if isinstance(fault, ValidationError) else fault
        raise Unusable(f"{url} cannot be read: {reason}") from fault


def _opener() -> OpenerDirector:
    """Redirects are refused, and a proxy of the environment's gets only what it cannot change."""
    proxies = {scheme: proxy for scheme, proxy in getproxies().items() if scheme == "https"}
    return build_opener(_NoRedirects, ProxyHandler(proxies))


def _read(answer: HTTPResponse) -> bytes:
    content, deadline = bytearray(), time.monotonic() + DOCUMENT_SECONDS
    while part := answer.read1(LARGEST_DOCUMENT):
        content += part
        if len(content) > LARGEST_DOCUMENT:
            raise ValueError(f"it has more than {LARGEST_DOCUMENT} bytes")
        if time.monotonic() > deadline:
            raise TimeoutError(f"it takes longer than {DOCUMENT_SECONDS:g} seconds")
    return bytes(content)

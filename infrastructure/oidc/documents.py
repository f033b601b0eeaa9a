"""What an issuer answers over HTTP: JSON, of a bounded size, in a bounded time, from where it was asked for."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.request import getproxies, proxy_bypass

import httpx
from pydantic import BaseModel, ValidationError

SILENCE_SECONDS = 3.0
"""How long the issuer may say nothing at a time."""

DOCUMENT_SECONDS = 5.0
"""How long a document may take to arrive."""

LARGEST_DOCUMENT = 256 * 1024
"""Bytes. The documents of large issuers, with certificates, have a tenth of that."""

_HEADERS: Final = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",  # what is small on the way can be of any size when it is unpacked
}

_TRUSTING_NOBODY: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For what needs no certificates, since reading all of them takes a while."""

_Document = TypeVar("_Document", bound=BaseModel)


class Unusable(Exception):
    """The issuer does not answer, or not with what it should; the message says what it does."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the issuer said, and the status it gave it."""

    url: str
    status: int
    content: bytes

    def read(self, form: type[_Document]) -> _Document:
        """The document in it. Raises Unusable."""
        try:
            return form.model_validate_json(self.content)
        except ValidationError:
            raise Unusable(f"{self.url} cannot be read: it is not the document that is wanted") from None


def fetch(url: str, form: type[_Document]) -> _Document:
    """The document at a protected address. Raises Unusable."""
    answer = _ask("GET", url)
    if answer.status != httpx.codes.OK:
        raise Unusable(f"{url} answers with the status {answer.status}")
    return answer.read(form)


def post(url: str, fields: Mapping[str, str], authorization: str | None = None) -> Answer:
    """What a protected address answers to the fields of a form, whatever its status. Raises Unusable."""
    return _ask("POST", url, fields, {} if authorization is None else {"Authorization": authorization})


def _ask(
    method: str, url: str, fields: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    try:
        with (
            _client(url) as client,
            client.stream(method, url, data=fields, headers={**_HEADERS, **(headers or {})}) as answer,
        ):
            return Answer(url, answer.status_code, _whole(answer.iter_raw()))
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as fault:
        raise Unusable(f"{url} cannot be read: {str(fault) or type(fault).__name__}") from fault


def _client(url: str) -> httpx.Client:
    """One that follows no redirects and takes nothing from the environment but certificates and a proxy for https."""
    address = httpx.URL(url)
    if address.scheme != "https":
        return httpx.Client(trust_env=False, verify=_TRUSTING_NOBODY, timeout=SILENCE_SECONDS)
    # The machine's certificates, or those that SSL_CERT_FILE names; the library would bring its own.
    trusted = ssl.create_default_context()
    return httpx.Client(trust_env=False, verify=trusted, proxy=_proxy_for(address.host), timeout=SILENCE_SECONDS)


def _proxy_for(host: str) -> str | None:
    """The environment's proxy, which can pass https on and not read it."""
    proxy = None if proxy_bypass(host) else getproxies().get("https")
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


def _whole(parts: Iterable[bytes]) -> bytes:
    content, deadline = bytearray(), time.monotonic() + DOCUMENT_SECONDS
    for part in parts:
        content += part
        if len(content) > LARGEST_DOCUMENT:
            raise ValueError(f"it has more than {LARGEST_DOCUMENT} bytes")
        if time.monotonic() > deadline:
            raise TimeoutError(f"it takes longer than {DOCUMENT_SECONDS:g} seconds")
    return bytes(content)

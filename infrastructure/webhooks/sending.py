"""Sending one message, once: to an address that was checked, within a time, whatever the other side does."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

import httpx

from domain.text import one_line
from infrastructure.version import p2c_version
from infrastructure.webhooks.addresses import AddressRefused, port_of, require_permitted, require_url

ATTEMPT_SECONDS = 10.0
"""How long an attempt may take, from looking up the name to the beginning of the answer's body."""

CONNECT_SECONDS = 4.0
"""How long one address of a host is tried, so that another one can be."""

MOST_ADDRESSES = 4

EXCERPT_SECONDS, LONGEST_EXCERPT = 1.0, 200
"""How long what an endpoint says is wrong is listened to, and how many characters of it are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What came of it: the status that was answered, if any, and what was wrong, in words; None where nothing was.

    `retry_after` is the seconds that the endpoint asked to be left alone for.
    """

    status: int | None = None
    problem: str | None = None
    retry_after: float | None = None

    @property
    def delivered(self) -> bool:
        """Whether the receiver has it."""
        return self.problem is None

    @property
    def gone(self) -> bool:
        """Whether the receiver wants nothing any more."""
        return self.status == HTTPStatus.GONE


class Sender:
    """Sends messages. Proxies of the environment are not used, since it is they who would choose the address then."""

    def __init__(
        self, *, private: bool = False, seconds: float = ATTEMPT_SECONDS, tls: ssl.SSLContext | None = None
    ) -> None:
        self._private = private
        self._seconds = seconds
        self._tls = tls or ssl.create_default_context()

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        """Send a body once; redirects are not followed."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._sent(url, headers, body)
        except TimeoutError:
            return Attempt(problem=f"It did not answer within {self._seconds:g} seconds.")
        except AddressRefused as refused:
            return Attempt(problem=str(refused))
        except socket.gaierror as unknown:
            return Attempt(problem=f"The name of its host cannot be resolved: {unknown.strerror}.")
        except httpx.TimeoutException:
            return Attempt(problem=f"There was no connection within {CONNECT_SECONDS:g} seconds.")
        except httpx.NetworkError as fault:
            return Attempt(problem=_one_sentence(f"There was no connection, or it broke: {_said_by(fault)}"))
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as fault:
            return Attempt(problem=_one_sentence(f"It did not answer as HTTP wants it: {_said_by(fault)}"))

    async def _sent(self, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        target = require_url(url, private=self._private)
        *others, last = await self._addresses(target)
        for address in others:
            try:
                return await self._post(target, address, headers, body)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._post(target, last, headers, body)

    async def _addresses(self, target: httpx.URL) -> Sequence[str]:
        """The addresses of the host, every one of which was checked. Raises AddressRefused and gaierror."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(target.host, port_of(target), type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
        require_permitted(addresses, target.scheme, private=self._private)
        return addresses[:MOST_ADDRESSES]

    async def _post(self, target: httpx.URL, address: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        """Connect to that address and no other; certificate and `Host` are those of the name."""
        request = {
            "Host": target.netloc.decode("ascii"),
            "User-Agent": f"p2c-ledger/{p2c_version()}",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            **headers,
        }
        # A client of its own, since a kept connection to the same address may be another host's.
        async with (
            httpx.AsyncClient(
                verify=self._tls,
                trust_env=False,
                follow_redirects=False,
                timeout=httpx.Timeout(self._seconds, connect=CONNECT_SECONDS),
            ) as client,
            client.stream(
                "POST",
                target.copy_with(host=address),
                headers=request,
                content=body,
                extensions={"sni_hostname": target.host},
            ) as answer,
        ):
            return await _told(answer)


async def _told(answer: httpx.Response) -> Attempt:
    status = answer.status_code
    if answer.is_success:
        return Attempt(status=status)
    if answer.is_redirect:
        return Attempt(status=status, problem=f"It answered {status}, a redirect, which is not followed.")
    said = await _excerpt(answer)
    return Attempt(
        status=status,
        problem=f"It answered {status}: {said}" if said else f"It answered {status}.",
        retry_after=_seconds(answer.headers.get("Retry-After", "")),
    )


async def _excerpt(answer: httpx.Response) -> str:
    """The beginning of what is said, on one line, without reading on."""
    said = b""
    with suppress(TimeoutError, httpx.HTTPError):  # the status counts, whatever becomes of the rest
        async with asyncio.timeout(EXCERPT_SECONDS):
            async for part in answer.aiter_raw():
                said += part
                if len(said) >= LONGEST_EXCERPT:
                    break
    return one_line(said[:LONGEST_EXCERPT].decode(errors="replace")).strip()


def _seconds(given: str) -> float | None:
    return float(given) if given.isascii() and given.isdigit() and len(given) < 10 else None


def _said_by(fault: Exception) -> str:
    return str(fault) or type(fault).__name__


def _one_sentence(text: str) -> str:
    shown = one_line(text)[:LONGEST_EXCERPT].strip()
    return shown if shown.endswith(".") else f"{shown}."

"""How many requests may come from one address, and with one token."""

from __future__ import annotations

import time
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from math import ceil
from uuid import UUID

import limits
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http import problems
from api.http.clients import UNKNOWN, client_address
from api.http.failures import Failure, refusal
from infrastructure.settings import OFF
from infrastructure.window_counts import WindowCounts

PROBES = frozenset({"/livez", "/readyz", "/metrics"})
"""What is asked about the service itself has no rate: it must be answered above all when there is too much to do."""

LONGEST_ADDRESS = 64
"""More characters than any address has."""


class Rate:
    """How many are allowed in a window of time, whichever window that is."""

    def __init__(self, stated: str) -> None:
        self._stated = stated
        self._item = limits.parse(stated)
        self._limiter = SlidingWindowCounterRateLimiter(WindowCounts())

    def __str__(self) -> str:
        return self._stated

    def wait_for(self, who: str) -> int | None:
        """Count a request; None where it is allowed, else how many seconds to wait."""
        if self._limiter.hit(self._item, who):
            return None
        again_at = self._limiter.get_window_stats(self._item, who).reset_time
        return max(1, ceil(again_at - time.time()))


class Rates:
    """The rates of a service, as its settings state them; one that is off allows everything."""

    def __init__(self, per_address: str = OFF, per_token: str = OFF) -> None:
        self._per_address = None if per_address == OFF else Rate(per_address)
        self._per_token = None if per_token == OFF else Rate(per_token)

    def require_address(self, address: str) -> None:
        """Count a request from an address. Raises Failure where it is one too many."""
        if self._per_address and (wait := self._per_address.wait_for(network_of(address))):
            raise _too_many(f"More requests came from this address than {self._per_address}.", wait, "address_rate")

    def require_token(self, credential: UUID | None) -> None:
        """Count a request with the token of a credential. Raises Failure where it is one too many."""
        if self._per_token and credential and (wait := self._per_token.wait_for(str(credential))):
            raise _too_many(f"More requests came with this token than {self._per_token}.", wait, "token_rate")


class AddressRate:
    """Refuses a request from an address that sends too many, before anything is done for it."""

    def __init__(self, app: ASGIApp, rates: Rates) -> None:
        self._app = app
        self._rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["path"] not in PROBES:
            try:
                self._rates.require_address(client_address(scope))
            except Failure as too_many:
                await refusal(scope, too_many)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def network_of(address: str) -> str:
    """What has one rate: an IPv4 address; a /64 of IPv6, the least that one customer has; all that is no address."""
    return _network_of(address) if len(address) <= LONGEST_ADDRESS else UNKNOWN


@lru_cache(maxsize=4_096)
def _network_of(address: str) -> str:
    try:
        ip = ip_address(address)
    except ValueError:
        return UNKNOWN
    if isinstance(ip, IPv6Address):
        return str(ip.ipv4_mapped or IPv6Address(int(ip) >> 64 << 64))
    return str(ip)


def _too_many(detail: str, seconds: int, limit: str) -> Failure:
    return Failure(problems.TOO_MANY_REQUESTS, detail, headers={"Retry-After": str(seconds)}, turned_away=limit)

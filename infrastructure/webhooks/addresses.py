"""Where webhooks may lead: to public addresses over https, and into a closed network only where that is allowed.

Whoever makes a webhook chooses where this service sends something. It must not become a way to what only this service
can reach: other services on its machine and in its network, and the metadata of a cloud.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import httpx

LONGEST_URL = 2_000
WEB_PORTS = {"https": 443, "http": 80}
FIRST_FREE_PORT = 1_024
"""Ports below, but for the web's own, belong to other protocols."""

PORTS = 65_536

Address = IPv4Address | IPv6Address

_CLOSED: Sequence[IPv4Network | IPv6Network] = [
    ip_network(network)
    for network in ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1", "fc00::/7")
]
"""This machine, and networks that are somebody's own; not link-local addresses, at which clouds tell secrets."""

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NOBODYS: Sequence[IPv4Network | IPv6Network] = [
    ip_network(network) for network in ("2001::/32", "2002::/16", "192.88.99.0/24", "192.0.0.0/24")
]
"""Teredo and 6to4, where what they lead to is hidden in the address, and protocol assignments (RFC 6890)."""

_NAT64 = IPv6Network("64:ff9b::/96")


class AddressRefused(ValueError):
    """A webhook may not lead there; the message says why."""


def require_url(given: str, *, private: bool) -> httpx.URL:
    """The URL, if it has the form of one that webhooks may have. Raises AddressRefused.

    `private` allows this machine and closed networks, there without TLS too. Names are not looked up here.
    """
    if len(given) > LONGEST_URL or not given.isascii() or not given.isprintable() or set(given) & set(" \\"):
        raise AddressRefused(
            f"Write the address in ASCII, without spaces, in at most {LONGEST_URL} characters; a name in other letters "
            "as xn--…."
        )
    try:
        url = httpx.URL(given)
    except httpx.InvalidURL as invalid:
        raise AddressRefused(f"It is not an address: {invalid}.") from None
    _require_form(url, private=private)
    _require_numbers_permitted(url, private=private)
    return url


def _require_form(url: httpx.URL, *, private: bool) -> None:
    if url.scheme not in (WEB_PORTS if private else ("https",)) or not url.host:
        raise AddressRefused("Give an address that begins with https:// and a host.")
    if url.userinfo:
        raise AddressRefused("An address with a user or a password in it is not taken; messages are signed instead.")
    if url.fragment:
        raise AddressRefused("A fragment (#…) is never sent; leave it out.")
    port = port_of(url)
    if not 0 < port < PORTS:
        raise AddressRefused(f"There is no port {port}.")
    if port < FIRST_FREE_PORT and port not in (WEB_PORTS.values() if private else (WEB_PORTS["https"],)):
        raise AddressRefused(f"Port {port} is not for the web; use 443, or one from {FIRST_FREE_PORT} on.")


def port_of(url: httpx.URL) -> int:
    """The port, stated or not."""
    return WEB_PORTS[url.scheme] if url.port is None else url.port


def _require_numbers_permitted(url: httpx.URL, *, private: bool) -> None:
    """Refuse at once what is no name but an address already, however it is written: 127.1 and 0x7f000001 too."""
    try:
        numbers = socket.getaddrinfo(url.host, port_of(url), type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return
    require_permitted((str(found[4][0]) for found in numbers), url.scheme, private=private)


def require_permitted(addresses: Iterable[str], scheme: str, *, private: bool) -> None:
    """Refuse a host where webhooks may not lead to every one of its addresses. Raises AddressRefused."""
    for address in addresses:
        known = ip_address(address)
        if is_public(known) and scheme == "https":
            continue
        if not (private and _is_closed(known)):
            raise AddressRefused(_told(known, scheme))


def is_public(address: Address) -> bool:
    """Whether it is an address of the internet, whatever stands inside of it."""
    if isinstance(address, IPv6Address):
        if inner := _inner(address):
            return is_public(inner)
        if address not in _GLOBAL_UNICAST:
            return False
    return address.is_global and not address.is_multicast and not any(address in network for network in _NOBODYS)


def _is_closed(address: Address) -> bool:
    inner = _inner(address) if isinstance(address, IPv6Address) else None
    return any((inner or address) in network for network in _CLOSED)


def _inner(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for, if it does: mapped, or behind NAT64."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped


def _told(address: Address, scheme: str) -> str:
    if is_public(address):
        return f"{address} is a public address, and so it needs https://, not {scheme}://."
    return f"It leads to {address}, which is no public address."

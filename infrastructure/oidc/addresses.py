"""Which addresses are this machine's, and which ones keys may come from."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_protected(url: str) -> bool:
    """Whether nobody on the way can change what is at an address: it is HTTPS, or HTTP within this machine."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or not url.isascii() or not url.isprintable() or " " in url:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))


def is_loopback(host: str) -> bool:
    """Whether a host, named or by its address, is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

"""Style sheets and scripts: files of ours, each at an address that changes with its content, and so kept for ever.

A script names another one that it imports as `"./name.js"`. That is made the address of the other one as it is sent, so
that a script's address changes with everything that it imports.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

FOLDER = "/assets"

_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

_FOLDER = resources.files("api.web").joinpath("static")
_IMPORTED = re.compile(rb'"\./([a-z0-9_]+\.js)"')


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent."""

    content: bytes
    media_type: str
    digest: str


@cache
def assets() -> dict[str, Asset]:
    """Every file, by the last part of its address."""
    return {_name_in_address(name, asset): asset for name, asset in _files().items()}


def address_of(name: str) -> str:
    """Where a file is. Raises KeyError for one that there is not."""
    return f"{FOLDER}/{_name_in_address(name, _files()[name])}"


@cache
def _files() -> dict[str, Asset]:
    names = (file.name for file in _FOLDER.iterdir())
    return {name: _asset(name) for name in names if _suffix(name) in _MEDIA_TYPES}


@cache
def _asset(name: str) -> Asset:
    content = _FOLDER.joinpath(name).read_bytes()
    if _suffix(name) == ".js":
        content = _IMPORTED.sub(lambda match: f'"./{_name_sent(match[1].decode())}"'.encode(), content)
    return Asset(content, _MEDIA_TYPES[_suffix(name)], hashlib.sha256(content).hexdigest())


def _name_sent(name: str) -> str:
    return _name_in_address(name, _asset(name))


def _suffix(name: str) -> str:
    return f".{name.rpartition('.')[2]}"


def _name_in_address(name: str, asset: Asset) -> str:
    stem, _, suffix = name.rpartition(".")
    return f"{stem}.{asset.digest[:16]}.{suffix}"

"""Style sheets and scripts: files of ours, each at an address that changes with its content, and so kept for ever."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

FOLDER = "/assets"

_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


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
    found = {}
    for file in resources.files("api.web").joinpath("static").iterdir():
        suffix = f".{file.name.rpartition('.')[2]}"
        if suffix in _MEDIA_TYPES:
            content = file.read_bytes()
            found[file.name] = Asset(content, _MEDIA_TYPES[suffix], hashlib.sha256(content).hexdigest())
    return found


def _name_in_address(name: str, asset: Asset) -> str:
    stem, _, suffix = name.rpartition(".")
    return f"{stem}.{asset.digest[:16]}.{suffix}"

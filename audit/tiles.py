"""The tree in tiles of 256 hashes, as files that never change once they are full: https://c2sp.org/tlog-tiles.

The n-th tile of level L holds the roots of the perfect subtrees of 256**L leaves, 256 of them. Level 0 has the leaves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from audit.merkle import HASH_BYTES, perfect_root, split

WIDTH = 256
LEVEL_BITS = 8
FULL_BYTES = WIDTH * HASH_BYTES
HIGHEST_LEVEL = 63
_LENGTH_BYTES = 2

ReadTile = Callable[[int, int], bytes]
"""The hashes of a tile that are there, one after the other, by level and n; empty where there are none."""

_INDEX = r"(?P<index>(?:x\d{3}/)*\d{3})(?:\.p/(?P<width>[1-9]\d{0,2}))?"
_HASHES = re.compile(rf"(?P<level>0|[1-9]\d?)/{_INDEX}")
_ENTRIES = re.compile(rf"entries/{_INDEX}")


class NoSuchTile(ValueError):
    """A path that names no tile."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile of hashes, or of entries where `level` is None: the n-th of its level, and how wide it is."""

    level: int | None
    index: int
    width: int = WIDTH

    @staticmethod
    def parse(path: str) -> Tile:
        """The tile of a path such as `0/x001/234.p/17` or `entries/000`. Raises NoSuchTile."""
        match = _HASHES.fullmatch(path) or _ENTRIES.fullmatch(path)
        if not match or not path.isascii():
            raise NoSuchTile(f"{path} is no path of a tile")
        parts = match.groupdict()
        tile = Tile(
            int(parts["level"]) if parts.get("level") else None,
            int(parts["index"].replace("x", "").replace("/", "")),
            int(parts["width"] or WIDTH),
        )
        # Only one spelling names a tile: no needless x000, no width of a full one.
        if tile.path != path or tile.width > WIDTH or tile.index >= 2**63 or (tile.level or 0) > HIGHEST_LEVEL:
            raise NoSuchTile(f"{path} is no path of a tile")
        return tile

    @property
    def path(self) -> str:
        """Where the tile is, below `tile/`."""
        first, *others = reversed(_thousands(self.index))
        index = "".join(f"x{part:03}/" for part in reversed(others)) + f"{first:03}"
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"{'entries' if self.level is None else self.level}/{index}{partial}"

    @property
    def full(self) -> bool:
        """Whether it will never change."""
        return self.width == WIDTH

    def is_in(self, size: int) -> bool:
        """Whether a tree of so many leaves has all that the tile holds."""
        return self.index * WIDTH + self.width <= size >> LEVEL_BITS * (self.level or 0)


def grown(read: ReadTile, size: int, leaf_hashes: Sequence[bytes]) -> dict[tuple[int, int], bytes]:
    """The tiles that change when leaves come to a tree of `size` leaves, by level and n, as they are then."""
    changed: dict[tuple[int, int], bytes] = {}
    level, first, hashes = 0, size, list(leaf_hashes)
    while hashes:
        index, filled = divmod(first, WIDTH)
        row = (read(level, index)[: filled * HASH_BYTES] if filled else b"") + b"".join(hashes)
        tiles = [row[at : at + FULL_BYTES] for at in range(0, len(row), FULL_BYTES)]
        changed |= {(level, n): tile for n, tile in enumerate(tiles, start=index)}
        hashes = [perfect_root(split(tile)) for tile in tiles if len(tile) == FULL_BYTES]
        level, first = level + 1, index
    return changed


class Subtrees:
    """The roots of the perfect subtrees of a tree whose tiles can be read; each tile is read once."""

    def __init__(self, read: ReadTile) -> None:
        self._read = read
        self._tiles: dict[tuple[int, int], bytes] = {}

    def __call__(self, level: int, n: int) -> bytes:
        """The root of the n-th perfect subtree of 2**level leaves. Raises LookupError where its tile lacks it."""
        of_tile, below = divmod(level, LEVEL_BITS)
        index, offset = divmod(n << below, WIDTH)
        tile = self._tile(of_tile, index)
        first, end = offset * HASH_BYTES, (offset + (1 << below)) * HASH_BYTES
        if len(tile) < end:
            raise LookupError(f"tile {Tile(of_tile, index).path} has no hash {(end // HASH_BYTES) - 1}")
        return perfect_root(split(tile[first:end]))

    def _tile(self, level: int, index: int) -> bytes:
        key = (level, index)
        if key not in self._tiles:
            self._tiles[key] = self._read(level, index)
        return self._tiles[key]


def entry_bundle(entries: Iterable[bytes]) -> bytes:
    """Entries one after the other, each with its length in two bytes before it."""
    return b"".join(len(entry).to_bytes(_LENGTH_BYTES, "big") + entry for entry in entries)


def entries_of(bundle: bytes) -> list[bytes]:
    """The entries that `entry_bundle` put together. Raises ValueError where the bytes are no such bundle."""
    entries, at, end = [], 0, len(bundle)
    while at + 1 < end:
        first = at + _LENGTH_BYTES
        at = first + (bundle[at] << 8 | bundle[at + 1])
        entries.append(bundle[first:at])
    if at != end:
        raise ValueError("the bundle ends within an entry")
    return entries


def _thousands(number: int) -> list[int]:
    """The number in groups of three decimal digits, the highest first."""
    groups = [number % 1_000]
    while number := number // 1_000:
        groups.append(number % 1_000)
    return groups[::-1]

"""The tree as it is, and as it was at every size: roots, proofs, tiles and the entries in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import zip_longest
from typing import Any

from audit import merkle
from audit.merkle import HASH_BYTES, leaf_hashes, split
from audit.tiles import WIDTH, Subtrees, Tile, entries_of, entry_bundle
from projections.database import Source, rows, streamed
from projections.pinning import PositionNotReached

_TILE = """
SELECT tracking.position AS size, tiles.hashes
FROM transparency.tracking LEFT JOIN transparency.tiles ON level = %(level)s AND index = %(index)s
"""

_ENTRIES = """
SELECT notification_id, state FROM ledger.events
WHERE notification_id BETWEEN %(first)s AND %(last)s ORDER BY notification_id
"""

_BUNDLE = """
SELECT tracking.position AS size, bundles.entries
FROM transparency.tracking LEFT JOIN transparency.bundles ON index = %(index)s
"""

_SEALED = """
SELECT bundles.index, entries, hashes
FROM transparency.tracking
CROSS JOIN transparency.bundles JOIN transparency.tiles ON level = 0 AND tiles.index = bundles.index
WHERE bundles.index >= %(index)s AND bundles.index < %(end)s ORDER BY bundles.index LIMIT 16
"""

_LEAVES = """
SELECT coalesce(hashes, ''::bytea) AS hashes
FROM transparency.tracking CROSS JOIN generate_series(%(first)s::bigint, %(end)s::bigint - 1) AS wanted (index)
LEFT JOIN transparency.tiles ON level = 0 AND tiles.index = wanted.index ORDER BY wanted.index
"""

_STORED = "SELECT notification_id, state FROM ledger.events WHERE notification_id = ANY(%(positions)s::bigint[])"

ALTERED = """
SELECT min(notification_id) AS position FROM ledger.events
JOIN transparency.tiles ON level = 0 AND index = (notification_id - 1) / 256
WHERE sha256('\\x00'::bytea || state)
      IS DISTINCT FROM substr(hashes, mod(notification_id - 1, 256)::integer * 32 + 1, 32)
      AND mod(notification_id - 1, 256) < octet_length(hashes) / 32
"""
"""The position of the first entry that is no longer the one that the tree was made of."""


class NotInTree(Exception):
    """An entry that is not the one that the tree was made of, or is not there; `position` is where it should be."""

    def __init__(self, position: int) -> None:
        super().__init__(f"the entry at position {position} is not the one that is in the tree")
        self.position = position


class TransparencyView:
    """Reads the tree. The leaf of the entry at position p has the index p - 1, and a tree of size p ends with it."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def size(self) -> int:
        """How many entries the tree has now."""
        return int(rows(self._source, "SELECT position FROM transparency.tracking", {})[0]["position"])

    def root(self, size: int) -> bytes:
        """The root of the tree of the first `size` entries. Raises PositionNotReached."""
        return merkle.root(size, self._subtrees(size))

    def inclusion_proof(self, index: int, size: int) -> tuple[bytes, ...]:
        """That a leaf is in the tree of a size. Raises IndexError where it is not, and PositionNotReached."""
        return merkle.inclusion_proof(index, size, self._subtrees(size))

    def inclusion_proofs(self, indexes: Iterable[int], size: int) -> list[tuple[bytes, ...]]:
        """The same of several leaves, each tile read once. Raises IndexError and PositionNotReached."""
        subtrees = self._subtrees(size)
        return [merkle.inclusion_proof(index, size, subtrees) for index in indexes]

    def consistency_proof(self, first_size: int, second_size: int) -> tuple[bytes, ...]:
        """That a tree begins with a smaller one. Raises IndexError unless 0 < first <= second, PositionNotReached."""
        return merkle.consistency_proof(first_size, second_size, self._subtrees(second_size))

    def leaf_hash(self, index: int) -> bytes:
        """The hash of a leaf as it is in the tree. Raises PositionNotReached."""
        return self._subtrees(index + 1)(0, index)

    def altered(self) -> int | None:
        """The position of the first entry that is no longer the one that was hashed; None where all are.

        Hashes every entry again, in the database: some two seconds for a million.
        """
        found: int | None = rows(self._source, ALTERED, {})[0]["position"]
        return found

    def tile(self, tile: Tile) -> bytes | None:
        """What a tile holds: hashes, or entries with their lengths. None where the tree does not have it (yet)."""
        if not tile.is_in(self.size()):
            return None
        if tile.level is not None:
            return self._read(tile.level, tile.index)[: tile.width * HASH_BYTES]
        if tile.full:
            return bytes(rows(self._source, _BUNDLE, {"index": tile.index}, binary=True)[0]["entries"])
        first = tile.index * WIDTH + 1
        return entry_bundle(self.entries(first, first + tile.width - 1))

    def leaf_hashes(self, index: int, width: int) -> bytes:
        """The first hashes of a tile of leaves, one after the other; fewer, where the tree does not have so many."""
        return self._read(0, index)[: width * HASH_BYTES]

    def leaf_tiles(self, first: int, end: int) -> Sequence[bytes]:
        """The tiles of leaves from one to before another, as far as they are filled; empty where there is none."""
        return [row["hashes"] for row in rows(self._source, _LEAVES, {"first": first, "end": end}, binary=True)]

    def entries(self, first: int, last: int) -> list[bytes]:
        """The entries from a position to another, as they are stored."""
        return [bytes(row["state"]) for row in rows(self._source, _ENTRIES, {"first": first, "last": last})]

    def proven(self, until: int) -> Iterator[Sequence[bytes]]:
        """The entries up to a position as they were sealed, in order, at most 256 at once, each held against its hash.

        Whoever reads the whole ledger reads it fastest so. Raises NotInTree, and PositionNotReached.
        """
        if until > (reached := self.size()):
            raise PositionNotReached(until, reached)
        done, full = 0, until // WIDTH
        while done < full:
            held = streamed(self._source, _SEALED, {"index": done, "end": full}, partial(_all_held, done), at_once=1)
            if not held:
                raise NotInTree(done * WIDTH + 1)
            yield from held
            done += len(held)
        if last := until % WIDTH:
            tail = self.entries(full * WIDTH + 1, until)
            yield _held(entry_bundle(tail), self.leaf_hashes(full, last), full)

    def stored(self, positions: Iterable[int]) -> Mapping[int, bytes]:
        """The entries at these positions, as they are stored; without those that are not there."""
        found = rows(self._source, _STORED, {"positions": list(positions)})
        return {row["notification_id"]: bytes(row["state"]) for row in found}

    def _subtrees(self, size: int) -> Subtrees:
        if size > (reached := self.size()):
            raise PositionNotReached(size, reached)
        return Subtrees(self._read)

    def _read(self, level: int, index: int) -> bytes:
        hashes = rows(self._source, _TILE, {"level": level, "index": index})[0]["hashes"]
        return bytes(hashes or b"")


def _all_held(first: int, sealed: Iterable[tuple[Any, ...]]) -> list[Sequence[bytes]]:
    """The entries in bundles that follow each other, those of each in a sequence. Raises NotInTree."""
    blocks: list[Sequence[bytes]] = []
    for expected, (index, bundle, hashes) in enumerate(sealed, first):
        if index != expected:
            raise NotInTree(expected * WIDTH + 1)
        blocks.append(_held(bundle, hashes, index))
    return blocks


def _held(bundle: bytes, hashes: bytes, index: int) -> Sequence[bytes]:
    """The entries in a bundle, if they are those of the tile of leaves with this index. Raises NotInTree."""
    first = index * WIDTH + 1
    try:
        entries = entries_of(bundle)
    except ValueError:
        raise NotInTree(first) from None
    found = leaf_hashes(entries)
    if b"".join(found) != hashes:
        pairs = zip_longest(found, split(hashes))
        raise NotInTree(next(position for position, (is_, said) in enumerate(pairs, first) if is_ != said))
    return entries

"""The tree as it is, and as it was at every size: roots, proofs, tiles and the entries in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from audit import merkle
from audit.merkle import HASH_BYTES
from audit.tiles import WIDTH, Subtrees, Tile, entry_bundle
from projections.database import Pool, rows
from projections.pinning import PositionNotReached

_TILE = """
SELECT tracking.position AS size, tiles.hashes
FROM transparency.tracking LEFT JOIN transparency.tiles ON level = %(level)s AND index = %(index)s
"""

_ENTRIES = """
SELECT notification_id, state FROM ledger.events
WHERE notification_id BETWEEN %(first)s AND %(last)s ORDER BY notification_id
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


class TransparencyView:
    """Reads the tree. The leaf of the entry at position p has the index p - 1, and a tree of size p ends with it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def size(self) -> int:
        """How many entries the tree has now."""
        return int(rows(self._pool, "SELECT position FROM transparency.tracking", {})[0]["position"])

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
        found: int | None = rows(self._pool, ALTERED, {})[0]["position"]
        return found

    def tile(self, tile: Tile) -> bytes | None:
        """What a tile holds: hashes, or entries with their lengths. None where the tree does not have it (yet)."""
        if not tile.is_in(self.size()):
            return None
        if tile.level is not None:
            return self._read(tile.level, tile.index)[: tile.width * HASH_BYTES]
        first = tile.index * WIDTH + 1
        return entry_bundle(self.entries(first, first + tile.width - 1))

    def leaf_hashes(self, index: int, width: int) -> bytes:
        """The first hashes of a tile of leaves, one after the other; fewer, where the tree does not have so many."""
        return self._read(0, index)[: width * HASH_BYTES]

    def entries(self, first: int, last: int) -> list[bytes]:
        """The entries from a position to another, as they are stored."""
        return [bytes(row["state"]) for row in rows(self._pool, _ENTRIES, {"first": first, "last": last})]

    def stored(self, positions: Iterable[int]) -> Mapping[int, bytes]:
        """The entries at these positions, as they are stored; without those that are not there."""
        found = rows(self._pool, _STORED, {"positions": list(positions)})
        return {row["notification_id"]: bytes(row["state"]) for row in found}

    def _subtrees(self, size: int) -> Subtrees:
        if size > (reached := self.size()):
            raise PositionNotReached(size, reached)
        return Subtrees(self._read)

    def _read(self, level: int, index: int) -> bytes:
        hashes = rows(self._pool, _TILE, {"level": level, "index": index})[0]["hashes"]
        return bytes(hashes or b"")

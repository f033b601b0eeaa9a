"""The Merkle tree of RFC 6962 and RFC 9162 with SHA-256: roots, inclusion and consistency proofs, and their checks.

Leaves are numbered from 0. Every range of leaves whose length is a power of two, at a multiple of that length, is a
perfect subtree; its root never changes once its leaves are there. Proofs are made from those roots alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()
"""The root of the tree without leaves."""

HASH_BYTES = 32

_LEAF, _NODE = b"\x00", b"\x01"
_begun_leaf = sha256(_LEAF).copy

Subtree = Callable[[int, int], bytes]
"""The root of the n-th perfect subtree of 2**level leaves, by level and n."""


class ProofRefused(Exception):
    """A proof does not show what it is said to show; the message says how it fails."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry as a leaf."""
    return sha256(_LEAF + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """The hashes of entries as leaves, in order."""
    hashes = []
    for entry in entries:
        leaf = _begun_leaf()
        leaf.update(entry)
        hashes.append(leaf.digest())
    return hashes


def split(hashes: bytes) -> list[bytes]:
    """Hashes that were put one after the other."""
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two neighbours as their parent."""
    return sha256(_NODE + left + right).digest()


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """The root above hashes of the same level, whose number is a power of two."""
    while len(hashes) > 1:
        hashes = [sha256(_NODE + left + right).digest() for left, right in zip(hashes[::2], hashes[1::2], strict=True)]
    return hashes[0]


class Frontier:
    """A growing tree of which only the roots of its perfect subtrees are kept: one for each bit of its size."""

    BLOCK = 256
    """As many leaves at once, at a multiple of it, are added as one subtree."""

    def __init__(self) -> None:
        self.size = 0
        self._roots: list[bytes] = []

    def extend(self, leaf_hashes: Sequence[bytes]) -> None:
        """Add leaves, by their hashes, in order."""
        at = 0
        while at < len(leaf_hashes):
            if self.size % self.BLOCK == 0 and at + self.BLOCK <= len(leaf_hashes):
                self._add(perfect_root(leaf_hashes[at : at + self.BLOCK]), self.BLOCK)
                at += self.BLOCK
            else:
                self._add(leaf_hashes[at], 1)
                at += 1

    def root(self) -> bytes:
        """The root of the tree as it is now."""
        if not self._roots:
            return EMPTY_ROOT
        *others, root = self._roots
        for left in reversed(others):
            root = node_hash(left, root)
        return root

    def _add(self, root: bytes, leaves: int) -> None:
        """Add a perfect subtree; each one of the same size before it becomes its sibling."""
        bit = leaves
        while self.size & bit:
            root = node_hash(self._roots.pop(), root)
            bit <<= 1
        self._roots.append(root)
        self.size += leaves


def root(size: int, subtree: Subtree) -> bytes:
    """The root of the tree of the first `size` leaves."""
    return _range_root(0, size, subtree) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, subtree: Subtree) -> tuple[bytes, ...]:
    """The hashes that lead from a leaf to the root of the tree of the first `size` leaves, from the leaf upwards.

    Raises IndexError where that tree does not have the leaf.
    """
    if not 0 <= index < size:
        raise IndexError(f"a tree of {size} leaves has no leaf {index}")
    path: list[bytes] = []
    first, end = 0, size
    while end - first > 1:
        middle = first + _largest_power_below(end - first)
        if index < middle:
            path.append(_range_root(middle, end, subtree))
            end = middle
        else:
            path.append(_range_root(first, middle, subtree))
            first = middle
    return tuple(reversed(path))


def siblings_on_left(index: int, size: int) -> tuple[bool, ...]:
    """Of each hash of a leaf's inclusion proof, whether it is hashed before what is reached so far, or after it.

    Raises IndexError where a tree of that size does not have the leaf.
    """
    if not 0 <= index < size:
        raise IndexError(f"a tree of {size} leaves has no leaf {index}")
    sides: list[bool] = []
    first, end = 0, size
    while end - first > 1:
        middle = first + _largest_power_below(end - first)
        sides.append(index >= middle)
        first, end = (middle, end) if index >= middle else (first, middle)
    return tuple(reversed(sides))


def consistency_proof(first_size: int, second_size: int, subtree: Subtree) -> tuple[bytes, ...]:
    """The hashes which show that a tree of `second_size` leaves begins with the leaves of one of `first_size`.

    Empty for equal sizes. Raises IndexError where the sizes are not 0 < first <= second: that a tree begins with
    nothing needs no proof, and none is defined.
    """
    if not 0 < first_size <= second_size:
        raise IndexError(f"there is no consistency proof from {first_size} to {second_size} leaves")
    path: list[bytes] = []
    first, end, whole = 0, second_size, True
    while first_size != end:
        middle = first + _largest_power_below(end - first)
        if first_size <= middle:
            path.append(_range_root(middle, end, subtree))
            end = middle
        else:
            path.append(_range_root(first, middle, subtree))
            first, whole = middle, False
    if not whole:
        path.append(_range_root(first, end, subtree))
    return tuple(reversed(path))


def require_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Make sure that a leaf, by its hash, is at an index of the tree with a size and root: RFC 9162, 2.1.3.2.

    Raises ProofRefused.
    """
    if not 0 <= index < size:
        raise ProofRefused(f"a tree of {size} leaves has no leaf {index}")
    _require_hashes((leaf, *proof))
    at, last, reached = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofRefused("the proof is too long")
        if at & 1 or at == last:
            reached = node_hash(sibling, reached)
            at, last = _up_to_right_child(at, last)
        else:
            reached = node_hash(reached, sibling)
        at, last = at >> 1, last >> 1
    if last:
        raise ProofRefused("the proof is too short")
    if reached != root:
        raise ProofRefused("the proof leads to another root")


def require_consistency(
    first_size: int, second_size: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]
) -> None:
    """Make sure that a tree begins with the leaves of an earlier one: RFC 9162, 2.1.4.2.

    Raises ProofRefused, also from size 0: nothing follows from a tree without leaves.
    """
    if not 0 < first_size <= second_size:
        raise ProofRefused(f"nothing can be proven from {first_size} to {second_size} leaves")
    _require_hashes(proof)
    if first_size == second_size:
        if proof or first_root != second_root:
            raise ProofRefused("trees of the same size have the same root, and need no proof")
        return
    if not proof:
        raise ProofRefused("the proof is too short")
    at, last = first_size - 1, second_size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    # Of a first tree that is perfect the proof leaves out what the verifier has: its root.
    start, *others = (first_root, *proof) if first_size & (first_size - 1) == 0 else proof
    old = new = start
    for sibling in others:
        if last == 0:
            raise ProofRefused("the proof is too long")
        if at & 1 or at == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            at, last = _up_to_right_child(at, last)
        else:
            new = node_hash(new, sibling)
        at, last = at >> 1, last >> 1
    if last:
        raise ProofRefused("the proof is too short")
    if old != first_root:
        raise ProofRefused("the proof leads to another first root")
    if new != second_root:
        raise ProofRefused("the proof leads to another second root")


def _range_root(first: int, end: int, subtree: Subtree) -> bytes:
    """The root above the leaves of a range that proofs divide trees into: it begins at a multiple of its size."""
    count = end - first
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return subtree(level, first >> level)
    middle = first + _largest_power_below(count)
    return node_hash(_range_root(first, middle, subtree), _range_root(middle, end, subtree))


def _largest_power_below(count: int) -> int:
    """The largest power of two that is smaller than a number above 1."""
    return 1 << ((count - 1).bit_length() - 1)


def _up_to_right_child(at: int, last: int) -> tuple[int, int]:
    """Up the right edge, to where the node is a right child; nowhere if it is one already."""
    while at and not at & 1:
        at, last = at >> 1, last >> 1
    return at, last


def _require_hashes(hashes: Sequence[bytes]) -> None:
    # Neighbours of other lengths could be put together to the same bytes.
    if any(len(hash) != HASH_BYTES for hash in hashes):
        raise ProofRefused(f"a hash has {HASH_BYTES} bytes")

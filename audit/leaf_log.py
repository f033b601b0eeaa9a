"""The leaf hashes of a tree that is being read, kept on disk, so that roots at any size can be had afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from tempfile import TemporaryFile
from types import TracebackType
from typing import Self

from audit.merkle import EMPTY_ROOT, HASH_BYTES, Frontier, split

AT_ONCE = 4_096


class LeafLog:
    """Hashes that are added in order and read again from the first one on."""

    def __init__(self) -> None:
        self._file = TemporaryFile()  # noqa: SIM115 - closed on leaving the `with` block
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def extend(self, hashes: Sequence[bytes]) -> None:
        """Add hashes."""
        self._file.write(b"".join(hashes))
        self.size += len(hashes)

    def __iter__(self) -> Iterator[bytes]:
        return (hash for part in self._parts() for hash in part)

    def roots(self, sizes: Iterable[int]) -> dict[int, bytes]:
        """The roots of the trees of these sizes, without those that are larger than there are hashes."""
        wanted = sorted({size for size in sizes if 0 < size <= self.size})
        found, tree = {0: EMPTY_ROOT}, Frontier()
        for part in self._parts():
            at = 0
            while wanted and wanted[0] <= tree.size + len(part) - at:
                size = wanted.pop(0)
                more = size - tree.size
                tree.extend(part[at : at + more])
                at += more
                found[size] = tree.root()
            tree.extend(part[at:])
        return found

    def _parts(self) -> Iterator[list[bytes]]:
        self._file.seek(0)
        while part := self._file.read(AT_ONCE * HASH_BYTES):
            yield split(part)

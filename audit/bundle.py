"""The bundle: everything an auditor needs to check the ledger alone and offline, in one zip file.

    entries.jsonl           every entry's bytes as they are stored, one a line
    leaf-hashes.bin         their hashes as they were put into the tree, 32 bytes each
    checkpoints/<size>.txt  every signed checkpoint
    keys.txt                the public keys that signed them, one C2SP verifier key a line
    snapshots/<id>.json     the published snapshots
    manifest.json           what is in the bundle, and what its maker noticed
    README.txt              how to check it by hand

The same ledger gives the same bundle, byte for byte.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import IO
from uuid import UUID

import msgspec

from audit.envelope import LARGEST_ENTRY
from audit.merkle import HASH_BYTES, split
from audit.signed_note import LARGEST_NOTE, MalformedNote, VerifierKey, parse_keys

FORMAT = "p2c-ledger-bundle/1"
ENTRIES, LEAF_HASHES, KEYS = "entries.jsonl", "leaf-hashes.bin", "keys.txt"
MANIFEST, README = "manifest.json", "README.txt"
LARGEST_LISTING = 64 * 1024 * 1024
LINES_AT_ONCE = 1_000

_CHECKPOINT = re.compile(r"checkpoints/(\d{1,18})\.txt", re.ASCII)
_SNAPSHOT = re.compile(r"snapshots/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.json", re.ASCII)
_OLDEST = (1980, 1, 1, 0, 0, 0)

HOW_TO_CHECK = """\
This is the whole ledger named in manifest.json: every fact that was recorded, in order, with what is needed to check
that none was changed, dropped, swapped or put in.

With the program:   p2c verify THIS-FILE.zip      (or: python -m audit.verify THIS-FILE.zip)
It needs neither a network nor a database. Compare the key it tells with one you have from elsewhere, or give it:
    p2c verify THIS-FILE.zip --key 'NAME+ID+BASE64' --since CHECKPOINT-FROM-YOUR-LAST-VISIT

By hand, for the entry on line N of entries.jsonl (the first line is leaf 0):
    { printf '\\0'; sed -n Np entries.jsonl | tr -d '\\n'; } | sha256sum
is its leaf hash, and the N-th 32 bytes of leaf-hashes.bin. Two neighbours a and b make their parent:
    { printf '\\1'; cat a b; } | sha256sum
and so on up to the root, by RFC 6962. The root, in base64, is the third line of checkpoints/<number of entries>.txt.
The last line of that file is the signature of the three lines above the empty one: in base64, four bytes for the key
and 64 of Ed25519. The public key is what follows the second + in keys.txt, in base64, after its first byte:
    head -n 3 checkpoints/SIZE.txt > text
    tail -n 1 checkpoints/SIZE.txt | cut -d' ' -f3 | base64 -d | tail -c 64 > signature
    head -n 1 keys.txt | cut -d+ -f3- | base64 -d | tail -c 32 > raw
    { printf '\\060\\052\\060\\005\\006\\003\\053\\145\\160\\003\\041\\000'; cat raw; } > key.der
    openssl pkeyutl -verify -pubin -inkey key.der -keyform DER -rawin -in text -sigfile signature
"""


class BundleUnreadable(Exception):
    """A file that is no bundle, or one that is damaged; the message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """What the maker of a bundle saw to be wrong with the ledger: at which position, and what."""

    position: int
    problem: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle says it is: of everything in it how many, or the SHA-256, and what was noticed.

    `checkpoints_digest` is that of all notes, one after the other.
    """

    format: str
    origin: str
    entries: int
    checkpoints: int
    checkpoints_digest: str
    snapshots: int
    keys_digest: str
    readme_digest: str
    noticed: tuple[Noticed, ...] = ()

    def __bytes__(self) -> bytes:
        """The one form in which it is written."""
        return json.dumps(msgspec.to_builtins(self), indent=2, ensure_ascii=False).encode() + b"\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What goes into a bundle; `entries` and `leaf_hashes` are read once, a few at a time.

    `noticed` is asked for at the end: what was seen to be wrong while the others were read.
    """

    origin: str
    entries: Iterable[bytes]
    leaf_hashes: Iterable[bytes]
    checkpoints: Mapping[int, bytes]
    keys: Iterable[VerifierKey]
    snapshots: Iterable[tuple[UUID, bytes]]
    noticed: list[Noticed] = field(default_factory=list)


def write(target: Path | IO[bytes], contents: Contents) -> Manifest:
    """Write a bundle; what its manifest says."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as zip:
        readme, keys = HOW_TO_CHECK.encode(), "".join(f"{key}\n" for key in contents.keys).encode()
        _put(zip, README, readme)
        _put(zip, KEYS, keys)
        notes = sha256()
        for size, note in sorted(contents.checkpoints.items()):
            _put(zip, f"checkpoints/{size}.txt", note)
            notes.update(note)
        snapshots = 0
        for id, document in contents.snapshots:
            _put(zip, f"snapshots/{id}.json", document)
            snapshots += 1
        entries = 0
        with zip.open(_info(ENTRIES), "w", force_zip64=True) as lines:
            remaining = iter(contents.entries)
            while block := list(islice(remaining, LINES_AT_ONCE)):
                lines.write(b"\n".join([*block, b""]))
                entries += len(block)
        with zip.open(_info(LEAF_HASHES, zipfile.ZIP_STORED), "w", force_zip64=True) as hashes:
            for part in contents.leaf_hashes:
                hashes.write(part)
        manifest = Manifest(
            format=FORMAT,
            origin=contents.origin,
            entries=entries,
            checkpoints=len(contents.checkpoints),
            checkpoints_digest=notes.hexdigest(),
            snapshots=snapshots,
            keys_digest=sha256(keys).hexdigest(),
            readme_digest=sha256(readme).hexdigest(),
            noticed=tuple(contents.noticed),
        )
        _put(zip, MANIFEST, bytes(manifest))
    return manifest


def _put(zip: zipfile.ZipFile, name: str, content: bytes) -> None:
    zip.writestr(_info(name), content)


def _info(name: str, compression: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _OLDEST)
    info.compress_type = compression
    info.external_attr = 0o644 << 16
    return info


class Bundle:
    """A bundle that is read. Nothing of it is believed, and nothing is unpacked to disk.

    Every method raises BundleUnreadable where the file is damaged.
    """

    def __init__(self, zip: zipfile.ZipFile) -> None:
        self._zip = zip
        names = [info.filename for info in zip.infolist()]
        if doubled := [name for name, count in Counter(names).items() if count > 1]:
            raise BundleUnreadable(f"{doubled[0]!r} is in the file twice")
        self._checkpoints = {int(m[1]): m[0] for name in names if (m := _CHECKPOINT.fullmatch(name))}
        self._snapshots = {UUID(m[1]): m[0] for name in names if (m := _SNAPSHOT.fullmatch(name))}
        known = {ENTRIES, LEAF_HASHES, KEYS, MANIFEST, README, *self._checkpoints.values(), *self._snapshots.values()}
        if strangers := sorted(set(names) - known):
            raise BundleUnreadable(f"{strangers[0]!r} does not belong into a bundle")
        self._names = frozenset(names)

    def manifest(self) -> Manifest:
        """What the bundle says it is."""
        written = self._whole(MANIFEST, LARGEST_LISTING)
        try:
            manifest = msgspec.json.decode(written, type=Manifest)
        except (msgspec.DecodeError, UnicodeDecodeError) as fault:
            raise BundleUnreadable(f"{MANIFEST}: {fault}") from fault
        if manifest.format != FORMAT:
            raise BundleUnreadable(f"{MANIFEST} says {manifest.format!r}, this program reads {FORMAT!r}")
        if bytes(manifest) != written:
            raise BundleUnreadable(f"{MANIFEST} is not written as a manifest is")
        return manifest

    def digest(self, name: str) -> str:
        """The SHA-256 of one of the small files, in hexadecimal digits."""
        return sha256(self._whole(name, LARGEST_LISTING)).hexdigest()

    def keys(self) -> tuple[VerifierKey, ...]:
        """The public keys in the bundle, which are as trustworthy as the bundle."""
        try:
            return parse_keys(self._whole(KEYS, LARGEST_LISTING).decode())
        except (UnicodeDecodeError, MalformedNote) as fault:
            raise BundleUnreadable(f"{KEYS}: {fault}") from fault

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """Every signed checkpoint under the size in its file's name, the smallest first."""
        for size in sorted(self._checkpoints):
            yield size, self._whole(self._checkpoints[size], LARGEST_NOTE)

    def snapshots(self) -> frozenset[UUID]:
        """The ids of the snapshots."""
        return frozenset(self._snapshots)

    def snapshot(self, id: UUID) -> AbstractContextManager[IO[bytes]]:
        """Opens a snapshot as it was published."""
        return self._opened(self._snapshots[id])

    def entries(self) -> Iterator[bytes]:
        """The entries, in order, read a few at a time."""
        with self._opened(ENTRIES) as file:
            lines = io.BufferedReader(file, 1 << 20)  # type: ignore[type-var]  # a ZipExtFile is raw enough
            n = 0
            while line := lines.readline(LARGEST_ENTRY + 2):
                n += 1
                if line[-1:] != b"\n":
                    raise BundleUnreadable(f"line {n} of {ENTRIES} is not whole, or longer than any entry")
                yield line[:-1]

    @property
    def has_leaf_hashes(self) -> bool:
        """Whether the bundle has them: it can be verified without."""
        return LEAF_HASHES in self._names

    def leaf_hashes(self) -> Iterator[bytes]:
        """The hashes as they are said to have been put into the tree; none where the bundle has no such file."""
        if not self.has_leaf_hashes:
            return
        with self._opened(LEAF_HASHES) as file:
            while part := file.read(HASH_BYTES * 4096):
                yield from split(part)

    def _whole(self, name: str, largest: int) -> bytes:
        with self._opened(name) as file:
            content = file.read(largest + 1)
        if len(content) > largest:
            raise BundleUnreadable(f"{name} is larger than it can be")
        return content

    @contextmanager
    def _opened(self, name: str) -> Iterator[IO[bytes]]:
        if name not in self._names:
            raise BundleUnreadable(f"{name} is missing")
        try:
            with self._zip.open(name) as file:
                yield file
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as fault:
            raise BundleUnreadable(f"{name}: {fault}") from fault


@contextmanager
def opened(path: Path) -> Iterator[Bundle]:
    """The bundle in a file. Raises BundleUnreadable, and FileNotFoundError."""
    try:
        zip = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, UnicodeDecodeError) as fault:
        raise BundleUnreadable(f"{path} is no zip file that can be read: {fault}") from fault
    with zip:
        yield Bundle(zip)

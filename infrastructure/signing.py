"""The signing key and what it signed last, in files of their own, outside the database.

Whoever restores an older backup of the database, or rewrites it, cannot take back what the key has signed: the last
checkpoint stays beside the key, and nothing is signed that contradicts it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from audit.checkpoint import SignedCheckpoint
from audit.signed_note import MalformedNote, SigningKey
from infrastructure.settings import Settings

OWNER_ONLY = 0o600
KEY_FOLDER = "signing"
OTHERS = stat.S_IRWXG | stat.S_IRWXO


class SigningStopped(Exception):
    """Nothing is signed until somebody has looked into it; the message says what is wrong and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """Where the signing key is (`file`, or in `folder` under the ledger's id), and what the ledger is to be called."""

    folder: Path
    file: Path | None = None
    origin: str | None = None

    @staticmethod
    def of(settings: Settings) -> Signing:
        """What the settings say."""
        file = settings.signing_key_file
        return Signing(
            folder=settings.data_dir.expanduser() / KEY_FOLDER,
            file=file.expanduser() if file else None,
            origin=settings.ledger_origin,
        )

    def key_file(self, ledger_id: UUID) -> KeyFile:
        """The key file for a ledger."""
        return KeyFile(self.file or self.folder / f"{ledger_id}.key")


class KeyFile:
    """A file of signing keys, one a line, all of which sign; beside it the last checkpoint that was signed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._last = path.with_name(f"{path.name}.last-signed")
        self._counted: tuple[tuple[int, int], int] | None = None

    def signing_keys(self) -> tuple[SigningKey, ...]:
        """The keys in the file, none where there is no file. Raises SigningStopped where they cannot be used."""
        try:
            if os.name == "posix" and self.path.stat().st_mode & OTHERS:
                raise SigningStopped(
                    f"Others than its owner can read the signing key {self.path}: chmod 600 {self.path}, and consider"
                    " whether somebody has (`p2c key rotate`)."
                )
            lines = self.path.read_text("utf-8").split()
        except FileNotFoundError:
            return ()
        except (OSError, UnicodeDecodeError) as fault:
            raise SigningStopped(f"The signing key {self.path} cannot be read: {fault}.") from fault
        try:
            keys = tuple(SigningKey.parse(line) for line in lines)
        except MalformedNote as fault:
            raise SigningStopped(f"{self.path} is no file of signing keys: {fault}.") from fault
        if len({key.name for key in keys}) != 1:
            raise SigningStopped(f"{self.path} has to hold keys of one name, one a line.")
        return keys

    def create(self, name: str) -> tuple[SigningKey, ...]:
        """A new key under this name, in a file that is new; its keys, where another process was faster."""
        key = SigningKey.generate(name)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _write(self.path, f"{key.secret_text}\n".encode(), new=True)
        except FileExistsError:
            return self.signing_keys()
        except OSError as fault:
            raise SigningStopped(f"No signing key can be put into {self.path}: {fault}.") from fault
        return (key,)

    def replace(self, keys: Sequence[SigningKey]) -> None:
        """Let these keys sign from now on, the first being the newest."""
        _write(self.path, "".join(f"{key.secret_text}\n" for key in keys).encode())

    def last_signed(self) -> SignedCheckpoint | None:
        """The last checkpoint that was signed with this file's keys here. Raises SigningStopped."""
        try:
            return SignedCheckpoint.parse(self._last.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, MalformedNote) as fault:
            raise SigningStopped(f"What was signed last cannot be read from {self._last}: {fault}.") from fault

    def entries_signed(self) -> int:
        """How many entries the tree had that was signed last here; 0 where there is none, or it cannot be read.

        It is asked before each append, and the file, of which each is a new one, is read once.
        """
        try:
            file = self._last.stat()
        except OSError:
            return 0
        written = (file.st_ino, file.st_mtime_ns)
        if self._counted is None or self._counted[0] != written:
            self._counted = written, self._entries_signed()
        return self._counted[1]

    def _entries_signed(self) -> int:
        try:
            last = self.last_signed()
        except SigningStopped:
            return 0  # the signer says so
        return last.checkpoint.size if last else 0

    def remember(self, signed: SignedCheckpoint) -> None:
        """Keep what is about to be published; durable when this returns. Raises SigningStopped."""
        try:
            _write(self._last, bytes(signed))
        except OSError as fault:
            raise SigningStopped(f"What was signed cannot be kept in {self._last}: {fault}.") from fault


def _write(path: Path, content: bytes, *, new: bool = False) -> None:
    """Write a file that only its owner can read, whole or not at all. Raises FileExistsError for one to be new."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.unfinished")
    with suppress(FileNotFoundError):
        unfinished.unlink()
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        if new:
            path.hardlink_to(unfinished)
        else:
            unfinished.replace(path)
    finally:
        with suppress(FileNotFoundError):
            unfinished.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

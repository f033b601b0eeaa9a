"""Checkpoints: the size and root of the tree under the log's name, to be signed. See https://c2sp.org/tlog-checkpoint."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from audit.merkle import HASH_BYTES
from audit.signed_note import MalformedNote, Note, VerifierKey, decoded, in_base64


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """That the tree of a log has so many leaves and this root. `origin` is the name of the log."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The text to sign."""
        return f"{self.origin}\n{self.size}\n{in_base64(self.root)}\n"

    @staticmethod
    def parse(text: str) -> Checkpoint:
        """What the text of a note says. Lines after the first three are for others. Raises MalformedNote."""
        lines = text.split("\n")
        if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
            raise MalformedNote("a checkpoint has at least three lines, none of them empty: origin, size and root")
        origin, size, encoded = lines[:3]
        root = decoded(encoded)
        if len(root) != HASH_BYTES:
            raise MalformedNote(f"the root of a tree has {HASH_BYTES} bytes")
        return Checkpoint(origin=origin, size=decimal(size), root=root)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCheckpoint:
    """A checkpoint and the note that it is the text of."""

    checkpoint: Checkpoint
    note: Note

    @staticmethod
    def parse(note: bytes) -> SignedCheckpoint:
        """The checkpoint these bytes are; no signature is checked. Raises MalformedNote."""
        parsed = Note.parse(note)
        return SignedCheckpoint(checkpoint=Checkpoint.parse(parsed.text), note=parsed)

    def require_signer(self, trusted: Iterable[VerifierKey]) -> tuple[VerifierKey, ...]:
        """The trusted keys of the log itself that signed it. Raises NoteRefused where none did."""
        return self.note.signers(key for key in trusted if key.name == self.checkpoint.origin)

    def __bytes__(self) -> bytes:
        return bytes(self.note)


def decimal(text: str) -> int:
    """The number that decimal digits without leading zeros mean, below 2**63. Raises MalformedNote."""
    if not (text.isascii() and text.isdigit()) or (text[0] == "0" and text != "0") or len(text) > 18:
        raise MalformedNote("a number is written in decimal digits, without leading zeros")
    return int(text)

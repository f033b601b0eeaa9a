"""Proof that an entry is in the ledger, as a file that can be checked without it: https://c2sp.org/tlog-proof.

The file has the entry's index, the hashes up to the root, and the signed checkpoint with that root. Whoever has the
entry's bytes and the log's public key can check it offline.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from audit.checkpoint import Checkpoint, SignedCheckpoint, decimal
from audit.merkle import HASH_BYTES, leaf_hash, require_inclusion
from audit.signed_note import MalformedNote, VerifierKey, decoded, in_base64

FIRST_LINE = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class InclusionProof:
    """Where an entry is (`index`, from 0), and the hashes from its sibling up to below the root of the checkpoint."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: SignedCheckpoint

    @staticmethod
    def parse(file: bytes) -> InclusionProof:
        """The proof that a file holds; what is extra in it is passed over. Raises MalformedNote."""
        try:
            head, gap, note = file.decode().partition("\n\n")
        except UnicodeDecodeError as fault:
            raise MalformedNote("a proof is UTF-8") from fault
        first, *lines = head.split("\n")
        if first != FIRST_LINE or not gap or not lines:
            raise MalformedNote(f"a proof begins with the line {FIRST_LINE}, and has a checkpoint after an empty line")
        if lines[0].startswith("extra "):
            decoded(lines.pop(0).removeprefix("extra "))
        if not lines or not lines[0].startswith("index "):
            raise MalformedNote("a proof says the index of its entry: index 17")
        hashes = tuple(decoded(line) for line in lines[1:])
        if any(len(hash) != HASH_BYTES for hash in hashes):
            raise MalformedNote(f"a hash has {HASH_BYTES} bytes")
        return InclusionProof(
            index=decimal(lines[0].removeprefix("index ")),
            hashes=hashes,
            checkpoint=SignedCheckpoint.parse(note.encode()),
        )

    def require(self, entry: bytes, trusted: Iterable[VerifierKey]) -> Checkpoint:
        """Make sure that the entry is in the ledger of one of the trusted keys; the checkpoint that says so.

        Raises NoteRefused and audit.merkle.ProofRefused.
        """
        self.checkpoint.require_signer(trusted)
        told = self.checkpoint.checkpoint
        require_inclusion(leaf_hash(entry), self.index, told.size, self.hashes, told.root)
        return told

    def __bytes__(self) -> bytes:
        hashes = "".join(f"{in_base64(hash)}\n" for hash in self.hashes)
        return f"{FIRST_LINE}\nindex {self.index}\n{hashes}\n".encode() + bytes(self.checkpoint)

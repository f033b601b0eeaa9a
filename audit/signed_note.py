"""Signed notes: text for people and programs, with signatures below it, by the C2SP specification.

A note is text that ends with a line break, an empty line, and a line for each signature: an em dash, the name of the
key, and the base64 of four bytes that identify the key and of the signature. Only Ed25519 (type 0x01) is supported.
See https://c2sp.org/signed-note.
"""

from __future__ import annotations

import secrets
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LARGEST_NOTE = 65_536
MOST_SIGNATURES = 64

_ED25519 = b"\x01"
_DASH = "\u2014 "
_SECRET = "PRIVATE+KEY+"  # noqa: S105 - how every secret key begins


class MalformedNote(ValueError):
    """Bytes that are no signed note, or text that is no key; the message says why."""


class NoteRefused(Exception):
    """A note that no trusted key has signed, or whose signature does not hold; the message says which."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key and its name: what is needed to check a signature. As text: `name+hexadecimal id+base64`."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        _require_name(self.name)
        if len(self.public) != 32:
            raise MalformedNote("an Ed25519 key has 32 bytes")

    @property
    def id(self) -> bytes:
        """The four bytes that identify the key together with its name."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    @staticmethod
    def parse(text: str) -> VerifierKey:
        """The key that a text such as `example.com/log+2c7f9a01+AQID…` means. Raises MalformedNote."""
        name, id, typed = _parts(text)
        key = VerifierKey(name, _of_type(typed))
        if key.id.hex() != id:
            raise MalformedNote(f"the key says that its id is {id}, but it is {key.id.hex()}")
        return key

    def holds(self, text: str, signature: bytes) -> bool:
        """Whether the key has signed the text so."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{in_base64(_ED25519 + self.public)}"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A secret key and its name. Its text is a secret too, so it is told by `secret_text` only."""

    name: str
    seed: bytes = field(repr=False)

    @staticmethod
    def generate(name: str) -> SigningKey:
        """A new key, from the operating system's randomness. Raises MalformedNote for a name that cannot be one."""
        _require_name(name)
        return SigningKey(name, secrets.token_bytes(32))

    @staticmethod
    def parse(text: str) -> SigningKey:
        """The key that `secret_text` wrote. Raises MalformedNote, whose message has nothing of the secret in it."""
        if not text.startswith(_SECRET):
            raise MalformedNote(f"a signing key begins with {_SECRET}")
        name, id, typed = _parts(text.removeprefix(_SECRET))
        seed = _of_type(typed)
        if len(seed) != 32:
            raise MalformedNote("the seed of an Ed25519 key has 32 bytes")
        key = SigningKey(name, seed)
        if key.verifier.id.hex() != id:
            raise MalformedNote("the signing key's id is not that of its public key")
        return key

    @property
    def verifier(self) -> VerifierKey:
        """The public key."""
        return VerifierKey(self.name, self._private.public_key().public_bytes_raw())

    @property
    def secret_text(self) -> str:
        """The key as a key file holds it."""
        return f"{_SECRET}{self.name}+{self.verifier.id.hex()}+{in_base64(_ED25519 + self.seed)}"

    def sign(self, text: str) -> Signature:
        """The key's signature of a text."""
        return Signature(self.name, self.verifier.id, self._private.sign(text.encode()))

    @property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


@dataclass(frozen=True, slots=True)
class Signature:
    """A line under a note: whose signature, by name and the id of the key, and the signature itself."""

    name: str
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {in_base64(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text and the signatures under it, which nobody has checked yet."""

    text: str
    signatures: tuple[Signature, ...]

    @staticmethod
    def signed(text: str, keys: Iterable[SigningKey]) -> Note:
        """The text, signed by every key. Raises MalformedNote for text that cannot be a note's."""
        _require_text(text)
        return Note(text, tuple(key.sign(text) for key in keys))

    @staticmethod
    def parse(note: bytes) -> Note:
        """The note these bytes are. Raises MalformedNote."""
        if len(note) > LARGEST_NOTE:
            raise MalformedNote(f"a note has at most {LARGEST_NOTE} bytes")
        try:
            whole = note.decode()
        except UnicodeDecodeError as fault:
            raise MalformedNote("a note is UTF-8") from fault
        text, gap, below = whole.rpartition("\n\n")
        if not gap or not below.endswith("\n"):
            raise MalformedNote("a note is text, an empty line, and signatures, each line with its end")
        _require_text(text + "\n")
        lines = below[:-1].split("\n")
        if len(lines) > MOST_SIGNATURES:
            raise MalformedNote(f"a note has at most {MOST_SIGNATURES} signatures")
        return Note(text + "\n", tuple(_signature(line) for line in lines))

    def signers(self, trusted: Iterable[VerifierKey]) -> tuple[VerifierKey, ...]:
        """Those of the trusted keys that have signed the text, one at least; unknown signatures count nothing.

        Raises NoteRefused where none has, or where a signature under the name and id of a trusted key does not hold.
        """
        keys = {(key.name, key.id): key for key in trusted}
        found: dict[VerifierKey, None] = {}
        for signature in self.signatures:
            key = keys.get((signature.name, signature.key_id))
            if key is None:
                continue
            if not key.holds(self.text, signature.signature):
                raise NoteRefused(f"the signature of {key.name}+{key.id.hex()} does not hold")
            found[key] = None
        if not found:
            by = ", ".join(f"{signature.name}+{signature.key_id.hex()}" for signature in self.signatures)
            raise NoteRefused(f"signed by {by}, none of the trusted keys")
        return tuple(found)

    def __bytes__(self) -> bytes:
        return f"{self.text}\n{''.join(map(str, self.signatures))}".encode()


def parse_keys(text: str) -> tuple[VerifierKey, ...]:
    """The verifier keys in a text, one a line. Raises MalformedNote."""
    return tuple(VerifierKey.parse(line) for line in text.splitlines() if line)


def _signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH):
        raise MalformedNote("a signature begins with an em dash and a space")
    _require_name(name)
    raw = decoded(encoded)
    if len(raw) < 5:
        raise MalformedNote("a signature has four bytes for the key, and more")
    return Signature(name, raw[:4], raw[4:])


def _parts(text: str) -> tuple[str, str, bytes]:
    """Name, id and bytes of a key as text."""
    name, _, rest = text.partition("+")
    id, _, encoded = rest.partition("+")
    _require_name(name)
    if len(id) != 8:
        raise MalformedNote("a key is written as name+id+base64, its id with eight hexadecimal digits")
    return name, id, decoded(encoded)


def _of_type(typed: bytes) -> bytes:
    if typed[:1] != _ED25519:
        raise MalformedNote("only Ed25519 keys are supported, whose bytes begin with 0x01")
    return typed[1:]


def _require_name(name: str) -> None:
    if not name or "+" in name or any(sign.isspace() or sign < " " for sign in name):
        raise MalformedNote("the name of a key is not empty, and has no spaces and no plus sign")


def _require_text(text: str) -> None:
    if not text.endswith("\n") or any(sign < " " and sign != "\n" for sign in text):
        raise MalformedNote("the text of a note ends its last line, and has no control characters")


def decoded(text: str) -> bytes:
    """The bytes that base64 stands for, in its one strict form. Raises MalformedNote."""
    try:
        raw = b64decode(text, validate=True)
    except (NotBase64, ValueError) as fault:
        raise MalformedNote("not base64") from fault
    if in_base64(raw) != text:
        raise MalformedNote("not base64 in its strict form")
    return raw


def in_base64(raw: bytes) -> str:
    """Bytes as base64, as notes and everything about them write it."""
    return b64encode(raw).decode()

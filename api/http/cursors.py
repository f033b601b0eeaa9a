"""Cursors: where a list goes on, and what it is a list of, so that every page belongs to the same answer.

A cursor is base64url JSON with a checksum against accidents. It gives no access to anything, so it needs no key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from api.http import problems
from api.http.failures import Failure, FieldError

LONGEST, FORM = 4_000, "^[A-Za-z0-9_-]*$"
"""How many characters a cursor may have, and which."""

_CHECKSUM_BYTES = 8


class Cursor(BaseModel):
    """A place in a list."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    def encode(self) -> str:
        """The cursor as a client keeps it."""
        content = self.model_dump_json().encode()
        return base64.urlsafe_b64encode(_checksum(content) + content).decode().rstrip("=")

    @classmethod
    def decode(cls, given: str) -> Self:
        """The place a client sends back. Raises Failure for anything that `encode` did not give."""
        try:
            return cls.model_validate_json(_content(given[:LONGEST]))
        except (ValueError, binascii.Error, ValidationError):
            raise refused("It is not a cursor that this list gave.") from None


def _content(given: str) -> bytes:
    padded = given.encode("ascii") + b"=" * (-len(given) % 4)
    raw = base64.b64decode(padded, altchars=b"-_", validate=True)
    content = raw[_CHECKSUM_BYTES:]
    if raw[:_CHECKSUM_BYTES] != _checksum(content):
        raise ValueError("the cursor was changed")
    return content


def refused(detail: str) -> Failure:
    """The problem with a cursor."""
    return Failure(problems.INVALID_CURSOR, detail, errors=[FieldError(field="cursor", detail=detail)])


def _checksum(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()[:_CHECKSUM_BYTES]

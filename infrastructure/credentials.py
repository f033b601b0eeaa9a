"""Tokens: 256 random bits with a visible prefix, kept as their SHA-256 and shown once."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from psycopg.rows import class_row

from domain.values import Actor
from domain.vocabulary import Role
from infrastructure.database import Pool

VISIBLE_PREFIX = "p2c_"
SHOWN_CHARACTERS = 8
"""How much of a token is kept readable, prefix included, so that its owner can tell which one it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What is known of a token; its secret is not."""

    id: UUID
    prefix: str
    role: Role
    organisation_id: UUID | None
    note: str | None
    issued_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    @property
    def actor(self) -> Actor:
        """Who acts with this token."""
        return Actor(role=Role(self.role), organisation=self.organisation_id, credential=self.id)


_ISSUE = """
INSERT INTO ledger.credentials (id, digest, prefix, role, organisation_id, note, expires_at)
VALUES (%s, %s, %s, %s, %s, %s, %s)
RETURNING id, prefix, role, organisation_id, note, issued_at, expires_at, revoked_at
"""

_VALID = """
SELECT id, prefix, role, organisation_id, note, issued_at, expires_at, revoked_at FROM ledger.credentials
WHERE digest = %s AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())
"""

_ALL = """
SELECT id, prefix, role, organisation_id, note, issued_at, expires_at, revoked_at FROM ledger.credentials
ORDER BY issued_at DESC
"""


class Credentials:
    """The token table."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def issue(
        self,
        role: Role,
        organisation: UUID | None = None,
        *,
        expires_at: datetime | None = None,
        note: str | None = None,
    ) -> tuple[Credential, str]:
        """A new credential and its token, which cannot be shown again."""
        token = VISIBLE_PREFIX + secrets.token_urlsafe(32)
        with self._pool.connection() as connection, connection.cursor(row_factory=class_row(Credential)) as cursor:
            credential = cursor.execute(
                _ISSUE,
                (uuid4(), _digest(token), token[:SHOWN_CHARACTERS], role, organisation, note, expires_at),
            ).fetchone()
        if credential is None:
            raise LookupError("the new credential cannot be read back")
        return credential, token

    def authenticate(self, token: str) -> Credential | None:
        """The credential of a token that is neither expired nor revoked."""
        with self._pool.connection() as connection, connection.cursor(row_factory=class_row(Credential)) as cursor:
            return cursor.execute(_VALID, (_digest(token),)).fetchone()

    def revoke(self, id: UUID) -> bool:
        """Make a token worthless from now on; whether there was one that still had worth."""
        with self._pool.connection() as connection:
            revoked = connection.execute(
                "UPDATE ledger.credentials SET revoked_at = clock_timestamp() WHERE id = %s AND revoked_at IS NULL",
                (id,),
            )
            return revoked.rowcount == 1

    def issued(self) -> Sequence[Credential]:
        """Every credential ever issued, the latest first."""
        with self._pool.connection() as connection, connection.cursor(row_factory=class_row(Credential)) as cursor:
            return cursor.execute(_ALL).fetchall()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()

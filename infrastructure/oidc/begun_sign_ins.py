"""Signing in that was begun: one secret, of which everything comes that is sent along, good once and for ten minutes.

The secret is the browser's alone. State, nonce and code verifier are made of it, so none of them has to be kept; the
database keeps its SHA-256, which lets any process see that nobody comes back twice, or too late.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from infrastructure.database import Pool
from infrastructure.expired_rows import remove_some

WAY_LIMIT: Final = timedelta(minutes=10)
"""How long somebody may take to sign in at the issuer and come back."""

_FORM = re.compile(r"[A-Za-z0-9_-]{43}")

_ADD = "INSERT INTO ledger.sign_ins (digest, expires_at) VALUES (%s, clock_timestamp() + %s)"

_TAKE = "DELETE FROM ledger.sign_ins WHERE digest = %s RETURNING expires_at > clock_timestamp() AS in_time"


@dataclass(frozen=True, slots=True)
class BegunSignIn:
    """What one sign-in sends along, each 256 bits in base64url. Who knows one of them does not know the others."""

    secret: str = field(repr=False)

    @classmethod
    def new(cls) -> BegunSignIn:
        """One that nobody can guess."""
        return cls(secrets.token_urlsafe(32))

    @classmethod
    def of(cls, secret: str) -> BegunSignIn | None:
        """The one that a browser shows; None where it shows something else."""
        return cls(secret) if _FORM.fullmatch(secret) else None

    @property
    def state(self) -> str:
        """Comes back with the browser: the answer belongs to who began (RFC 6749, 10.12)."""
        return self._made_for(b"state")

    @property
    def nonce(self) -> str:
        """Comes back in the ID token: it was made for this sign-in (OpenID Connect Core 1.0, 15.5.2)."""
        return self._made_for(b"nonce")

    @property
    def verifier(self) -> str:
        """Shown with the code: whoever stole the code alone cannot exchange it (RFC 7636)."""
        return self._made_for(b"code verifier")

    @property
    def challenge(self) -> str:
        """What the verifier is checked against, by the method S256 (RFC 7636, 4.2)."""
        return _base64url(hashlib.sha256(self.verifier.encode()).digest())

    @property
    def digest(self) -> bytes:
        """What is kept of it."""
        return hashlib.sha256(self.secret.encode()).digest()

    def _made_for(self, purpose: bytes) -> str:
        return _base64url(hmac.digest(self.secret.encode(), purpose, "sha256"))


class BegunSignIns:
    """The table of those that nobody has come back from."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def add(self, begun: BegunSignIn) -> None:
        """Let one be completed, once, within ten minutes."""
        with self._pool.connection() as connection:
            connection.execute(_ADD, (begun.digest, WAY_LIMIT))
            remove_some(connection, "sign_ins")

    def take(self, begun: BegunSignIn) -> bool:
        """Let it be completed no more; whether it could be until now."""
        with self._pool.connection() as connection:
            row = connection.execute(_TAKE, (begun.digest,)).fetchone()
        return row is not None and bool(row["in_time"])


def _base64url(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()

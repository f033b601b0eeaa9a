"""Tokens: 256 random bits with a visible prefix, kept as their SHA-256 and shown once."""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

import psycopg
from eventsourcing.application import LRUCache
from psycopg import Connection, sql
from psycopg.rows import BaseRowFactory, DictRow, kwargs_row

from application.access import GRANTS, Permission, Principal
from domain.text import composed, fault
from domain.values import Actor
from domain.vocabulary import Role
from infrastructure.database import Pool

VISIBLE_PREFIX = "p2c_"
SHOWN_CHARACTERS = 8
"""How much of a token is kept readable, prefix included, so that its owner can tell which one it is."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What is known of a token; its secret is not. `last_used_at` is true to the minute."""

    id: UUID
    prefix: str
    role: Role
    organisation_id: UUID | None
    scopes: frozenset[Permission] | None
    note: str | None
    issued_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    @property
    def principal(self) -> Principal:
        """Who acts with this token."""
        actor = Actor(role=self.role, organisation=self.organisation_id, credential=self.id)
        return Principal(actor=actor, scopes=self.scopes)

    def state(self, now: datetime) -> str:
        """Whether the token is `good`, `expired` or `revoked`."""
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= now else "good"


REMEMBERED_SECONDS = 1.0
"""For how long a token that was good is taken to be good still, without asking."""

REMEMBERED_TOKENS = 10_000


class UnsuitableToken(ValueError):
    """No token can be like this; the message says why."""


_COLUMNS = sql.SQL("id, prefix, role, organisation_id, scopes, note, issued_at, expires_at, revoked_at, last_used_at")

_ISSUE = sql.SQL("""
INSERT INTO ledger.credentials (id, digest, prefix, role, organisation_id, scopes, note, expires_at)
VALUES (%(id)s, %(digest)s, %(prefix)s, %(role)s, %(organisation)s, %(scopes)s, %(note)s, %(expires_at)s)
RETURNING {columns}
""").format(columns=_COLUMNS)

IS_GOOD = sql.SQL("""(
    credentials.revoked_at IS NULL AND (credentials.expires_at IS NULL OR credentials.expires_at > clock_timestamp())
)""")
"""Of a row of `ledger.credentials`: whether its token is neither expired nor revoked; `ledger.append` asks the same."""

IS_UNNOTED = sql.SQL("""(
    credentials.last_used_at IS NULL OR credentials.last_used_at < clock_timestamp() - interval '1 minute'
)""")
"""Of such a row: whether a use of its token is to be noted, with `note_use`."""

_VALID = sql.SQL("""
SELECT {columns}, digest, {is_unnoted} AS unnoted FROM ledger.credentials WHERE digest = ANY (%s) AND {is_good}
""").format(columns=_COLUMNS, is_unnoted=IS_UNNOTED, is_good=IS_GOOD)

# Of many who use a token at once one notes it, and nobody waits for that.
_NOTE_USE = """
UPDATE ledger.credentials SET last_used_at = clock_timestamp()
WHERE id = (SELECT id FROM ledger.credentials WHERE id = %s FOR UPDATE SKIP LOCKED)
"""

_REVOKE = "UPDATE ledger.credentials SET revoked_at = clock_timestamp() WHERE id = %s AND revoked_at IS NULL"

_ALL = sql.SQL("SELECT {} FROM ledger.credentials ORDER BY issued_at DESC, id").format(_COLUMNS)

_ONE = sql.SQL("SELECT {} FROM ledger.credentials WHERE id = %s").format(_COLUMNS)


@dataclass(frozen=True, slots=True)
class Remembered:
    """A credential whose token was good, and until when that is taken to be so still, by the monotonic clock."""

    credential: Credential
    until: float

    @property
    def is_soon_forgotten(self) -> bool:
        """Whether half of the time is over: ask again now, and nobody has to wait."""
        return monotonic() >= self.until - REMEMBERED_SECONDS / 2


class Credentials:
    """The token table."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._lately: LRUCache[bytes, Remembered] = LRUCache(REMEMBERED_TOKENS)

    def issue(
        self,
        role: Role,
        organisation: UUID | None = None,
        *,
        scopes: Iterable[Permission] | None = None,
        expires_at: datetime | None = None,
        note: str | None = None,
    ) -> tuple[Credential, str]:
        """A new credential and its token, which cannot be shown again. Raises UnsuitableToken."""
        wanted = None if scopes is None else frozenset(scopes)
        _require_suitable(role, organisation, wanted)
        kept_note = None if note is None else _fit_to_be_kept(note)
        token = VISIBLE_PREFIX + secrets.token_urlsafe(32)
        with self._pool.connection() as connection, connection.cursor(row_factory=_CREDENTIAL) as cursor:
            credential = cursor.execute(
                _ISSUE,
                {
                    "id": uuid4(),
                    "digest": _digest(token),
                    "prefix": token[:SHOWN_CHARACTERS],
                    "role": role,
                    "organisation": organisation,
                    "scopes": None if wanted is None else sorted(wanted),
                    "note": kept_note,
                    "expires_at": expires_at,
                },
            ).fetchone()
        if credential is None:
            raise LookupError("the new credential cannot be read back")
        return credential, token

    def authenticate(self, token: str) -> Credential | None:
        """The credential of a token that is neither expired nor revoked."""
        return self.authenticate_each([token])[token]

    def authenticate_each(self, tokens: Sequence[str]) -> Mapping[str, Credential | None]:
        """The same of several tokens, which are asked about together."""
        digests = {token: _digest(token) for token in tokens}
        with self._pool.connection() as connection:
            rows = connection.execute(_VALID, (list(digests.values()),)).fetchall()
            for row in rows:
                if row.pop("unnoted"):
                    note_use(connection, row["id"])
        good = {bytes(row.pop("digest")): _credential(**row) for row in rows}
        until = monotonic() + REMEMBERED_SECONDS
        for digest, credential in good.items():
            self._lately.put(digest, Remembered(credential, until))
        return {token: good.get(digest) for token, digest in digests.items()}

    def authenticated_lately(self, token: str) -> Remembered | None:
        """The credential of a token that was good within the last second, as far as this process knows.

        Asks nobody, so it is for nothing but what is recorded with it, which is checked once more: see `Ledger.begin`.
        """
        try:
            remembered = self._lately.get(_digest(token))
        except KeyError:
            return None
        return remembered if monotonic() < remembered.until else None

    def revoke(self, id: UUID) -> bool:
        """Make a token worthless from now on; whether there was one that still had worth."""
        with self._pool.connection() as connection:
            revoked = connection.execute(_REVOKE, (id,)).rowcount == 1
        self._lately = LRUCache(REMEMBERED_TOKENS)
        return revoked

    def find(self, id: UUID) -> Credential | None:
        """The credential with this id; None where there is none."""
        with self._pool.connection() as connection, connection.cursor(row_factory=_CREDENTIAL) as cursor:
            return cursor.execute(_ONE, (id,)).fetchone()

    def issued(self) -> Sequence[Credential]:
        """Every credential ever issued, the latest first."""
        with self._pool.connection() as connection, connection.cursor(row_factory=_CREDENTIAL) as cursor:
            return cursor.execute(_ALL).fetchall()


def end_of_use(last_day: date) -> datetime:
    """The instant from which a token is worthless that is good for a last day (in UTC)."""
    return datetime.combine(last_day, time.min, UTC) + timedelta(days=1)


def note_use(connection: Connection[DictRow], id: UUID) -> None:
    """Remember that a token was used just now; whoever sent it is served all the same where that cannot be."""
    try:
        connection.execute(_NOTE_USE, (id,))
    except psycopg.Error as fault:
        _log.warning("the use of token %s was not noted: %s", id, fault)


def _require_suitable(role: Role, organisation: UUID | None, scopes: frozenset[Permission] | None) -> None:
    if role is Role.PUBLIC:
        raise UnsuitableToken("The public reads without a token.")
    if (role is Role.STAKEHOLDER) != (organisation is not None):
        raise UnsuitableToken(
            "A stakeholder's token needs the id of its organisation."
            if organisation is None
            else f"A token for the role {role} acts for no organisation; only a stakeholder's does."
        )
    if scopes is not None and (not scopes or not scopes <= GRANTS[role]):
        raise UnsuitableToken(
            f"The scopes of a token for the role {role} are some of: {', '.join(sorted(GRANTS[role]))}."
        )


def _fit_to_be_kept(note: str) -> str:
    text = composed(note)
    if reason := fault("note", text):
        raise UnsuitableToken(f"The note {reason}.")
    return text


def _credential(*, role: str, scopes: Sequence[str] | None, **columns: Any) -> Credential:
    known = None if scopes is None else frozenset(map(Permission, scopes))
    return Credential(role=Role(role), scopes=known, **columns)


_CREDENTIAL: BaseRowFactory[Credential] = kwargs_row(_credential)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()

"""Sessions of browsers: 256 random bits in a cookie, kept as their SHA-256, worth what is behind them at each request.

Behind a session is one of our tokens, or somebody who signed in at the issuer. Nothing of it is in the cookie, so a
session ends when the database says so: with its token, with who signed in, when nobody uses it, and when it is old.
"""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import Connection, sql
from psycopg.rows import DictRow

from application.access import Permission, Principal
from domain.values import Actor
from domain.vocabulary import Role
from infrastructure import credentials
from infrastructure.database import Pool
from infrastructure.expired_rows import remove_some

IDLE_LIMIT: Final = timedelta(hours=2)
"""A session that nobody used for so long is over."""

ABSOLUTE_LIMIT: Final = timedelta(hours=12)
"""A session that was opened so long ago is over, however much it is used."""

NOTED_EVERY: Final = timedelta(minutes=1)
"""How often it is noted that a session is used. One may be over so much earlier than the idle limit says."""

_FORM = re.compile(r"[A-Za-z0-9_-]{43}")

_LIMITS = {"idle": IDLE_LIMIT, "absolute": ABSOLUTE_LIMIT, "noted_every": NOTED_EVERY}

_log = logging.getLogger(__name__)

_OPEN_WITH_TOKEN = sql.SQL("""
INSERT INTO ledger.sessions (digest, credential_id, expires_at, ends_at)
SELECT %(digest)s, id, clock_timestamp() + %(idle)s, clock_timestamp() + %(absolute)s
FROM ledger.credentials WHERE digest = %(token)s AND {is_good}
RETURNING credential_id
""").format(is_good=credentials.IS_GOOD)

_OPEN_WITH_ACTOR = """
WITH ends AS MATERIALIZED (SELECT least(clock_timestamp() + %(absolute)s, %(until)s) AS at)
INSERT INTO ledger.sessions (digest, subject_id, role, organisation_id, expires_at, ends_at)
SELECT %(digest)s, %(subject)s, %(role)s, %(organisation)s, least(clock_timestamp() + %(idle)s, at), at FROM ends
"""

_FIND = sql.SQL("""
SELECT coalesce(credentials.id, subjects.id) AS id,
       coalesce(credentials.role, sessions.role) AS role,
       coalesce(credentials.organisation_id, sessions.organisation_id) AS organisation,
       credentials.scopes,
       sessions.expires_at < least(sessions.ends_at, clock_timestamp() + %(idle)s - %(noted_every)s) AS unextended,
       credentials.id IS NOT NULL AND {is_unnoted} AS unnoted
FROM ledger.sessions
LEFT JOIN ledger.credentials ON credentials.id = sessions.credential_id AND {is_good}
LEFT JOIN ledger.subjects ON subjects.id = sessions.subject_id
WHERE sessions.digest = %(digest)s AND sessions.expires_at > clock_timestamp()
      AND num_nonnulls(credentials.id, subjects.id) = 1
""").format(is_good=credentials.IS_GOOD, is_unnoted=credentials.IS_UNNOTED)

# Of many requests at once one does it, and nobody waits for that.
_EXTEND = """
UPDATE ledger.sessions SET expires_at = least(ends_at, clock_timestamp() + %(idle)s)
WHERE digest = (SELECT digest FROM ledger.sessions WHERE digest = %(digest)s FOR UPDATE SKIP LOCKED)
"""

_CLOSE = "DELETE FROM ledger.sessions WHERE digest = %s"

_CLOSE_ALL = "DELETE FROM ledger.sessions WHERE credential_id = %(id)s OR subject_id = %(id)s"


class Sessions:
    """The table of sessions. All of it is the primary's: on a replica a session that was closed would live on."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def open_with_token(self, token: str) -> str | None:
        """The secret of a new session that is worth what this token of ours is; None where the token is not good."""
        secret = secrets.token_urlsafe(32)
        values = {"digest": _digest(secret), "token": _digest(token), **_LIMITS}
        with self._pool.connection() as connection:
            opened = connection.execute(_OPEN_WITH_TOKEN, values).fetchone()
            if opened is None:
                return None
            credentials.note_use(connection, opened["credential_id"])
            remove_some(connection, "sessions")
        return secret

    def open_with_actor(self, actor: Actor, until: datetime | None = None) -> str:
        """The secret of a new session of somebody who signed in at the issuer, which ends at `until` at the latest.

        It is good while `actor.credential` is the id of somebody who signed in and was not erased (`Subjects`). Raises
        ValueError for an actor that has none.
        """
        if actor.credential is None or actor.role is Role.PUBLIC:
            raise ValueError("an actor without a role or an id cannot be signed in")
        secret = secrets.token_urlsafe(32)
        values = {
            "digest": _digest(secret),
            "subject": actor.credential,
            "role": actor.role,
            "organisation": actor.organisation,
            "until": until,
            **_LIMITS,
        }
        with self._pool.connection() as connection:
            connection.execute(_OPEN_WITH_ACTOR, values)
            remove_some(connection, "sessions")
        return secret

    def find(self, secret: str) -> Principal | None:
        """Who is signed in with this session, which is used by that; None where it is over or never was."""
        if not _FORM.fullmatch(secret):
            return None
        digest = _digest(secret)
        with self._pool.connection() as connection:
            row = connection.execute(_FIND, {"digest": digest, **_LIMITS}).fetchone()
            if row is None:
                return None
            if row["unextended"]:
                _extend(connection, digest)
            if row["unnoted"]:
                credentials.note_use(connection, row["id"])
        return _principal(row)

    def close(self, secret: str) -> None:
        """End a session; harmless where there is none."""
        with self._pool.connection() as connection:
            connection.execute(_CLOSE, (_digest(secret),))

    def close_all_of(self, credential: UUID) -> int:
        """End every session of a token, or of somebody who signed in at the issuer, by its id; how many there were."""
        with self._pool.connection() as connection:
            return connection.execute(_CLOSE_ALL, {"id": credential}).rowcount


def _extend(connection: Connection[DictRow], digest: bytes) -> None:
    """Let the idle limit begin anew; whoever uses the session is served all the same where that cannot be."""
    try:
        connection.execute(_EXTEND, {"digest": digest, **_LIMITS})
    except psycopg.Error as fault:
        _log.warning("the use of a session was not noted: %s", fault)


def _principal(row: dict[str, Any]) -> Principal:
    actor = Actor(role=Role(row["role"]), organisation=row["organisation"], credential=row["id"])
    scopes = row["scopes"]
    return Principal(actor=actor, scopes=None if scopes is None else frozenset(map(Permission, scopes)))


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()

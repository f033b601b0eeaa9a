"""Opaque ids for those who sign in at an issuer: what the ledger may know of a person."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import psycopg
import structlog
from psycopg.rows import DictRow, class_row

from infrastructure.database import Pool

REMEMBERED_SECONDS: Final = 60.0
"""For so long a process takes an id as known, also one that another process has erased."""

MOST_REMEMBERED: Final = 10_000

log = structlog.get_logger("p2c.oidc")

_FIND = "SELECT id FROM ledger.subjects WHERE issuer = %s AND subject = %s"

_ADD = """
INSERT INTO ledger.subjects (issuer, subject) VALUES (%s, %s)
ON CONFLICT (issuer, subject) DO UPDATE SET last_used_at = excluded.last_used_at
RETURNING id
"""

_USED = """
UPDATE ledger.subjects SET last_used_at = clock_timestamp()
WHERE id = %s AND last_used_at < clock_timestamp() - %s * interval '1 second'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Somebody who signed in, by the issuer's name for them."""

    id: UUID
    issuer: str
    subject: str
    first_seen_at: datetime
    last_used_at: datetime


class _Remembered(NamedTuple):
    id: UUID
    until: float


class Subjects:
    """The table that tells who is behind an id. Without its row an id says nothing about anybody."""

    def __init__(self, pool: Pool, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._clock = clock
        self._remembered: dict[tuple[str, str], _Remembered] = {}

    def id_of(self, issuer: str, subject: str) -> UUID:
        """The id of a subject, drawn at random when it is first seen."""
        now = self._clock()
        remembered = self._remembered.get((issuer, subject))
        if remembered and now < remembered.until:
            return remembered.id
        id = self._recorded(issuer, subject)
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[issuer, subject] = _Remembered(id, now + REMEMBERED_SECONDS)
        return id

    def seen(self) -> Sequence[Subject]:
        """Everybody who ever signed in and was not erased, the latest first."""
        with self._pool.connection() as connection, connection.cursor(row_factory=class_row(Subject)) as cursor:
            return cursor.execute(
                "SELECT id, issuer, subject, first_seen_at, last_used_at FROM ledger.subjects"
                " ORDER BY last_used_at DESC, id"
            ).fetchall()

    def erase(self, id: UUID) -> bool:
        """Forget for good who is behind an id; whether anybody was. Who signs in again gets another one."""
        with self._pool.connection() as connection:
            erased = connection.execute("DELETE FROM ledger.subjects WHERE id = %s", (id,)).rowcount == 1
        self._remembered.clear()
        return erased

    def _recorded(self, issuer: str, subject: str) -> UUID:
        with self._pool.connection() as connection:
            if found := connection.execute(_FIND, (issuer, subject)).fetchone():
                self._note_use(connection, found["id"])
            else:
                found = connection.execute(_ADD, (issuer, subject)).fetchone()
        if found is None:
            raise LookupError("the new subject cannot be read back")
        return UUID(str(found["id"]))

    def _note_use(self, connection: psycopg.Connection[DictRow], id: UUID) -> None:
        try:
            connection.execute(_USED, (id, REMEMBERED_SECONDS))
        except psycopg.Error as fault:
            log.warning("the last use of a subject cannot be noted", id=str(id), reason=str(fault).strip())

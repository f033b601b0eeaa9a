"""The checkpoints of the ledger, as they are stored: every one that was signed, and the keys that signed them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString
from uuid import UUID

from psycopg import Connection, sql
from psycopg.rows import DictRow

from audit.checkpoint import SignedCheckpoint
from audit.signed_note import SigningKey, VerifierKey
from infrastructure.database import Pool

_SELECT = sql.SQL("SELECT size, note, signed_at FROM ledger.checkpoints ")

_UNSIGNED_FOR = """
SELECT clock_timestamp() - recorded_at AS waited FROM ledger.events
WHERE notification_id > (SELECT coalesce(max(size), 0) FROM ledger.checkpoints) ORDER BY notification_id LIMIT 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCheckpoint:
    """A checkpoint with its note as it was signed, and when that was."""

    size: int
    note: bytes
    signed_at: datetime

    @property
    def signed(self) -> SignedCheckpoint:
        """What the note says. Raises MalformedNote for one that nobody of us wrote."""
        return SignedCheckpoint.parse(self.note)


class Checkpoints:
    """Reads checkpoints and keys. Nothing here can change one."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def latest(self) -> StoredCheckpoint | None:
        """The one of the largest tree; None while nothing was signed."""
        return next(iter(self.newest(1)), None)

    def newest(self, limit: int, *, below: int | None = None) -> Sequence[StoredCheckpoint]:
        """The latest ones, the largest tree first; those of trees smaller than `below`, if that is given."""
        return self._read("WHERE size < %s ORDER BY size DESC LIMIT %s", 2**62 if below is None else below, limit)

    def of_size(self, size: int) -> StoredCheckpoint | None:
        """The one of the tree of this size; None where none was signed."""
        return next(iter(self._read("WHERE size = %s", size)), None)

    def covering(self, position: int) -> StoredCheckpoint | None:
        """The first one of a tree with the entry at a position in it; None while it was not signed."""
        return next(iter(self._read("WHERE size >= %s ORDER BY size LIMIT 1", position)), None)

    def all(self, up_to: int) -> Sequence[StoredCheckpoint]:
        """All of trees up to a size, the smallest first."""
        return self._read("WHERE size <= %s ORDER BY size", up_to)

    def unsigned_for(self) -> timedelta:
        """For how long the first entry has waited that no checkpoint has; no time, where all are signed."""
        with self._pool.connection() as connection:
            row = connection.execute(_UNSIGNED_FOR).fetchone()
        waited: timedelta | None = row["waited"] if row else None
        return waited or timedelta(0)

    def verifier_keys(self) -> tuple[VerifierKey, ...]:
        """The public keys that ever signed this ledger, the first one first."""
        with self._pool.connection() as connection:
            return stored_keys(connection)

    def ledger_id(self) -> UUID:
        """Which ledger this is."""
        with self._pool.connection() as connection:
            row = connection.execute("SELECT id FROM ledger.identity").fetchone()
        if row is None:
            raise LookupError("the ledger has no identity")
        id: UUID = row["id"]
        return id

    def _read(self, condition: LiteralString, *values: int) -> Sequence[StoredCheckpoint]:
        with self._pool.connection() as connection:
            rows = connection.execute(_SELECT + sql.SQL(condition), values)
            return [
                StoredCheckpoint(size=row["size"], note=bytes(row["note"]), signed_at=row["signed_at"]) for row in rows
            ]


def stored_keys(connection: Connection[DictRow]) -> tuple[VerifierKey, ...]:
    """The public keys that ever signed this ledger, the first one first."""
    rows = connection.execute("SELECT verifier FROM ledger.signing_keys ORDER BY added_at, verifier").fetchall()
    return tuple(VerifierKey.parse(row["verifier"]) for row in rows)


def add_keys(connection: Connection[DictRow], keys: Sequence[SigningKey]) -> None:
    """Let everybody know the public keys of those that sign."""
    for key in keys:
        connection.execute(
            "INSERT INTO ledger.signing_keys (verifier) VALUES (%s) ON CONFLICT DO NOTHING", (str(key.verifier),)
        )


def add(connection: Connection[DictRow], signed: SignedCheckpoint) -> None:
    """Publish a checkpoint; one of the same size that is there already stays."""
    connection.execute(
        "INSERT INTO ledger.checkpoints (size, note) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        (signed.checkpoint.size, bytes(signed)),
    )

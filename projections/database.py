"""What read models share of PostgreSQL: the pool, the locks, and reading while tables are being exchanged."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import LiteralString

from psycopg import Connection, errors, sql
from psycopg.rows import DictRow
from psycopg_pool import ConnectionPool

Pool = ConnectionPool[Connection[DictRow]]
"""A pool of connections in autocommit mode, rows as dictionaries."""

ELECTION_LOCK = 0x50324311
"""Held by the one runner that applies events, as long as its session lives. The numbers are arbitrary and fixed."""

CREATION_LOCK = 0x50324312
"""Held while missing tables are created."""

REBUILD_LOCKS = 0x50324313
"""The class of the locks, one for each read model, held by the one session that rebuilds it."""


def lock_number(name: str) -> int:
    """The number of a read model inside a class of locks."""
    return zlib.crc32(name.encode()) & 0x7FFF_FFFF


def rows(pool: Pool, query: LiteralString | sql.Composed, values: Mapping[str, object]) -> list[DictRow]:
    """What a single statement reads.

    A statement that meets tables of another version, or finds none, was overtaken by a rebuild: the second try
    sees the new tables.
    """
    with pool.connection() as connection:
        try:
            return connection.execute(query, values).fetchall()
        except (errors.UndefinedTable, errors.FeatureNotSupported):
            return connection.execute(query, values, prepare=False).fetchall()


def can_be_stored(text: str) -> bool:
    """Whether PostgreSQL can hold the text; what it cannot hold is nowhere to be found."""
    return not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text)

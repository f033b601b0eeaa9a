"""What read models share of PostgreSQL: the pool, the locks, and reading while tables are being exchanged."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import LiteralString, Protocol

from psycopg import Connection, errors, sql
from psycopg.rows import DictRow
from psycopg_pool import ConnectionPool

Pool = ConnectionPool[Connection[DictRow]]
"""A pool of connections in autocommit mode, rows as dictionaries."""


class BeingBuilt(Exception):
    """The tables of a read model are of an older version and lack what was asked for; the new ones are being built."""


Query = LiteralString | sql.Composed | bytes
"""A statement; one of bytes is composed once, where it is asked often."""


class Reads(Protocol):
    """Some server, or one of several, that carries out statements that only read."""

    def rows(self, query: Query, values: Mapping[str, object], *, binary: bool = False) -> list[DictRow]:
        """What a single statement reads. Raises psycopg.Error."""


Source = Pool | Connection[DictRow] | Reads
"""Where a statement that only reads is carried out."""

ELECTION_LOCK = 0x50324311
"""Held by the one runner that applies events, as long as its session lives. The numbers are arbitrary and fixed."""

CREATION_LOCK = 0x50324312
"""Held while missing tables are created."""

REBUILD_LOCKS = 0x50324313
"""The class of the locks, one for each read model, held by the one session that rebuilds it."""


def lock_number(name: str) -> int:
    """The number of a read model inside a class of locks."""
    return zlib.crc32(name.encode()) & 0x7FFF_FFFF


def rows(source: Source, query: Query, values: Mapping[str, object], *, binary: bool = False) -> list[DictRow]:
    """What a single statement reads.

    A statement that meets tables of another version, or finds none, was overtaken by a rebuild: the second try
    sees the new tables. Raises BeingBuilt where there are still those of an older version, which cannot answer it.
    """
    if isinstance(source, ConnectionPool):
        with source.connection() as connection:
            return rows(connection, query, values, binary=binary)
    if not isinstance(source, Connection):
        return source.rows(query, values, binary=binary)
    try:
        return source.execute(query, values, binary=binary).fetchall()
    except (errors.UndefinedTable, errors.UndefinedColumn, errors.FeatureNotSupported):
        try:
            return source.execute(query, values, prepare=False, binary=binary).fetchall()
        except (errors.UndefinedTable, errors.UndefinedColumn) as older:
            raise BeingBuilt(str(older).partition("\n")[0]) from older


def can_be_stored(text: str) -> bool:
    """Whether PostgreSQL can hold the text; what it cannot hold is nowhere to be found."""
    return not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text)

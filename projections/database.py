"""What read models share of PostgreSQL: the pool, the locks, and reading while tables are being exchanged."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, LiteralString, Protocol, TypeVar

from psycopg import Connection, errors, sql
from psycopg.rows import DictRow, tuple_row
from psycopg_pool import ConnectionPool

from projections.collecting import seldom_collected

Pool = ConnectionPool[Connection[DictRow]]
"""A pool of connections in autocommit mode, rows as dictionaries."""


class BeingBuilt(Exception):
    """The tables of a read model are of an older version and lack what was asked for; the new ones are being built."""


Query = LiteralString | sql.Composed | bytes
"""A statement; one of bytes is composed once, where it is asked often."""


Taken = TypeVar("Taken")
Take = Callable[[Iterator[tuple[Any, ...]]], Taken]
"""Makes something of rows. It is called again, from the first row on, where a statement has to be tried again."""


class Reads(Protocol):
    """Some server, or one of several, that carries out statements that only read."""

    def rows(self, query: Query, values: Mapping[str, object], *, binary: bool = False) -> list[DictRow]:
        """What a single statement reads. Raises psycopg.Error."""

    def streamed(self, query: Query, values: Mapping[str, object], take: Take[Taken], *, at_once: int = ...) -> Taken:
        """What is made of the rows of a single statement as they come. Raises psycopg.Error, and what `take` raises."""


Source = Pool | Connection[DictRow] | Reads
"""Where a statement that only reads is carried out."""

ROWS_AT_ONCE = 256
"""So many rows come from the database together where they are worked on while it reads the next ones."""

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

    def read(*, prepare: bool | None = None) -> list[DictRow]:
        return source.execute(query, values, prepare=prepare, binary=binary).fetchall()

    return _past_an_exchange(read, partial(read, prepare=False))


def streamed(
    source: Source, query: Query, values: Mapping[str, object], take: Take[Taken], *, at_once: int = ROWS_AT_ONCE
) -> Taken:
    """What is made of the rows of a single statement, in binary form, while the database reads the next ones.

    They come `at_once`: fewer where each is large. `take` has to be quick, since the statement stays open for as long
    as it works. Raises what `rows` and `take` raise.
    """
    if isinstance(source, ConnectionPool):
        with source.connection() as connection:
            return streamed(connection, query, values, take, at_once=at_once)
    if not isinstance(source, Connection):
        return source.streamed(query, values, take, at_once=at_once)
    read = partial(_streamed, source, query, values, take, at_once)
    return _past_an_exchange(read, read)


def _streamed(
    connection: Connection[DictRow], query: Query, values: Mapping[str, object], take: Take[Taken], at_once: int
) -> Taken:
    with seldom_collected(), connection.cursor(row_factory=tuple_row) as cursor:
        coming = cursor.stream(query, values, binary=True, size=at_once)
        try:
            return take(coming)
        finally:
            # The driver would cancel the statement otherwise, and with it the transaction that this may be part of.
            for _ in coming:
                pass


def _past_an_exchange(read: Callable[[], Taken], again: Callable[[], Taken]) -> Taken:
    try:
        return read()
    except (errors.UndefinedTable, errors.UndefinedColumn, errors.FeatureNotSupported):
        try:
            return again()
        except (errors.UndefinedTable, errors.UndefinedColumn) as older:
            raise BeingBuilt(str(older).partition("\n")[0]) from older


def can_be_stored(text: str) -> bool:
    """Whether PostgreSQL can hold the text; what it cannot hold is nowhere to be found."""
    return not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text)

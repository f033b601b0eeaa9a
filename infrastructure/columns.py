"""Columns of many rows, sent as PostgreSQL's own arrays, each written at once.

The driver's own arrays are written a value at a time, which costs a process more than the rows cost the database.
"""

from __future__ import annotations

import struct
from typing import Any
from uuid import UUID

from psycopg.abc import AdaptContext
from psycopg.adapt import Dumper
from psycopg.postgres import types
from psycopg.pq import Format

_HEADER = struct.Struct(">iiIii")
_EMPTY = struct.Struct(">iiI")
_LENGTH = struct.Struct(">i").pack


class Uuids(list[UUID]):
    """A column of type `uuid`."""


class Bigints(list[int]):
    """A column of type `bigint`."""


class Texts(list[str]):
    """A column of type `text`."""


class Byteas(list[bytes]):
    """A column of type `bytea`."""


def register(connection: AdaptContext) -> None:
    """Let the connection send columns like that; without it they are sent as the driver's own arrays."""
    for column, dumper in _DUMPERS.items():
        connection.adapters.register_dumper(column, dumper)


class _ColumnDumper(Dumper):
    """An array of one dimension without nulls: a header, then each value after its length."""

    format = Format.BINARY
    element_oid: int

    def dump(self, obj: Any) -> bytes:
        if not obj:
            return _EMPTY.pack(0, 0, self.element_oid)
        return _HEADER.pack(1, 0, self.element_oid, len(obj), 1) + self.values(obj)

    def values(self, column: Any) -> bytes:
        """The values, each after its length."""
        raise NotImplementedError


class _UuidsDumper(_ColumnDumper):
    oid, element_oid = types["uuid"].array_oid, types["uuid"].oid

    def values(self, column: Uuids) -> bytes:
        length = _LENGTH(16)
        return length + length.join([value.bytes for value in column])


class _BigintsDumper(_ColumnDumper):
    oid, element_oid = types["int8"].array_oid, types["int8"].oid

    def values(self, column: Bigints) -> bytes:
        return b"".join([_BIGINT(8, value) for value in column])


class _ByteasDumper(_ColumnDumper):
    oid, element_oid = types["bytea"].array_oid, types["bytea"].oid

    def values(self, column: Byteas) -> bytes:
        return b"".join([part for value in column for part in (_LENGTH(len(value)), value)])


class _TextsDumper(_ByteasDumper):
    oid, element_oid = types["text"].array_oid, types["text"].oid

    def values(self, column: Any) -> bytes:
        return super().values(Byteas(text.encode() for text in column))


_BIGINT = struct.Struct(">iq").pack

_DUMPERS = {Uuids: _UuidsDumper, Bigints: _BigintsDumper, Texts: _TextsDumper, Byteas: _ByteasDumper}

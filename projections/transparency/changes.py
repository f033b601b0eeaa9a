"""What entries change in the tree: their hashes come to it, in order, and 256 of them are sealed in one row."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from psycopg import Cursor
from psycopg.rows import DictRow

from audit.envelope import Entry
from audit.tiles import WIDTH, grown
from projections.read_model import ReadModel

VERSION = 2


class LedgerBroken(Exception):
    """The ledger lacks an entry, so that it cannot be the tree it should be; the message names the position."""


_LEAF_HASHES = """
SELECT notification_id AS position, sha256('\\x00'::bytea || state) AS hash FROM ledger.events
WHERE notification_id BETWEEN %s AND %s ORDER BY notification_id
"""

_STORE = """
INSERT INTO tiles SELECT * FROM unnest(%s::smallint[], %s::bigint[], %s::bytea[])
ON CONFLICT (level, index) DO UPDATE SET hashes = excluded.hashes
"""


_SEAL = """
INSERT INTO bundles
SELECT (notification_id - 1) / 256,
       string_agg(substring(int4send(octet_length(state)) FROM 3) || state, ''::bytea ORDER BY notification_id)
FROM ledger.events WHERE notification_id > %(first)s AND notification_id <= %(last)s GROUP BY 1
"""


def apply(cursor: Cursor[DictRow], entries: Sequence[Entry]) -> None:
    """Add the entries to the tree, by the bytes that are stored. Raises LedgerBroken."""
    grow(cursor, entries[-1].position)


def grow(cursor: Cursor[DictRow], position: int) -> None:
    """Add the entries up to a position. Raises LedgerBroken."""
    size = _size(cursor)
    hashes = _leaf_hashes(cursor, size + 1, position)
    changed = grown(partial(_stored, cursor), size, hashes)
    keys = sorted(changed)
    cursor.execute(_STORE, ([level for level, _ in keys], [index for _, index in keys], [changed[key] for key in keys]))
    sealed, full = size - size % WIDTH, position - position % WIDTH
    if full > sealed:
        cursor.execute(_SEAL, {"first": sealed, "last": full})


def _size(cursor: Cursor[DictRow]) -> int:
    row = cursor.execute("SELECT position FROM tracking").fetchone()
    return int(row["position"]) if row else 0


def _leaf_hashes(cursor: Cursor[DictRow], first: int, last: int) -> list[bytes]:
    """Hashed by the database: the bytes need not come here."""
    rows = cursor.execute(_LEAF_HASHES, (first, last), binary=True).fetchall()
    expected = range(first, last + 1)
    if len(rows) != len(expected):
        there = {row["position"] for row in rows}
        raise LedgerBroken(f"the ledger has no entry at position {next(p for p in expected if p not in there)}")
    return [bytes(row["hash"]) for row in rows]


def _stored(cursor: Cursor[DictRow], level: int, index: int) -> bytes:
    row = cursor.execute(
        "SELECT hashes FROM tiles WHERE level = %s AND index = %s", (level, index), binary=True
    ).fetchone()
    return bytes(row["hashes"]) if row else b""


TRANSPARENCY = ReadModel.of_package("projections.transparency", version=VERSION, apply=apply, positions=grow)

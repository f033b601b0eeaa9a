"""Rows that are over are taken away by whoever adds one, some at a time: no thread is needed for it."""

from __future__ import annotations

import logging

import psycopg
from psycopg import Connection, sql
from psycopg.rows import DictRow

MOST_AT_ONCE = 100
"""More than come, so that none are left over, and few enough that whoever adds one does not notice."""

_log = logging.getLogger(__name__)

# `now()`, since the index is of no use to a clock that goes on while it is read.
_REMOVE = sql.SQL("""
DELETE FROM {table} WHERE digest IN (
    SELECT digest FROM {table} WHERE expires_at <= now() ORDER BY expires_at LIMIT %s FOR UPDATE SKIP LOCKED
)
""")


def remove_some(connection: Connection[DictRow], table: str) -> None:
    """Take away rows of a table of the ledger that are over; where that cannot be, the next one does it."""
    try:
        connection.execute(_REMOVE.format(table=sql.Identifier("ledger", table)), (MOST_AT_ONCE,))
    except psycopg.Error as fault:
        _log.warning("what is over in %s was not taken away: %s", table, fault)

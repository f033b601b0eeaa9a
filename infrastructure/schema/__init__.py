"""The database schema of the ledger: numbered files, applied once each, in order.

Applying is explicit (`apply`), safe to repeat and safe to run from several processes at once: it takes a lock,
since PostgreSQL itself fails with "tuple concurrently updated" where two sessions create the same thing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import tuple_row

from infrastructure import roles
from infrastructure.database import CONNECT_TIMEOUT_SECONDS
from infrastructure.locks import SCHEMA_LOCK


@dataclass(frozen=True, slots=True)
class Step:
    """One numbered file of the schema."""

    number: int
    name: str
    sql: str


class SchemaTooNew(Exception):
    """The database was made by a newer version of the service than this one."""


def steps() -> Sequence[Step]:
    """All steps of this version, in order."""
    files = sorted(f.name for f in resources.files(__name__).iterdir() if f.name.endswith(".sql"))
    return [
        Step(int(name[:4]), name.removesuffix(".sql"), resources.files(__name__).joinpath(name).read_text("utf-8"))
        for name in files
    ]


def apply(conninfo: str) -> Sequence[Step]:
    """Bring the database to this version's schema; the steps that were missing. Raises SchemaTooNew.

    Divides the rights between owner and service too, where this user may.
    """
    with _connect(conninfo) as connection:
        if not pending_on(connection) and roles.in_force(connection):
            return []
        return _apply(connection)


def _apply(connection: psycopg.Connection[Any]) -> Sequence[Step]:
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (SCHEMA_LOCK,))
        if not _is_begun(connection):
            # IF NOT EXISTS, since PostgreSQL may remember from before the lock that there was none.
            connection.execute(
                "CREATE TABLE IF NOT EXISTS public.p2c_schema (number integer PRIMARY KEY, name text NOT NULL,"
                " applied_at timestamptz NOT NULL DEFAULT clock_timestamp())"
            )
        missing = _missing(connection)
        for step in missing:
            connection.execute(step.sql.encode())
            connection.execute("INSERT INTO public.p2c_schema (number, name) VALUES (%s, %s)", (step.number, step.name))
        roles.put_in_force(connection)
        return missing


def pending(conninfo: str) -> Sequence[Step]:
    """The steps the database lacks; nothing is changed. Raises SchemaTooNew."""
    with _connect(conninfo) as connection:
        return pending_on(connection)


def pending_on(connection: psycopg.Connection[Any]) -> Sequence[Step]:
    """The steps that the database of an open connection lacks. Raises SchemaTooNew."""
    return _missing(connection) if _is_begun(connection) else steps()


def service_role(conninfo: str) -> str | None:
    """The role as which the service works on this database; None where it can only be whoever logs in."""
    with _connect(conninfo) as connection:
        return roles.SERVICE if roles.in_force(connection) else None


def _is_begun(connection: psycopg.Connection[Any]) -> bool:
    with connection.cursor(row_factory=tuple_row) as cursor:
        exists = cursor.execute("SELECT to_regclass('public.p2c_schema')").fetchone()
    return bool(exists and exists[0])


def _connect(conninfo: str) -> psycopg.Connection:
    return psycopg.connect(make_conninfo(conninfo, connect_timeout=CONNECT_TIMEOUT_SECONDS), autocommit=True)


def _missing(connection: psycopg.Connection[Any]) -> Sequence[Step]:
    with connection.cursor(row_factory=tuple_row) as cursor:
        applied = {row[0] for row in cursor.execute("SELECT number FROM public.p2c_schema")}
    known = steps()
    if unknown := applied - {step.number for step in known}:
        raise SchemaTooNew(
            f"the database has schema step {max(unknown)}, which this version does not know; "
            "run the newer version of the service, or use another database"
        )
    return [step for step in known if step.number not in applied]

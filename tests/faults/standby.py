"""A primary and a standby that streams from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from tests.postgres_server import USER, PostgresServer


@contextmanager
def primary_and_standby(folder: Path) -> Iterator[tuple[PostgresServer, PostgresServer]]:
    """Both, running, in folders of this one."""
    with (
        PostgresServer.create(folder / "primary") as primary,
        primary.base_backup(folder / "standby", "--write-recovery-conf") as standby,
    ):
        yield primary, standby


def acknowledge_only_what_the_standby_has(primary: PostgresServer) -> None:
    """Let no commit return before the standby has it on its disk."""
    with psycopg.connect(primary.conninfo, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        connection.execute("SELECT pg_reload_conf()")


def whichever_writes(*servers: PostgresServer) -> str:
    """The address of the one among them that is the primary."""
    hosts = ",".join(f"127.0.0.1:{server.port}" for server in servers)
    return f"postgresql://{USER}@{hosts}/postgres?target_session_attrs=read-write"


def ask(server: PostgresServer, query: str) -> object:
    """The one value that a superuser is answered with."""
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        row = connection.execute(sql.SQL(query)).fetchone()
    return row[0] if row else None

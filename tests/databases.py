"""Databases of the tests' server: ones that nobody has used, and copies of ledgers that are made once a run.

The schema takes a processor a tenth of a second to make and the sample more than a second, a copy a fiftieth.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from application.sample.loading import load_sample
from infrastructure import roles
from infrastructure.bootstrap import Service, open_on
from infrastructure.embedded_postgres import EmbeddedPostgres

ROLES = (sql.Identifier(roles.OWNER), sql.Identifier(roles.SERVICE))


@contextmanager
def new_database(postgres: EmbeddedPostgres) -> Iterator[str]:
    """Connection string of a database nobody has used, without the schema; dropped afterwards, as all of these are."""
    with _database(postgres, "template1") as conninfo:
        yield conninfo


@contextmanager
def new_ledger(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The same of one with the schema and its read models, in which nothing is recorded."""
    with _copy(postgres, _made_once(postgres, "empty_ledger", lambda service: None)) as conninfo:
        yield conninfo


@contextmanager
def new_sample(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The same of one with the sample portfolio, which all read models have caught up with."""
    with _copy(postgres, _made_once(postgres, "sample", _record_the_sample)) as conninfo:
        yield conninfo


def _record_the_sample(service: Service) -> None:
    load_sample(service.ledger, service.commands)
    service.projections.catch_up()


@contextmanager
def _copy(postgres: EmbeddedPostgres, ledger: str) -> Iterator[str]:
    """A copy that is a ledger of its own, in which the service may do what it may in the original."""
    with _database(postgres, ledger) as conninfo:
        with psycopg.connect(conninfo) as superuser:
            superuser.execute("SET session_replication_role = replica")
            superuser.execute("UPDATE ledger.identity SET id = DEFAULT")
            # The only right that is not in the database, but of it.
            name = sql.Identifier(superuser.info.dbname)
            superuser.execute(sql.SQL("GRANT CREATE ON DATABASE {} TO {}, {}").format(name, *ROLES))
        yield conninfo


@contextmanager
def _database(postgres: EmbeddedPostgres, template: str) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgres.conninfo, autocommit=True) as connection:
        # By way of PostgreSQL's log of changes, as is its default: to copy files it would first write to the disk
        # what all tests have changed, which where there is no room in memory takes a second.
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
        try:
            yield make_conninfo(postgres.conninfo, dbname=name)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _made_once(postgres: EmbeddedPostgres, name: str, record: Callable[[Service], None]) -> str:
    """The name of a database to copy; the worker that needs it first makes it, and others wait for that."""
    unfinished = f"{name}_unfinished"
    with psycopg.connect(postgres.conninfo, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtext(%s))", (name,))
        if connection.execute("SELECT FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(unfinished)))
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(unfinished)))
            with open_on(make_conninfo(postgres.conninfo, dbname=unfinished)) as service:
                record(service)
            connection.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(unfinished), sql.Identifier(name))
            )
    return name

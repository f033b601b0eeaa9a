"""Who may do what in the database: one role owns the ledger, another one works with it and cannot change it.

`p2c_owner` owns the tables and their triggers, and nobody logs in as it. `p2c_service` reads, and adds to what is only
added to. The service works as the latter, whoever it logs in as. So neither a fault in it nor a statement slipped into
it can change or remove an entry, and the trigger stops the owner, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any, LiteralString

import psycopg
from psycopg import errors, sql
from psycopg.rows import tuple_row

from projections.catalogue import READ_MODELS

OWNER, SERVICE = "p2c_owner", "p2c_service"

ADDED_TO = ("events", "commands", "snapshots", "checkpoints", "signing_keys")
"""Tables of the ledger that the service adds to, and never changes."""

WEBHOOKS = ("webhooks", "webhook_deliveries")
SIGNING_IN = ("sessions", "sign_ins")

CHANGED = ("reference_numbers", "exchange_rates", "credentials", "contacts", "subjects", *SIGNING_IN, *WEBHOOKS)
"""Tables beside the ledger in which the service also changes rows."""

ERASABLE = ("contacts", "subjects", *SIGNING_IN, *WEBHOOKS)
"""Tables of personal data, of what is over some day and of what is delivered: the service also removes rows."""

_BUILT = [f"{model.name}{kind}" for model in READ_MODELS for kind in ("", "_rebuild", "_retired")]

_IN_FORCE = """
SELECT count(*) = 1 AS in_force
FROM pg_catalog.pg_namespace JOIN pg_catalog.pg_roles AS owner ON owner.oid = nspowner
WHERE nspname = 'ledger' AND owner.rolname = %s
      AND EXISTS (SELECT FROM pg_catalog.pg_roles AS service
                  WHERE rolname = %s AND pg_has_role(current_user, service.oid, 'MEMBER'))
"""

_RELATIONS = """
SELECT relname FROM pg_catalog.pg_class
WHERE relnamespace = %s::regnamespace AND relkind = 'r' AND relowner <> %s::regrole
"""

_FUNCTIONS = """
SELECT pg_proc.oid::regprocedure::text FROM pg_catalog.pg_proc
WHERE pronamespace = %s::regnamespace AND proowner <> %s::regrole
"""


def in_force(connection: psycopg.Connection[Any]) -> bool:
    """Whether the ledger belongs to its owner, and whoever is logged in here may work as the service."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(_IN_FORCE, (OWNER, SERVICE)).fetchone()
    return bool(row and row[0])


def put_in_force(connection: psycopg.Connection[Any]) -> bool:
    """Divide the rights in a database whose schema is complete, where this user may; whether they are divided.

    Inside a transaction. It can be repeated; new tables are divided too.
    """
    if not _may(connection):
        return False
    try:
        with connection.transaction():
            _make_roles(connection)
            _give_to_owner(connection)
            _grant(connection)
            _give_read_models(connection)
    except errors.InsufficientPrivilege:
        return False
    return True


def _may(connection: psycopg.Connection[Any]) -> bool:
    row = connection.execute(
        "SELECT rolsuper OR rolcreaterole FROM pg_catalog.pg_roles WHERE rolname = current_user"
    ).fetchone()
    return bool(row and row[0])


def _make_roles(connection: psycopg.Connection[Any]) -> None:
    for role in (OWNER, SERVICE):
        name = sql.Identifier(role)
        # They belong to the server: another database's ledger may have made them, or be making them now.
        with suppress(errors.DuplicateObject, errors.UniqueViolation), connection.transaction():
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(name))
        if not _is_member(connection, role):
            connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(name))
    database = connection.execute("SELECT current_database()").fetchone()
    assert database is not None, "every session has one"
    connection.execute(
        sql.SQL("GRANT CREATE ON DATABASE {} TO {}, {}").format(
            sql.Identifier(database[0]), sql.Identifier(OWNER), sql.Identifier(SERVICE)
        )
    )


def _is_member(connection: psycopg.Connection[Any], role: str) -> bool:
    row = connection.execute("SELECT pg_has_role(current_user, %s::name, 'MEMBER')", (role,)).fetchone()
    return bool(row and row[0])


def _give_to_owner(connection: psycopg.Connection[Any]) -> None:
    owner = sql.Identifier(OWNER)
    connection.execute(sql.SQL("ALTER SCHEMA ledger OWNER TO {}").format(owner))
    for name in _relations(connection, "ledger", OWNER):
        connection.execute(sql.SQL("ALTER TABLE {} OWNER TO {}").format(sql.Identifier("ledger", name), owner))
    for function in _functions(connection, "ledger", OWNER):
        connection.execute(sql.SQL("ALTER FUNCTION {} OWNER TO {}").format(sql.SQL(function), owner))


def _grant(connection: psycopg.Connection[Any]) -> None:
    service = sql.Identifier(SERVICE)
    connection.execute(sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA ledger FROM {}").format(service))
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA ledger TO {}").format(service))
    connection.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO {}").format(service))
    connection.execute(sql.SQL("GRANT SELECT ON public.p2c_schema TO {}").format(service))
    connection.execute(sql.SQL("GRANT INSERT ON {} TO {}").format(_tables(ADDED_TO), service))
    connection.execute(sql.SQL("GRANT INSERT, UPDATE ON {} TO {}").format(_tables(CHANGED), service))
    connection.execute(sql.SQL("GRANT DELETE ON {} TO {}").format(_tables(ERASABLE), service))


def _give_read_models(connection: psycopg.Connection[Any]) -> None:
    """Read models are the service's own: it makes, rebuilds and drops them."""
    service = sql.Identifier(SERVICE)
    rows = connection.execute("SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname = ANY(%s)", (_BUILT,))
    for (schema,) in rows.fetchall():
        connection.execute(sql.SQL("ALTER SCHEMA {} OWNER TO {}").format(sql.Identifier(schema), service))
        for name in _relations(connection, schema, SERVICE):
            connection.execute(sql.SQL("ALTER TABLE {} OWNER TO {}").format(sql.Identifier(schema, name), service))


def _relations(connection: psycopg.Connection[Any], schema: str, owner: str) -> list[str]:
    return [row[0] for row in connection.execute(_RELATIONS, (schema, owner)).fetchall()]


def _functions(connection: psycopg.Connection[Any], schema: str, owner: str) -> list[LiteralString]:
    """Each with its name and the types of its arguments, as the catalogue has them."""
    return [row[0] for row in connection.execute(_FUNCTIONS, (schema, owner)).fetchall()]


def _tables(names: Iterable[str]) -> sql.Composable:
    return sql.SQL(", ").join(sql.Identifier("ledger", name) for name in names)

"""The database itself keeps the service from changing the ledger, whatever statement it may be brought to send."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from infrastructure import roles, schema
from infrastructure.bootstrap import Service, open_on
from tests.projections.ledgers import append, registered

GUARDED = [*roles.ADDED_TO, "identity"]

every_guarded_table = pytest.mark.parametrize("table", GUARDED)
every_change = pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger.{0} SET {1} = {1}",
        "DELETE FROM ledger.{0}",
        "TRUNCATE ledger.{0} CASCADE",
    ],
)
COLUMN = {"identity": "id", "signing_keys": "added_at", "checkpoints": "signed_at"}


@pytest.fixture(scope="module")
def service(conninfo: str) -> Iterator[Service]:
    """On a database in which whatever is tried is refused, so that all tries can share it."""
    with open_on(conninfo) as service:
        yield service


@every_guarded_table
@every_change
def test_the_service_has_no_right_to_change_what_is_recorded(service: Service, table: str, change: str):
    with (
        service.pool.connection() as connection,
        pytest.raises(errors.InsufficientPrivilege, match="permission denied"),
    ):
        connection.execute(change.format(table, COLUMN.get(table, "recorded_at")).encode())


@every_guarded_table
@every_change
@pytest.mark.usefixtures("service")
def test_the_owner_and_a_superuser_are_stopped_by_the_trigger(conninfo: str, table: str, change: str):
    statement = change.format(table, COLUMN.get(table, "recorded_at")).encode()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for role in (roles.OWNER, "NONE"):
            connection.execute(f"SET ROLE {role}".encode())
            with pytest.raises(errors.InsufficientPrivilege, match="append-only"):
                connection.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE ledger.events DISABLE TRIGGER ALL",
        "DROP TRIGGER events_append_only ON ledger.events",
        "ALTER TABLE ledger.events ADD COLUMN note text",
        "DROP TABLE ledger.events CASCADE",
        "DROP SCHEMA ledger CASCADE",
        "CREATE OR REPLACE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE sql AS 'SELECT NULL'",
        "DROP FUNCTION ledger.append",
        "SET session_replication_role = replica",
        "INSERT INTO ledger.identity (only_row) VALUES (true)",
        "INSERT INTO public.p2c_schema (number, name) VALUES (99, 'mine')",
        "DELETE FROM ledger.credentials",
    ],
)
def test_the_service_cannot_take_the_guards_away(service: Service, statement: str):
    with service.pool.connection() as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(statement.encode())


@contextmanager
def login(conninfo: str, *, attributes: str, member_of: str | None = None) -> Iterator[str]:
    """A user of the server, for a while."""
    name = sql.Identifier(user := f"user_{uuid.uuid4().hex}")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN " + attributes).format(name))
        if member_of:
            connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(member_of), name))
        try:
            yield make_conninfo(conninfo, user=user)
        finally:
            connection.execute(sql.SQL("DROP OWNED BY {} CASCADE").format(name))
            connection.execute(sql.SQL("DROP ROLE {}").format(name))


def test_a_user_who_is_only_a_member_runs_the_whole_service(empty_database: str):
    schema.apply(empty_database)
    with login(empty_database, attributes="", member_of=roles.SERVICE) as member, open_on(member) as service:
        append(service, [[registered("Somebody")]])
        assert service.projections.catch_up() == 1
        service.projections.rebuild("organisations", lambda done, total: None)
        assert [row.organisation.name for row in service.organisations.page().items] == ["Somebody"]


def test_without_a_superuser_the_service_runs_and_the_triggers_guard_the_ledger(empty_database: str):
    with login(empty_database, attributes="") as owner:
        database = sql.Identifier(str(conninfo_to_dict(empty_database)["dbname"]))
        user = sql.Identifier(str(conninfo_to_dict(owner)["user"]))
        with psycopg.connect(empty_database, autocommit=True) as connection:
            connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(database, user))
        with open_on(owner) as service:
            assert schema.service_role(owner) is None
            append(service, [[registered("Somebody")]])
            assert service.projections.catch_up() == 1
            with service.pool.connection() as connection, pytest.raises(errors.InsufficientPrivilege, match="append"):
                connection.execute("DELETE FROM ledger.events")
        with open_on(empty_database) as service, service.pool.connection() as connection:
            assert schema.service_role(empty_database) == roles.SERVICE, "a superuser put it in force since"
            assert service.projections.catch_up() == 1
            with pytest.raises(errors.InsufficientPrivilege, match="permission denied"):
                connection.execute("DELETE FROM ledger.events")
        with psycopg.connect(empty_database, autocommit=True) as connection:
            connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO CURRENT_USER").format(database))


def test_a_user_who_may_make_roles_puts_them_in_force(empty_database: str):
    with login(empty_database, attributes="CREATEROLE", member_of=roles.SERVICE) as owner:
        with psycopg.connect(empty_database, autocommit=True) as connection:
            user = sql.Identifier(str(conninfo_to_dict(owner)["user"]))
            database = sql.Identifier(str(conninfo_to_dict(empty_database)["dbname"]))
            connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(database, user))
            connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(roles.OWNER), user))
        schema.apply(owner)
        assert schema.service_role(owner) == roles.SERVICE
        with psycopg.connect(empty_database, autocommit=True) as connection:
            connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO CURRENT_USER").format(database))


def test_dividing_the_rights_again_changes_nothing(empty_database: str):
    schema.apply(empty_database)
    with psycopg.connect(empty_database) as connection:
        assert roles.put_in_force(connection)
        assert roles.in_force(connection)

"""What a read model is: a name, the tables in its schema, and what entries of the ledger change in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Protocol

from psycopg import Connection, Cursor, sql
from psycopg.rows import DictRow

from audit.envelope import Entry
from projections import ledger_entries
from projections.database import CREATION_LOCK, Pool
from projections.histories import Builder

Apply = Callable[[Cursor[DictRow], Sequence[Entry]], None]
"""Change the tables by entries, each history in its order. Names are found in the read model's own schema."""


class Positions(Protocol):
    """What brings tables up to a position of the ledger. Names are found in the read model's own schema."""

    def __call__(self, cursor: Cursor[DictRow], position: int) -> None:
        """Change the tables, which are at the position that their tracking row says."""


NOT_BUILT = 0
"""The stored version of tables that were created empty and wait to be rebuilt."""

FOLLOWED_FROM_THE_START = 5_000
"""A ledger of at most this many entries is followed into new tables; for a longer one they are rebuilt."""

_TRACKING = """
CREATE TABLE tracking (
    only_row    boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    version     integer     NOT NULL,
    position    bigint      NOT NULL DEFAULT 0,
    recorded_at timestamptz,
    error       text
)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadModel:
    """A read model; `name` is the name of its schema too.

    `version` changes with the code or the tables, so that what an older version built is built again. `indexes`
    are only needed by readers and by `apply`, so that a rebuild makes them when the tables are filled. `builder` makes
    what makes its tables from whole histories, where that is faster than entry after entry; `positions` brings them up
    to a position by statements alone, where nothing of the entries need come here. Both give the very rows that `apply`
    gives.
    """

    name: str
    version: int
    tables: str
    indexes: str
    apply: Apply
    builder: Callable[[], Builder] | None = None
    positions: Positions | None = None

    @staticmethod
    def of_package(
        package: str,
        *,
        version: int,
        apply: Apply,
        builder: Callable[[], Builder] | None = None,
        positions: Positions | None = None,
    ) -> ReadModel:
        """The read model in this folder: tables in `schema.sql`, readers' indexes in `indexes.sql`."""
        folder = resources.files(package)
        return ReadModel(
            name=package.rpartition(".")[2],
            version=version,
            tables=folder.joinpath("schema.sql").read_text("utf-8"),
            indexes=folder.joinpath("indexes.sql").read_text("utf-8"),
            apply=apply,
            builder=builder,
            positions=positions,
        )

    @property
    def table_names(self) -> frozenset[str]:
        """The names of the tables, tracking included."""
        return frozenset({"tracking", *re.findall(r"^CREATE TABLE (\w+)", self.tables, re.MULTILINE)})


def create(connection: Connection[DictRow], model: ReadModel, schema: str, *, version: int) -> None:
    """Create the tables, empty and without the readers' indexes, in a schema that is new; inside a transaction."""
    connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
    enter(connection, schema)
    connection.execute(_TRACKING)
    connection.execute("INSERT INTO tracking (version) VALUES (%s)", (version,))
    connection.execute(model.tables.encode())


def enter(connection: Connection[DictRow], schema: str, **settings: str) -> None:
    """Until the end of the transaction, find tables in this schema, under these settings of PostgreSQL."""
    given = {"search_path": schema, **settings}
    connection.execute(
        "SELECT set_config(name, value, true) FROM unnest(%s::text[], %s::text[]) AS given (name, value)",
        (list(given), list(given.values())),
    )


def drop(connection: Connection[DictRow], schema: str) -> None:
    """Drop a schema with everything in it, if there is one."""
    connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))


def create_missing(pool: Pool, models: Iterable[ReadModel]) -> bool:
    """Create the tables of the read models that have none, or not all, so that readers always find them.

    They are empty; the runner fills them. Tells whether there were any to create.
    """
    with pool.connection() as connection:
        if not _incomplete(connection, models):
            return False
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (CREATION_LOCK,))
            short = ledger_entries.head(connection) <= FOLLOWED_FROM_THE_START
            for model in _incomplete(connection, models):
                drop(connection, model.name)
                create(connection, model, model.name, version=model.version if short else NOT_BUILT)
                connection.execute(model.indexes.encode())
    return True


def _incomplete(connection: Connection[DictRow], models: Iterable[ReadModel]) -> list[ReadModel]:
    rows = connection.execute("SELECT schemaname, tablename FROM pg_catalog.pg_tables").fetchall()
    there = {(row["schemaname"], row["tablename"]) for row in rows}
    return [model for model in models if not there.issuperset((model.name, table) for table in model.table_names)]

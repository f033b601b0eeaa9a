"""How far each read model is: its tracking row, in its own schema, changed with its tables in one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection, errors, sql
from psycopg.rows import DictRow

from projections.ledger_entries import Batch
from projections.read_model import ReadModel, enter


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracking:
    """What version of a read model built its tables, up to which position, recorded when.

    `error` says why the next entry could not be applied, where it could not.
    """

    version: int
    position: int
    recorded_at: datetime | None
    error: str | None


class Overtaken(Exception):
    """The tables are no longer at the position the batch begins after: another session moved them."""


class BuiltByAnotherVersion(Exception):
    """The tables were built by another version of the read model than this one."""


class CannotApply(Exception):
    """An entry that a read model fails on; nothing of it was changed."""


NO_ENTRYS_FAULT = (Overtaken, BuiltByAnotherVersion, errors.DiskFull)
"""What would be the same with any other entry."""


def read(connection: Connection[DictRow], models: Iterable[ReadModel]) -> dict[str, Tracking]:
    """The tracking of each read model, by name."""
    each = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {} AS name, version, position, recorded_at, error FROM {}").format(
            sql.Literal(model.name), sql.Identifier(model.name, "tracking")
        )
        for model in models
    )
    rows = connection.execute(each).fetchall()
    return {row.pop("name"): Tracking(**row) for row in rows}


def apply(connection: Connection[DictRow], model: ReadModel, batch: Batch) -> None:
    """Apply the batch to the tables that readers see, all of it or, where an entry fails, what comes before it.

    Raises Overtaken, BuiltByAnotherVersion, DiskFull, and CannotApply with the position of the entry that fails.
    """
    try:
        _apply_to_live(connection, model, batch)
    except NO_ENTRYS_FAULT:
        raise
    except Exception:
        if connection.closed:
            raise
        for single in batch.singly():
            _apply_single(connection, model, single)


def _apply_single(connection: Connection[DictRow], model: ReadModel, single: Batch) -> None:
    try:
        _apply_to_live(connection, model, single)
    except NO_ENTRYS_FAULT:
        raise
    except Exception as fault:
        if connection.closed:
            raise
        raise CannotApply(f"position {single.position}: {fault!r}") from fault


def _apply_to_live(connection: Connection[DictRow], model: ReadModel, batch: Batch) -> None:
    # Losing the last moments in a crash of the server is harmless: they are applied again.
    apply_in(connection, model, batch, model.name, synchronous_commit="off")


def apply_in(connection: Connection[DictRow], model: ReadModel, batch: Batch, schema: str, **settings: str) -> None:
    """Change the tables in a schema by a batch and move their position, in one transaction."""
    with connection.transaction(), connection.cursor() as cursor:
        enter(connection, schema, **settings)
        _require_turn(connection, model, batch)
        model.apply(cursor, batch.entries)
        cursor.execute(
            "UPDATE tracking SET position = %s, recorded_at = %s, error = NULL", (batch.position, batch.recorded_at)
        )


def _require_turn(connection: Connection[DictRow], model: ReadModel, batch: Batch) -> None:
    """Lock the tracking row, and make sure that this batch is the next one for these tables."""
    row = connection.execute("SELECT version, position FROM tracking FOR UPDATE").fetchone()
    if row is None or row["version"] != model.version:
        raise BuiltByAnotherVersion(f"{model.name}: its tables are of version {row and row['version']}")
    if row["position"] != batch.after:
        raise Overtaken(f"{model.name} is at {row['position']}, the batch begins after {batch.after}")


def note_error(connection: Connection[DictRow], model: ReadModel, error: str | None) -> None:
    """Let everybody see why a read model stands still, or that it does no longer."""
    connection.execute(
        sql.SQL("UPDATE {} SET error = %s WHERE error IS DISTINCT FROM %s").format(
            sql.Identifier(model.name, "tracking")
        ),
        (error, error),
    )

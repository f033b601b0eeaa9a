"""`p2c schema`: the tables of the ledger, created and upgraded explicitly."""

from __future__ import annotations

from typing import Any

import typer

from api.cli.console import AsJson, people, programs
from api.cli.failures import WRONG
from infrastructure import schema as ledger_schema
from infrastructure.bootstrap import database
from infrastructure.settings import Settings

app = typer.Typer(help="Show or apply what the database's schema lacks.", rich_markup_mode="rich")


@app.callback(invoke_without_command=True)
def show(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Show which steps of the schema the database lacks; exit code 1 where it lacks any. Changes nothing.

    `serve`, `demo` and `import` apply them by themselves.
    """
    if context.invoked_subcommand:
        return
    with database(Settings.from_environment()) as conninfo:
        missing = ledger_schema.pending(conninfo)
    if as_json:
        programs({"pending": _documents(missing)})
    elif missing:
        people().print(f"The database lacks {_listed(missing)}. `p2c schema apply` brings it to this version.")
    else:
        people().print("The database has this version's schema.")
    if missing:
        raise typer.Exit(WRONG)


@app.command()
def apply(*, as_json: AsJson = False) -> None:
    """Bring the database to this version's schema; safe to repeat, and from several machines at once."""
    with database(Settings.from_environment()) as conninfo:
        applied = ledger_schema.apply(conninfo)
    if as_json:
        programs({"applied": _documents(applied)})
    elif applied:
        people().print(f"Applied {_listed(applied)}.")
    else:
        people().print("The database had this version's schema already.")


def _documents(steps: Any) -> list[dict[str, object]]:
    return [{"number": step.number, "name": step.name} for step in steps]


def _listed(steps: Any) -> str:
    return ", ".join(step.name for step in steps)

"""`p2c postgres`: PostgreSQL's own programs, for backups above all, on the ledger's database."""

from __future__ import annotations

from typing import Annotated

import typer

from infrastructure import postgres_programs
from infrastructure.bootstrap import database
from infrastructure.settings import Settings

LEAVE_OPTIONS_ALONE = {"ignore_unknown_options": True, "allow_interspersed_args": False}
"""What follows the program's name is the program's."""


def postgres(
    program: Annotated[str, typer.Argument(help="Its name: pg_dump, pg_restore, pg_basebackup, psql and others.")],
    arguments: Annotated[list[str] | None, typer.Argument(metavar="[ARG]...", help="What it is given.")] = None,
) -> None:
    """Run a program of PostgreSQL, of the private server's version, on the ledger's database.

    Starts the private server for as long as the program runs, unless P2C_DATABASE_URL names one. The program finds the
    database by itself (PGHOST, PGUSER and so on are set). The exit code is the program's.
    """
    with database(Settings.from_environment()) as conninfo:
        code = postgres_programs.run(program, arguments or [], conninfo)
    raise typer.Exit(code)

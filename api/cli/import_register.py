"""`p2c import`: bring in an existing register from a spreadsheet, or see first what that would do."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from api.cli.console import aside, shown
from api.cli.import_report import document, show
from api.cli.progress_bar import progress_bar
from application.register_import.imports import RegisterImports
from application.register_import.mapping import Mapping, UnusableMapping, parse
from application.register_import.plan import Choices, Missing, Outcome
from application.register_import.sheet import Sheet, UnreadableFile
from domain.refusals import DateInFuture
from infrastructure import spreadsheets
from infrastructure.bootstrap import open_service
from infrastructure.settings import Settings

DONE, REFUSED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130
"""Exit codes, as docs/import.md explains them."""

TOLD_EVERY = 200
"""After how many pledges it is told how far the import is."""


def import_register(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", exists=True, dir_okay=False, readable=True, help="The register's export: CSV or XLSX."
        ),
    ],
    mapping: Annotated[
        Path,
        typer.Option(
            metavar="M.toml", exists=True, dir_okay=False, readable=True, help="What its columns mean: docs/import.md."
        ),
    ],
    exported_on: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="The day of the export (2015-04-13), where the file's name does not tell."),
    ] = None,
    missing: Annotated[
        Missing, typer.Option(help="What to do with pledges that are not in the file any more.")
    ] = Missing.REPORT,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done; write nothing.")] = False,
    keep_good_rows: Annotated[
        bool, typer.Option("--keep-good-rows", help="Leave bad lines out instead of refusing the file.")
    ] = False,
    as_new: Annotated[
        bool, typer.Option("--as-new", help="Import even though almost no line is known to the register.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer with one JSON document.")] = False,
) -> None:
    """Import a register from a spreadsheet: all of it or nothing, and never twice.

    Run it with --dry-run first. Importing a newer export of the same register records what has changed since the
    one before; importing the same one again changes nothing.

    Exit codes: 0 done, 1 refused or bad lines (nothing was written), 2 wrong usage.
    """
    register = _mapping(mapping, as_json=as_json)
    day = _exported_on(exported_on, register, file, as_json=as_json)
    sheet = _sheet(file, register, as_json=as_json)
    choices = Choices(missing=missing, keep_good_rows=keep_good_rows, as_new=as_new)
    try:
        with open_service(Settings.from_environment()) as service:
            outcome = _run(service.imports, sheet, register, day, choices, dry_run=dry_run)
    except DateInFuture as refused:
        _stop(refused.message, "Give the day on which the file was exported.", WRONG_USAGE, as_json=as_json)
    except KeyboardInterrupt:
        _stop(
            "Interrupted. An import is recorded whole or not at all.",
            "Run the same command again: it finds nothing left to do if it was recorded.",
            INTERRUPTED,
            as_json=as_json,
        )
    if as_json:
        typer.echo(json.dumps(document(outcome, dry_run=dry_run), ensure_ascii=False, indent=2))
    else:
        show(outcome, Console(highlight=False, emoji=False), dry_run=dry_run)
    raise typer.Exit(REFUSED if outcome.plan.refusals else DONE)


def _run(
    imports: RegisterImports, sheet: Sheet, mapping: Mapping, day: date, choices: Choices, *, dry_run: bool
) -> Outcome:
    with progress_bar() as progress:
        task = progress.add_task("pledges decided", total=None)

        def report(done: int, of_all: int) -> None:
            if done % TOLD_EVERY == 0 or done == of_all:
                progress.update(task, completed=done, total=of_all)

        if dry_run:
            return Outcome(plan=imports.preview(sheet, mapping, day, choices, report))
        return imports.carry_out(sheet, mapping, day, choices, report)


def _mapping(path: Path, *, as_json: bool) -> Mapping:
    try:
        return parse(path.read_text(encoding="utf-8"))
    except (UnusableMapping, UnicodeDecodeError) as problem:
        message = f"The mapping {path.name} cannot be used:\n{problem}"
        _stop(message, "docs/import.md explains every key of a mapping.", WRONG_USAGE, as_json=as_json)


def _exported_on(given: str | None, mapping: Mapping, file: Path, *, as_json: bool) -> date:
    try:
        found = date.fromisoformat(given) if given else mapping.exported_on(file.name)
    except ValueError:
        _stop(f"{given} is not a date.", "Write it as 2015-04-13.", WRONG_USAGE, as_json=as_json)
    if found is None:
        _stop(
            f"It is not known when {file.name} was exported.",
            "Say --exported-on 2015-04-13, or let the mapping's exported_on_pattern find the date in the file's name.",
            WRONG_USAGE,
            as_json=as_json,
        )
    return found


def _sheet(file: Path, mapping: Mapping, *, as_json: bool) -> Sheet:
    try:
        sheet = spreadsheets.read(file, mapping.file)
        spreadsheets.require_columns(sheet, mapping.columns)
    except UnreadableFile as problem:
        _stop(problem.message, problem.remedy, REFUSED, as_json=as_json)
    return sheet


def _stop(message: str, remedy: str, code: int, *, as_json: bool) -> NoReturn:
    if as_json:
        typer.echo(json.dumps({"written": False, "error": message, "remedy": remedy}, ensure_ascii=False, indent=2))
    else:
        console = aside()
        console.print(f"[bold red]Error:[/] {shown(message)}\n{shown(remedy)}")
        if code == REFUSED:
            console.print("Nothing was written.")
    raise typer.Exit(code)

"""`p2c verify`: whether a bundle of the ledger holds, offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import TaskID

from api.cli.console import AsJson, people, programs, shown
from api.cli.failures import WRONG
from api.cli.progress_bar import progress_bar
from audit import verification
from audit.verification import Report
from audit.verify import UnusableTrust, sentences, trust


def verify(
    bundle: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="The bundle, as `p2c export-bundle` writes it.")
    ],
    key: Annotated[
        list[str] | None,
        typer.Option(help="A verifier key that you trust, or a file of them; may be given several times."),
    ] = None,
    since: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The checkpoint of your last visit: has the ledger only grown?"),
    ] = None,
    *,
    without_replay: Annotated[
        bool, typer.Option("--without-replay", help="Leave out taking the published snapshots again.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Verify a bundle, trusting nobody: bytes, order, tree, signatures, growth, and the published snapshots.

    Needs neither a network nor a database. Exit code 1 where something does not hold; the first bad position is named.
    """
    try:
        trusted = trust(key or [], since)
    except UnusableTrust as fault:
        raise typer.BadParameter(str(fault)) from fault
    report = _verified(bundle, trusted, replay=not without_replay)
    if as_json:
        programs(report.document())
    else:
        for sentence in sentences(report):
            people().print(shown(sentence), soft_wrap=True)
    if not report.holds:
        raise typer.Exit(WRONG)


def _verified(bundle: Path, trusted: verification.Trust, *, replay: bool) -> Report:
    with progress_bar() as bar:
        tasks: dict[str, TaskID] = {}

        def told(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=of)
            bar.update(tasks[what], completed=done)

        return verification.verify(bundle, trusted, replay=replay, progress=told)

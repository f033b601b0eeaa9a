"""`p2c export-bundle`: the whole ledger in a file that anybody can verify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import people
from api.cli.failures import say
from api.cli.opening import the_service
from api.cli.progress_bar import progress_bar


def export_bundle(
    path: Annotated[Path, typer.Argument(dir_okay=False, help="The zip file to write.")],
) -> None:
    """Export the ledger up to its latest checkpoint, with all that is needed to verify it offline.

    Signs what is not signed yet, where this machine has the signing key. A ledger that does not hold is exported
    too, with what was noticed: `p2c verify` says what is wrong with it.
    """
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        with the_service() as service, progress_bar() as bar:
            task = bar.add_task("entries", total=None)
            exported = service.bundles.write(unfinished, lambda done, of: bar.update(task, completed=done, total=of))
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    manifest = exported.manifest
    people().print(
        f"{path}: the ledger {manifest.origin}, with entries {manifest.entries:,}, signed checkpoints"
        f" {manifest.checkpoints:,}, published snapshots {manifest.snapshots:,}. `p2c verify {path}` verifies it.",
        soft_wrap=True,
    )
    if exported.problem:
        say(f"Nothing new is signed: {exported.problem}")
    for seen in manifest.noticed[:20]:
        say(f"position {seen.position}: {seen.problem}")

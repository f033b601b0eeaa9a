"""`p2c rebuild`: read models built again from the ledger."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.console import people
from api.cli.opening import the_service
from api.cli.progress_bar import progress_bar
from projections.catalogue import READ_MODELS

KNOWN = tuple(model.name for model in READ_MODELS)


def rebuild(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help=f"Read models to build: {', '.join(KNOWN)}.")
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Build all of them.")] = False,
) -> None:
    """Build read models again from the ledger, while the service goes on serving from the old ones.

    The new tables take the place of the old ones at the end, at once. The ledger itself is only read, once for all of
    them.
    """
    wanted = _wanted(names or [], everything=everything)
    with the_service() as service, progress_bar() as bar:
        task = bar.add_task("entries", total=None)
        service.projections.rebuild_together(
            wanted, lambda position, head: bar.update(task, completed=position, total=head)
        )
    people().print(f"Rebuilt {', '.join(wanted)}.")


def _wanted(names: list[str], *, everything: bool) -> list[str]:
    if unknown := [name for name in names if name not in KNOWN]:
        raise typer.BadParameter(f"there is no read model {', '.join(unknown)}; there are {', '.join(KNOWN)}")
    if bool(names) == everything:
        raise typer.BadParameter("give the names of read models, or --all")
    return list(KNOWN) if everything else list(dict.fromkeys(names))

"""`p2c snapshot`: the register at a moment."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from api.cli.console import people
from api.cli.figures import show_totals, write
from api.cli.groupings import AttributionOption, GroupByOption, dimensions_of
from api.cli.moments import AsOfOption, EffectiveOnOption, moment_of
from api.cli.opening import the_service
from api.cli.published import compare_published
from api.exports.snapshot_tables import snapshot_workbook
from api.exports.status_csv import status_csv
from audit.canonical import canonical
from audit.snapshot import Document
from domain.dimensions import Attribution, Division


class SnapshotForm(StrEnum):
    """How a snapshot is written."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"


def snapshot(
    as_of: AsOfOption = None,
    effective_on: EffectiveOnOption = None,
    group_by: GroupByOption = None,
    attribution: AttributionOption = Attribution.FULL,
    form: Annotated[SnapshotForm, typer.Option("--format", help="What to write.")] = SnapshotForm.TEXT,
    output: Annotated[Path | None, typer.Option(help="The file to write; without one, standard output.")] = None,
    compare: Annotated[
        UUID | None,
        typer.Option(metavar="ID", help="Take a published snapshot again and compare the bytes, instead."),
    ] = None,
) -> None:
    """Take a status snapshot: every admitted pledge as it stood at a moment, and totals.

    The same moment and grouping give the same bytes as the service's `/v1/snapshots/status`, for ever.
    """
    with the_service() as service:
        if compare:
            compare_published(service, compare)
            return
        at = moment_of(service, as_of, effective_on)
        if form is SnapshotForm.CSV:
            write(b"".join(status_csv(service.register, at)), output)
            return
        taken = service.snapshots.take(at, Division(by=dimensions_of(group_by), attribution=attribution))
    if form is SnapshotForm.TEXT and output is None:
        _show(taken)
        return
    written = snapshot_workbook(taken) if form is SnapshotForm.XLSX else canonical(taken)
    write(written, output, digest=taken["digest"])


def _show(taken: Document) -> None:
    show_totals(taken)
    people().print(f"{len(taken['pledges'])} admitted pledges; --format json names them. {taken['digest']}")

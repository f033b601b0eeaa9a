"""`p2c snapshot`: the register at a moment."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.table import Table

from api.cli.console import people, table
from api.cli.groupings import AttributionOption, GroupByOption, dimensions_of
from api.cli.moments import AsOfOption, EffectiveOnOption, moment_of
from api.cli.opening import the_service
from api.cli.published import compare_published
from api.exports.snapshot_tables import snapshot_workbook
from api.exports.status_csv import status_csv
from application.snapshots import Grouping
from audit.canonical import canonical
from audit.snapshot import Document
from domain.dimensions import Attribution


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
            _write(b"".join(status_csv(service.register, at)), output)
            return
        taken = service.snapshots.take(at, Grouping(by=dimensions_of(group_by), attribution=attribution))
    if form is SnapshotForm.TEXT and output is None:
        _show(taken)
        return
    written = snapshot_workbook(taken) if form is SnapshotForm.XLSX else canonical(taken)
    _write(written, output, digest=taken["digest"])


def _write(written: bytes, output: Path | None, digest: str | None = None) -> None:
    if output is None:
        sys.stdout.buffer.write(written)
        return
    output.write_bytes(written)
    people().print(f"{output}: {len(written):,} bytes{f', {digest}' if digest else ''}")


def _show(taken: Document) -> None:
    people().print(
        f"The register at position {taken['position']}, recorded by {taken['as_of'] or 'nobody yet'},"
        f" as far as true by {taken['effective_on']}."
    )
    people().print(_figures([({}, taken["totals"])], ()))
    if taken["group_by"]:
        people().print(_figures([(group["key"], group) for group in taken["groups"]], taken["group_by"]))
    people().print(f"{len(taken['pledges'])} admitted pledges; --format json names them. {taken['digest']}")


def _figures(rows: list[tuple[Mapping[str, Any], Mapping[str, Any]]], dimensions: Sequence[str]) -> Table:
    figures_by = table(*(dimension.replace("_", " ") for dimension in dimensions))
    for heading in ("pledges", "announced", "validated", "delivered", "verified", "reported on, of the admitted"):
        figures_by.add_column(heading, justify="right")
    for key, figures in rows:
        figures_by.add_row(
            *(str(key[name]) if key[name] is not None else "not stated" for name in dimensions),
            f"{figures['pledges']:,}",
            *(_dollars(figures[f"{rung}_usd"]) for rung in ("announced", "validated", "delivered", "verified")),
            _response(figures),
        )
    return figures_by


def _dollars(amount: str) -> str:
    whole, _, cents = amount.partition(".")
    return f"{int(whole):,}.{cents}" if cents else f"{int(whole):,}"


def _response(figures: Mapping[str, Any]) -> str:
    if figures["response_rate"] is None:
        return "none to report on"
    return f"{figures['reported']} of {figures['pledges']} ({float(figures['response_rate']):.0%})"

"""`p2c totals`: the register at a moment, added up."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.cli.figures import show_totals, write
from api.cli.groupings import AttributionOption, GroupByOption, dimensions_of
from api.cli.moments import AsOfOption, EffectiveOnOption, moment_of
from api.cli.opening import the_service
from api.exports.csv_files import csv_lines
from api.exports.snapshot_tables import totals_table
from audit.canonical import canonical
from domain.dimensions import Attribution, Division


class TotalsForm(StrEnum):
    """How totals are written."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"


def totals(
    as_of: AsOfOption = None,
    effective_on: EffectiveOnOption = None,
    group_by: GroupByOption = None,
    attribution: AttributionOption = Attribution.FULL,
    form: Annotated[TotalsForm, typer.Option("--format", help="What to write.")] = TotalsForm.TEXT,
    output: Annotated[Path | None, typer.Option(help="The file to write; without one, standard output.")] = None,
) -> None:
    """Add up the register at a moment, without naming any pledge.

    The figures are those of a snapshot of the same moment, for an instant in no time at all.
    """
    with the_service() as service:
        at = moment_of(service, as_of, effective_on)
        taken = service.snapshots.totals(at, Division(by=dimensions_of(group_by), attribution=attribution))
    match form:
        case TotalsForm.CSV:
            write(b"".join(csv_lines(totals_table(taken))), output)
        case TotalsForm.TEXT if output is None:
            show_totals(taken)
        case TotalsForm.JSON | TotalsForm.TEXT:
            write(canonical(taken), output, digest=taken["digest"])

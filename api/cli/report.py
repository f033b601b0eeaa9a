"""`p2c report`: the progress of a period."""

from __future__ import annotations

import sys
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import people
from api.cli.failures import Unusable
from api.cli.moments import AsOfOption, as_of_of
from api.cli.opening import the_service
from application.moments import MomentNotOver, PositionAhead
from audit.canonical import canonical
from audit.progress_report import report_document
from domain.progress.report import Period, ProgressReport
from infrastructure.bootstrap import Service


class ReportForm(StrEnum):
    """How a report is written."""

    JSON = "json"


def report(
    first: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY", help="The period's first day.")
    ],
    last: Annotated[
        datetime,
        typer.Option("--to", formats=["%Y-%m-%d"], metavar="DAY", help="The period's last day, which belongs to it."),
    ],
    as_of: AsOfOption = None,
    form: Annotated[ReportForm, typer.Option("--format", help="What to write.")] = ReportForm.JSON,
    output: Annotated[Path | None, typer.Option(help="The file to write; without one, standard output.")] = None,
) -> None:
    """Report on a period: what it began with, what moved and why, what it ended with, and who reported.

    The same period and moment give the same bytes as the service's `/v1/reports/progress`, for ever.
    """
    period = _period(first.date(), last.date())
    with the_service() as service:
        made = _made(service, period, as_of)
    written = _written(made, form)
    if output is None:
        sys.stdout.buffer.write(written)
        return
    output.write_bytes(written)
    people().print(f"{output}: {len(written):,} bytes, the register at position {made.position}")


def _period(first: date, last: date) -> Period:
    try:
        return Period(first, last)
    except ValueError as impossible:
        raise typer.BadParameter(f"{impossible}", param_hint="--to") from None


def _made(service: Service, period: Period, as_of: str | None) -> ProgressReport:
    service.projections.catch_up()
    try:
        return service.progress_reports.make(period, as_of_of(as_of))
    except (MomentNotOver, PositionAhead) as impossible:
        raise Unusable(f"{impossible}.") from impossible


def _written(made: ProgressReport, form: ReportForm) -> bytes:
    """The report in one of the forms."""
    match form:
        case ReportForm.JSON:
            return canonical(report_document(made))

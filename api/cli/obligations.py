"""`p2c obligations`: who owes a progress report."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from api.cli.console import AsJson, people, programs, shown, table
from api.cli.moments import AsOfOption, EffectiveOnOption, moment_of
from api.cli.opening import the_service
from api.exports.csv_files import csv_lines
from api.exports.obligation_tables import obligation_table
from application.moments import Moment
from application.reporting_duties import Debts
from audit.envelope import format_instant
from audit.progress_report import plain
from domain.obligations import Obligation
from domain.vocabulary import Region, ReportingHealth, Sector


def obligations(
    as_of: AsOfOption = None,
    effective_on: EffectiveOnOption = None,
    health: Annotated[list[ReportingHealth] | None, typer.Option(help="Only these; repeat it for more.")] = None,
    sector: Annotated[list[Sector] | None, typer.Option(help="Only leads of these sectors.")] = None,
    region: Annotated[list[Region] | None, typer.Option(help="Only pledges implemented in these regions.")] = None,
    *,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Answer with CSV: the queue of reminders, with the text of each mail.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List who owes a progress report, since when, by organisation, the longest owed first."""
    debts = Debts(health=tuple(health or ()), sector=tuple(sector or ()), region=tuple(region or ()))
    with the_service() as service:
        at = moment_of(service, as_of, effective_on)
        owed = service.reporting_duties.owed(at, debts)
    if as_csv:
        sys.stdout.buffer.writelines(csv_lines(obligation_table(owed)))
    elif as_json:
        programs(_document(at, owed))
    else:
        _show(at, owed)


def _document(at: Moment, owed: tuple[Obligation, ...]) -> dict[str, object]:
    return {
        "items": plain(owed),
        "position": at.position,
        "as_of": format_instant(at.recorded_at) if at.recorded_at else None,
        "effective_on": at.effective_on.isoformat(),
    }


def _show(at: Moment, owed: tuple[Obligation, ...]) -> None:
    if not owed:
        people().print(f"Nobody owes a report on {at.effective_on}.")
        return
    rows = table("lead", "reference", "title", "health", "due on", "days", "last reported until")
    for one in owed:
        rows.add_row(
            shown(one.lead_name),
            one.reference,
            shown(one.title),
            one.health.replace("_", " "),
            one.due_on.isoformat(),
            f"{one.days_since_due:,}",
            one.last_reported_until.isoformat() if one.last_reported_until else "never",
        )
    people().print(rows)
    people().print(f"{len(owed):,} reports are owed on {at.effective_on}, by {len({o.lead for o in owed}):,} leads.")

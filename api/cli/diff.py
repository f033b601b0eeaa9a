"""`p2c diff`: what changed between two moments, and why."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from api.cli.console import AsJson, people, table
from api.cli.groupings import AttributionOption, GroupByOption, dimensions_of
from api.cli.moments import FORMS, moment_of
from api.cli.opening import the_service
from audit.canonical import canonical
from audit.snapshot import Document
from domain.dimensions import Attribution, Division

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="What was true by this day.")]

FIGURES = ("pledges", "announced_usd", "validated_usd", "delivered_usd", "verified_usd")


def diff(
    from_: Annotated[str, typer.Argument(metavar="FROM", help=f"The earlier moment: {FORMS}.")],
    to: Annotated[str | None, typer.Argument(metavar="TO", help="The later moment; without it, now.")] = None,
    from_effective_on: Day = None,
    to_effective_on: Day = None,
    group_by: GroupByOption = None,
    attribution: AttributionOption = Attribution.FULL,
    *,
    as_json: AsJson = False,
) -> None:
    """Say what changed in the register between two moments, each movement with its one cause."""
    with the_service() as service:
        opening = moment_of(service, from_, from_effective_on)
        closing = moment_of(service, to, to_effective_on)
        division = Division(by=dimensions_of(group_by), attribution=attribution)
        found = service.differences.between(opening, closing, division, unpublished=True)
    if as_json:
        sys.stdout.buffer.write(canonical(found) + b"\n")
        return
    _show(found)


def _show(found: Document) -> None:
    for side in ("from", "to"):
        moment = found[side]
        recorded = moment["as_of"] or "nobody yet"
        people().print(
            f"{side:>4}: position {moment['position']}, recorded by {recorded}, true by {moment['effective_on']}"
        )
    moved = [measure for measure in found["totals"] if any(c["measure"] == measure for c in found["causes"])]
    if not moved:
        people().print("Nothing moved.")
        return
    people().print(_causes(found, [*FIGURES, *(measure for measure in moved if measure not in FIGURES)]))
    people().print(_movements(found["movements"]))
    people().print(found["digest"])


def _causes(found: Document, measures: Iterable[str]) -> Table:
    shown = table("figure", title="Why the figures moved")
    for heading in ("before", "change", "after", "causes"):
        shown.add_column(heading, justify="left" if heading == "causes" else "right", overflow="fold")
    for measure in measures:
        causes = [c for c in found["causes"] if c["measure"] == measure]
        shown.add_row(
            measure.replace("_", " "),
            _amount(found["opening"][measure]),
            _amount(found["totals"][measure], signed=True),
            _amount(found["closing"][measure]),
            "; ".join(f"{_words(c['cause'])} {_amount(c['change'], signed=True)} ({c['pledges']})" for c in causes),
        )
    return shown


def _movements(movements: list[dict[str, Any]]) -> Table:
    shown = table("pledge", "cause", "figure", title="Every movement")
    shown.add_column("change", justify="right")
    shown.add_column("decided by", overflow="fold")
    for movement in movements:
        positions = ", ".join(f"position {position}" for position in movement["positions"])
        shown.add_row(
            movement["reference"],
            _words(movement["cause"]),
            movement["measure"].replace("_", " "),
            _amount(movement["change"], signed=True),
            positions or ", ".join(movement.get("countries", ())) or "the date",
        )
    return shown


def _words(code: str) -> str:
    return code.replace("_", " ")


def _amount(amount: str | int, *, signed: bool = False) -> str:
    text = str(amount)
    sign = "-" if text.startswith("-") else "+" if signed and text.strip("0.") else ""
    whole, _, cents = text.lstrip("-").partition(".")
    return f"{sign}{int(whole):,}" + (f".{cents}" if cents else "")

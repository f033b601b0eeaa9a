"""`p2c rates`: what currencies were worth in US dollars, by month, as BDT publishes it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import AsJson, aside, people, programs, shown, table
from api.cli.failures import WRONG, say
from api.cli.opening import the_service
from api.cli.rate_file import read_rates
from infrastructure.command_stores import PublishedRate

app = typer.Typer(no_args_is_help=True, help="Publish and list exchange rates.", rich_markup_mode="rich")


@app.command()
def publish(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.csv",
            exists=True,
            dir_okay=False,
            readable=True,
            help="A CSV file with the columns currency, month (2026-11), rate (US dollars for one unit), source.",
        ),
    ],
) -> None:
    """Publish the rates of a file, all or none.

    A rate that was published before with the same figure is left as it is; one with another figure is refused, since
    money was recorded with the first.
    """
    rates, faults = read_rates(file)
    if faults:
        _tell(faults, f"{file.name} has {len(faults)} bad line{'s' if len(faults) > 1 else ''}; nothing was published.")
    with the_service() as service:
        clashes = service.rates.publish(rates)
    if clashes:
        listed = [f"{rate.currency} of {rate.month:%Y-%m} was published before with another figure" for rate in clashes]
        _tell(listed, "Nothing was published: a published rate stays.")
    people().print(f"{len(rates)} rates are published.")


@app.command("list")
def show(
    currency: Annotated[str | None, typer.Option(help="Only this currency, such as EUR.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List the published rates, the latest month first."""
    with the_service() as service:
        published = service.rates.published(currency.upper() if currency else None)
    if as_json:
        programs([_document(rate) for rate in published])
        return
    grid = table("currency", "month", "US dollars", "source")
    for rate in published:
        grid.add_row(rate.currency, f"{rate.month:%Y-%m}", f"{rate.rate:f}", shown(rate.source))
    people().print(grid if published else "No rate has been published.")


def _tell(faults: list[str], verdict: str) -> None:
    for fault in faults:
        aside().print(shown(fault))
    say(verdict)
    raise typer.Exit(WRONG)


def _document(rate: PublishedRate) -> dict[str, str]:
    return {
        "currency": rate.currency,
        "month": f"{rate.month:%Y-%m}",
        "rate": f"{rate.rate:f}",
        "source": rate.source,
    }

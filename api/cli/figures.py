"""Totals for people, and writing what a command took into a file."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from api.cli.console import people, table
from audit.snapshot import Document


def write(written: bytes, output: Path | None, digest: str | None = None) -> None:
    """Write into the file and say so, or to standard output where there is none."""
    if output is None:
        sys.stdout.buffer.write(written)
        return
    output.write_bytes(written)
    people().print(f"{output}: {len(written):,} bytes{f', {digest}' if digest else ''}")


def show_totals(taken: Document) -> None:
    """Say which moment it is, and the totals of the whole and of its parts."""
    people().print(
        f"The register at position {taken['position']}, recorded by {taken['as_of'] or 'nobody yet'},"
        f" as far as true by {taken['effective_on']}."
    )
    people().print(_figures([({}, taken["totals"])], ()))
    if taken["group_by"]:
        people().print(_figures([(group["key"], group) for group in taken["groups"]], taken["group_by"]))


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

"""What the commands say: results on standard output, everything about them on standard error."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from domain.text import one_line

WIDTH_OF_A_FILE = 160
"""Characters in a line where the output goes to a file or another program, which has no width of its own."""

AsJson = Annotated[bool, typer.Option("--json", help="Answer with one JSON document instead of text for people.")]


def people() -> Console:
    """Standard output for people."""
    return Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else WIDTH_OF_A_FILE)


def aside() -> Console:
    """Standard error: what is said about the result, and why there is none."""
    return Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)


def shown(text: str) -> str:
    """What somebody wrote, as it is shown: it stays on its line, and nothing in it is markup or commands a terminal."""
    return escape(one_line(text))


def programs(document: object) -> None:
    """Standard output for programs: one JSON document."""
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))


def table(*columns: str, title: str | None = None) -> Table:
    """A table that is as readable in a log as on a terminal."""
    grid = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        grid.add_column(column, overflow="fold")
    return grid

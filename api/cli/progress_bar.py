"""How far a long command is, on standard error."""

from __future__ import annotations

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from api.cli.console import aside


def progress_bar() -> Progress:
    """A bar for each task, with how many of how many, the time gone by, and about how much is left.

    There is none where nobody looks: in a file or another program a bar is noise.
    """
    console = aside()
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )

"""By what totals are divided, as it is typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from domain.dimensions import Attribution, Dimension

GroupByOption = Annotated[
    list[str] | None,
    typer.Option(metavar="DIMENSIONS", help="Totals by these, with commas: " + ", ".join(Dimension) + "."),
]
AttributionOption = Annotated[
    Attribution, typer.Option(help="Whether value counts fully in each part it touches, or is divided among them.")
]


def dimensions_of(typed: Sequence[str] | None) -> tuple[Dimension, ...]:
    """The dimensions that were typed, each once. Raises BadParameter for a name that is none."""
    names = [name.strip() for text in typed or () for name in text.split(",")]
    try:
        return tuple(dict.fromkeys(Dimension(name) for name in names))
    except ValueError:
        unknown = ", ".join(name for name in names if name not in list(Dimension))
        raise typer.BadParameter(
            f"{unknown or 'nothing'} is no dimension; these are: {', '.join(Dimension)}", param_hint="--group-by"
        ) from None

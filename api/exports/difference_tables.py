"""A difference as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from api.exports.tables import Cell, Table
from audit.snapshot import Document


def movements_table(difference: Document) -> Table:
    """One row for each movement: of the whole first, then of each part."""
    dimensions = difference["group_by"]
    columns = ("reference", "cause", "measure", "change", "positions", "countries", *dimensions)
    return Table(title="Movements", columns=columns, rows=_rows(difference, dimensions))


def _rows(difference: Document, dimensions: Sequence[str]) -> Iterator[Sequence[Cell]]:
    for movement in difference["movements"]:
        yield [*_cells(movement), *(None for _ in dimensions)]
    for group in difference["groups"]:
        for movement in group["movements"]:
            yield [*_cells(movement), *(group["key"][name] for name in dimensions)]


def _cells(movement: Mapping[str, Any]) -> list[Cell]:
    return [
        movement["reference"],
        movement["cause"],
        movement["measure"],
        Decimal(movement["change"]),
        " ".join(map(str, movement["positions"])),
        " ".join(movement.get("countries", ())),
    ]

"""CSV files (RFC 4180, UTF-8) that a spreadsheet program opens without running anything in them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from io import StringIO

from api.exports.tables import Cell, Table

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A text that starts so is taken for a formula by a spreadsheet program, which may send data anywhere.

The last four are the signs in full width, which programs read alike.
"""

LINES_AT_ONCE = 500


def csv_lines(table: Table) -> Iterator[bytes]:
    """The file, some lines at a time."""
    yield from _written([table.columns])
    batch: list[Sequence[Cell]] = []
    for row in table.rows:
        batch.append(row)
        if len(batch) == LINES_AT_ONCE:
            yield from _written(batch)
            batch = []
    yield from _written(batch)


def cell(value: Cell) -> str:
    """A cell as the file has it: text that would be a formula gets an apostrophe before it; numbers are as they are."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Decimal():
            return f"{value:f}"
        case date():
            return value.isoformat()
        case str():
            return f"'{value}" if value.startswith(FORMULA_STARTS) else value


def _written(rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    text = StringIO(newline="")
    csv.writer(text).writerows([[cell(value) for value in row] for row in rows])
    if written := text.getvalue():
        yield written.encode()

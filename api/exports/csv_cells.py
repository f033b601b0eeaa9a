"""Cells of comma-separated values that no spreadsheet takes for a formula.

A spreadsheet runs a cell that begins with one of a few characters, whoever wrote it. Such a text is given a leading
apostrophe, which spreadsheets show as the text it is. Numbers and days stay what they are: `-5` is no text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal

from api.exports.cells import Cell

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
ROWS_AT_ONCE = 500
"""How many rows are handed on together: one by one they would cost more on the way than in the making."""


def guarded(text: str) -> str:
    """The text, so that it is not a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def written(cell: Cell) -> str:
    """The cell as it is written: nothing for None, true or false, ISO days, plain decimals, guarded text."""
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case int():
            return str(cell)
        case Decimal():
            return f"{cell:f}"
        case date():
            return cell.isoformat()
        case str():
            return guarded(cell)


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """The file as RFC 4180 has it, in UTF-8, some hundred rows at a time."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow([written(name) for name in header])
    for number, row in enumerate(rows, start=1):
        writer.writerow([written(cell) for cell in row])
        if number % ROWS_AT_ONCE == 0:
            yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()

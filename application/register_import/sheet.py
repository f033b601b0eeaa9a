"""What a spreadsheet holds, whichever format it came in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

Cell = str | Decimal | date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with one line: where, what stands there, why it cannot be taken, and what to do."""

    line: int
    column: str | None
    value: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One record. `line` is what a person sees: where the record starts in a CSV file, the row of a workbook.

    `faults` are those that the format itself shows, such as a cell too many.
    """

    line: int
    cells: Mapping[str, Cell]
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The records of one file, under the names of its columns."""

    file_name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


class UnreadableFile(Exception):
    """The file as a whole cannot be read; the message says why, `remedy` what to do."""

    def __init__(self, message: str, *, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


def as_text(cell: Cell) -> str:
    """The cell as text: numbers without exponent, dates as ISO 8601 writes them, an empty cell as no text."""
    match cell:
        case None:
            return ""
        case Decimal():
            return f"{cell:f}"
        case date():
            return cell.isoformat()
        case _:
            return cell


def shown(cell: Cell) -> str:
    """The cell as a message can show it: short, on one line, control characters made visible."""
    text = as_text(cell)
    visible = "".join(
        c if c.isprintable() else f"\\x{ord(c):02x}" if ord(c) < 256 else f"\\u{ord(c):04x}" for c in text
    )
    return visible if len(visible) <= 80 else f"{visible[:77]}..."

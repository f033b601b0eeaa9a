"""Tables: what CSV files and workbooks are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

Cell = str | int | bool | Decimal | date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of cells under the names of their columns. `title` names a workbook's sheet, in at most 31 characters."""

    title: str
    columns: Sequence[str]
    rows: Iterable[Sequence[Cell]]

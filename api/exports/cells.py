"""Columns of rows that become files, and the kinds of cells in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum, auto
from typing import Any

Cell = str | int | Decimal | date | bool | None
"""A text, a number, a day, whether something is so, or nothing."""

Row = Mapping[str, Any]
"""A row as the document has it: amounts and days are texts there."""


class Kind(Enum):
    """What a column holds, which decides how its cells look."""

    TEXT = auto()
    COUNT = auto()
    DOLLARS = auto()
    SHARE = auto()
    DAY = auto()
    WHETHER = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: its name for programs, its title for people, what it holds, and where it is found in a row.

    `width` is in characters.
    """

    name: str
    title: str
    read: Callable[[Row], Cell]
    kind: Kind = Kind.TEXT
    width: int = 14

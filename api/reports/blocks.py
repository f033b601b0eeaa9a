"""What a document consists of, whichever form it is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A sentence or some."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table: columns from `numeric_from` on hold figures and stand to the end of their cells."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric_from: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A chart as SVG; the table that stands beside it has its figures. `caption` says what it shows."""

    caption: str
    svg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotation:
    """What somebody said, and who."""

    heading: str
    text: str
    source: str


Block = Paragraph | Grid | Picture | Quotation


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """A whole document. `evidence` says which moment it is of, and how to check it; it stands on every page."""

    language: str
    right_to_left: bool
    title: str
    subtitle: str
    notice: str | None
    sections: tuple[Section, ...]
    evidence: str

"""Workbooks of typed sheets: numbers are numbers, days are days, and a text is never a formula or a link.

The same sheets give the same bytes: the only time in the file is the one it is given.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]

from api.exports.cells import Cell, Column, Kind, Row

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

LONGEST_NAME = 31
"""Characters in the name of a sheet."""

LONGEST_TEXT = 32_767
"""Characters in a cell; the program would leave a longer text out without a word."""

EPOCH = datetime(1980, 1, 1, tzinfo=UTC)
"""When a workbook says that it was made where it is about nothing recorded."""

_FORMATS = {
    Kind.COUNT: {"num_format": "#,##0"},
    Kind.DOLLARS: {"num_format": "#,##0.00"},
    Kind.SHARE: {"num_format": "0.00%"},
    Kind.DAY: {"num_format": "yyyy-mm-dd"},
}
_OPTIONS = {
    "constant_memory": True,
    "strings_to_numbers": False,
    "strings_to_formulas": False,
    "strings_to_urls": False,
}
_NO_SHEET_NAME = re.compile(r"[\[\]:*?/\\]")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A sheet of rows under a header that stays in sight."""

    name: str
    columns: Sequence[Column]
    rows: Iterable[Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """The first sheet: a title, what the workbook is of, line by line, and how to read it."""

    title: str
    facts: Sequence[tuple[str, Cell]]
    explanation: Sequence[str]


def workbook(cover: Cover, sheets: Sequence[Sheet], *, made: datetime | None) -> bytes:
    """The workbook; `made` is the time it states for itself."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, _OPTIONS) as book:
        book.set_properties({"title": cover.title, "created": (made or EPOCH).astimezone(UTC).replace(tzinfo=None)})
        formats = {kind: book.add_format(form) for kind, form in _FORMATS.items()}
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        _write_cover(book, cover, bold)
        taken = {"About"}
        for sheet in sheets:
            name = _free_name(sheet.name, taken)
            taken.add(name)
            _write_sheet(book.add_worksheet(name), sheet, formats, bold)
    return buffer.getvalue()


def _write_cover(book: Any, cover: Cover, bold: Any) -> None:
    sheet = book.add_worksheet("About")
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 90)
    left = {"text_wrap": True, "valign": "top", "align": "left"}
    wrapped, day = book.add_format(left), book.add_format({**left, **_FORMATS[Kind.DAY]})
    sheet.write_string(0, 0, _text(cover.title), book.add_format({"bold": True, "font_size": 14}))
    for number, (name, value) in enumerate(cover.facts, start=2):
        sheet.write_string(number, 0, _text(name), bold)
        _write(sheet, number, 1, value, day if isinstance(value, date) else wrapped)
    for number, line in enumerate(cover.explanation, start=len(cover.facts) + 3):
        sheet.write_string(number, 1, _text(line), wrapped)


def _write_sheet(sheet: Any, content: Sheet, formats: dict[Kind, Any], bold: Any) -> None:
    for number, column in enumerate(content.columns):
        sheet.set_column(number, number, column.width)
        sheet.write_string(0, number, _text(column.title), bold)
    sheet.freeze_panes(1, 1)
    last = 0
    for last, row in enumerate(content.rows, start=1):
        for number, column in enumerate(content.columns):
            _write(sheet, last, number, column.read(row), formats.get(column.kind))
    if last:
        sheet.autofilter(0, 0, last, len(content.columns) - 1)


def _write(sheet: Any, row: int, column: int, cell: Cell, form: Any) -> None:
    match cell:
        case None:
            return
        case bool():
            sheet.write_boolean(row, column, cell, form)
        case int() | Decimal():
            sheet.write_number(row, column, float(cell), form)
        case date():
            sheet.write_datetime(row, column, cell, form)
        case str():
            sheet.write_string(row, column, _text(cell), form)


def _text(text: str) -> str:
    """The text as a cell can hold it: no longer than it may be, without what XML has no way to write."""
    return _NOT_IN_XML.sub("\ufffd", text)[:LONGEST_TEXT]


def _free_name(wanted: str, taken: set[str]) -> str:
    name = _NO_SHEET_NAME.sub(" ", wanted)[:LONGEST_NAME]
    numbered = (f"{name[: LONGEST_NAME - 4]} ({n})" for n in range(2, 100))
    return name if name not in taken else next(other for other in numbered if other not in taken)

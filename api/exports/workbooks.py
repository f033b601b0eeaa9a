"""Workbooks (XLSX): a cover sheet and a sheet for each table; numbers are numbers, and text is never a formula."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from typing import TYPE_CHECKING

from api.exports.tables import Cell, Table

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

EPOCH = datetime(2022, 1, 1, tzinfo=UTC)
"""When a workbook says that it was made if the register was empty then; never the time it really was made."""

SAFE_INTEGER = 2**53
WIDEST = 60


def workbook(cover: Sequence[tuple[str, Cell]], tables: Iterable[Table], *, title: str, made: datetime | None) -> bytes:
    """The workbook: the same bytes for the same content. `made` is the moment that the content is of."""
    # Loaded with the first workbook: a service at rest does without it.
    from xlsxwriter import Workbook  # noqa: PLC0415

    out = BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "remove_timezone": True,
    }
    with Workbook(out, options) as book:
        book.set_properties({"title": title, "created": (made or EPOCH).astimezone(UTC).replace(tzinfo=None)})
        writer = _SheetWriter(book)
        writer.cover(title, cover)
        for table in tables:
            writer.table(table)
    return out.getvalue()


class _SheetWriter:
    """Writes sheets in the workbook's formats."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._heading = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self._title = book.add_format({"bold": True, "font_size": 16})
        self._label = book.add_format({"bold": True, "valign": "top"})
        self._text = book.add_format({"text_wrap": True, "valign": "top", "align": "left"})
        self._money = book.add_format({"num_format": "#,##0.00"})
        self._whole = book.add_format({"num_format": "0"})
        self._day = book.add_format({"num_format": "yyyy-mm-dd"})

    def cover(self, title: str, lines: Sequence[tuple[str, Cell]]) -> None:
        sheet = self._book.add_worksheet("Cover")
        sheet.set_column(0, 0, 28)
        sheet.set_column(1, 1, 90)
        sheet.write_string(0, 0, title, self._title)
        for row, (label, value) in enumerate(lines, start=2):
            sheet.write_string(row, 0, label, self._label)
            self._write(sheet, row, 1, value, text=self._text)

    def table(self, table: Table) -> None:
        sheet = self._book.add_worksheet(table.title)
        sheet.freeze_panes(1, 1)
        widths = [len(name) for name in table.columns]
        for column, name in enumerate(table.columns):
            sheet.write_string(0, column, name, self._heading)
        last = 0
        for last, row in enumerate(table.rows, start=1):
            for column, value in enumerate(row):
                self._write(sheet, last, column, value)
                widths[column] = max(widths[column], min(len(str(value)), WIDEST))
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width + 2)
        if last:
            sheet.autofilter(0, 0, last, len(table.columns) - 1)

    def _write(self, sheet: Worksheet, row: int, column: int, value: Cell, text: Format | None = None) -> None:
        match value:
            case None:
                return
            case bool():
                sheet.write_boolean(row, column, value)
            case int() if abs(value) <= SAFE_INTEGER:
                sheet.write_number(row, column, value, self._whole)
            case Decimal() if abs(value) <= SAFE_INTEGER:
                # A spreadsheet's numbers have 15 digits: exact to the cent below ten thousand billion.
                sheet.write_number(row, column, float(value), self._money)
            case date():
                sheet.write_datetime(row, column, datetime(value.year, value.month, value.day), self._day)  # noqa: DTZ001 - a day
            case _:
                sheet.write_string(row, column, str(value), text)

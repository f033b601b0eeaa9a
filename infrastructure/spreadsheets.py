"""Reads the spreadsheets that imports come in: CSV by the standard library, workbooks by openpyxl."""

from __future__ import annotations

import csv
import io
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from application.register_import.mapping import FileFormat
from application.register_import.sheet import Cell, Fault, Row, Sheet, UnreadableFile
from domain.text import composed

WORKBOOKS = frozenset({".xlsx", ".xlsm"})
UTF8 = "utf-8-sig"  # reads a byte order mark where there is one

_LONGEST_CELL = 1_000_000

_Numbered = tuple[int, Sequence[Cell], Sequence[Fault]]


def read(path: Path, format: FileFormat) -> Sheet:
    """The records of a file, by its ending: .xlsx and .xlsm are workbooks, all else is CSV. Raises UnreadableFile."""
    records = _workbook(path, format) if path.suffix.casefold() in WORKBOOKS else _csv(path, format)
    return _sheet(path.name, records, format.header_row)


def require_columns(sheet: Sheet, wanted: Iterable[str]) -> None:
    """Refuse a file that lacks a column the mapping names. Raises UnreadableFile."""
    missing = [column for column in wanted if column not in sheet.columns]
    if missing:
        raise UnreadableFile(
            f"The file has no column {', '.join(missing)}; its columns are: {', '.join(sheet.columns)}.",
            remedy="Check the header row, the delimiter and the names in the mapping; they must be the same.",
        )


def _sheet(file_name: str, records: Iterator[_Numbered], header_row: int) -> Sheet:
    numbered = ((line, cells, faults) for line, cells, faults in records if line >= header_row)
    header = next((cells for _, cells, _ in numbered if not _is_blank(cells)), None)
    if header is None:
        raise UnreadableFile(f"{file_name} is empty.", remedy="Export the register again, with its header row.")
    columns = _columns(header)
    rows = tuple(
        _row(line, cells, faults, columns) for line, cells, faults in numbered if not _is_blank(cells) or faults
    )
    if not rows:
        raise UnreadableFile(
            f"{file_name} has a header, but no lines under it.", remedy="Export the register again, with its lines."
        )
    return Sheet(file_name=file_name, columns=columns, rows=rows)


def _columns(header: Sequence[Cell]) -> tuple[str, ...]:
    names = [str(cell).strip() if cell is not None else "" for cell in header]
    while names and not names[-1]:
        names.pop()
    twice = [name for name, count in Counter(names).items() if name and count > 1]
    if twice:
        raise UnreadableFile(
            f"The header names {', '.join(twice)} more than once, so that it is not clear which column is meant.",
            remedy="Give each column a name of its own.",
        )
    return tuple(names)


def _row(line: int, cells: Sequence[Cell], faults: Sequence[Fault], columns: tuple[str, ...]) -> Row:
    """The cells under their columns; a line with fewer or more cells than the header has lost its shape."""
    extra = [cell for cell in cells[len(columns) :] if cell not in (None, "")]
    unnamed = [cell for name, cell in zip(columns, cells, strict=False) if not name and cell not in (None, "")]
    wrong = [_with_column(fault, columns) for fault in faults]
    if extra or unnamed or len(cells) < len(columns):
        wrong.append(
            Fault(
                line=line,
                column=None,
                value="",
                reason=f"has {len(cells)} cells where the header has {len(columns)}"
                if not unnamed
                else "has a cell under a column without a name",
                remedy="Put quotation marks around cells with a delimiter in them, or name the column.",
            )
        )
    named = {name: cell for name, cell in zip(columns, cells, strict=False) if name}
    return Row(line=line, cells={**dict.fromkeys(filter(None, columns)), **named}, faults=tuple(wrong))


def _with_column(fault: Fault, columns: tuple[str, ...]) -> Fault:
    """A fault of the format knows its cell by number, until the header gives that a name."""
    number = int(fault.column or 0)
    name = columns[number] if number < len(columns) else f"column {number + 1}"
    return Fault(line=fault.line, column=name, value=fault.value, reason=fault.reason, remedy=fault.remedy)


def _is_blank(cells: Iterable[Cell]) -> bool:
    return all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in cells)


def _csv(path: Path, format: FileFormat) -> Iterator[_Numbered]:
    text = _decoded(path, format.encoding)
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=format.delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, [_unified(cell) for cell in cells], ()
            line = reader.line_num + 1
    except csv.Error as problem:
        raise UnreadableFile(
            f"The record that starts on line {line} cannot be read: {problem}.",
            remedy='Look for a quotation mark that is not closed; one inside a quoted cell is written twice: "".',
        ) from None


def _decoded(path: Path, encoding: str | None) -> str:
    content = path.read_bytes()
    if content.startswith(b"PK\x03\x04"):
        raise UnreadableFile(f"{path.name} is a workbook, not CSV.", remedy="Let its name end in .xlsx.")
    try:
        return content.decode(encoding or UTF8)
    except UnicodeDecodeError as problem:
        line = content[: problem.start].count(b"\n") + 1
        raise UnreadableFile(
            f"Line {line} is not {encoding or 'UTF-8'} text (byte 0x{content[problem.start]:02x}).",
            remedy='Save the file as UTF-8, or name its encoding in the mapping: [file] encoding = "windows-1252"',
        ) from None
    except LookupError:
        raise UnreadableFile(
            f"There is no encoding {encoding}.", remedy="Correct [file] encoding in the mapping."
        ) from None


def _workbook(path: Path, format: FileFormat) -> Iterator[_Numbered]:
    """The rows of one sheet. It is read twice, for what formulas gave last and for where formulas stand."""
    try:
        values, formulas = (load_workbook(path, read_only=True, data_only=data_only) for data_only in (True, False))
    except (InvalidFileException, zipfile.BadZipFile, KeyError, OSError, ValueError) as problem:
        raise UnreadableFile(
            f"{path.name} cannot be read as a workbook: {problem}.", remedy="Save it anew as .xlsx, or as CSV."
        ) from None
    try:
        name = format.sheet or values.sheetnames[0]
        if name not in values.sheetnames:
            raise UnreadableFile(
                f"{path.name} has no sheet {name}; its sheets are: {', '.join(values.sheetnames)}.",
                remedy="Correct [file] sheet in the mapping.",
            )
        for value in (values[name], formulas[name]):
            value.reset_dimensions()  # some programs write wrong ones
        rows = zip(values[name].iter_rows(), formulas[name].iter_rows(), strict=True)
        yield from _padded([_numbered(line, *row) for line, row in enumerate(rows, start=1)])
    finally:
        values.close()
        formulas.close()


def _padded(rows: Sequence[_Numbered]) -> Iterator[_Numbered]:
    """A workbook leaves out the empty cells at a row's end; the widest row says how many there are."""
    widest = max((len(cells) for _, cells, _ in rows), default=0)
    for line, cells, faults in rows:
        yield line, [*cells, *[None] * (widest - len(cells))], faults


def _numbered(line: int, values: Sequence[Any], formulas: Sequence[Any]) -> _Numbered:
    cells: list[Cell] = []
    faults: list[Fault] = []
    for number, (value, formula) in enumerate(zip(values, formulas, strict=True)):
        wrong = _wrong(value, formula)
        if wrong:
            reason, remedy = wrong
            shown = str(formula.value if formula.data_type == "f" else value.value)
            faults.append(Fault(line=line, column=str(number), value=shown, reason=reason, remedy=remedy))
        cells.append(None if wrong else _exact(value.value))
    return line, cells, faults


def _wrong(value: Any, formula: Any) -> tuple[str, str] | None:
    if formula.data_type == "f" and value.value is None:
        return "has a formula whose result is not in the file", "Open and save the file in a spreadsheet program."
    if value.data_type == "e":
        return "has an error instead of a value", "Put the formula right, or replace it by its value."
    return None


def _exact(value: Any) -> Cell:
    """A number as the decimal a person sees: the shortest one that the binary number stands for."""
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case int():
            return Decimal(value)
        case float():
            exact = Decimal(repr(value))
            return exact.quantize(Decimal(1)) if exact == exact.to_integral_value() and abs(exact) < 10**20 else exact
        case datetime():
            return value.date()
        case date() | None:
            return value
        case _:
            return _unified(str(value))


def _unified(text: str) -> str:
    """Text in composed form, with one sign for the end of a line, whichever system the file comes from."""
    return composed(text).replace("\r\n", "\n").replace("_x000D_\n", "\n")

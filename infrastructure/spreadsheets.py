"""Reads the spreadsheets that imports come in: CSV by the standard library, workbooks by openpyxl."""

from __future__ import annotations

import csv
import io
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from application.register_import.mapping import FileFormat
from application.register_import.sheet import Cell, Fault, Row, Sheet, UnreadableFile
from domain.text import composed

if TYPE_CHECKING:
    from openpyxl import Workbook

WORKBOOKS = frozenset({".xlsx", ".xlsm"})
UTF8 = "utf-8-sig"  # reads a byte order mark where there is one

MEBIBYTE = 1_048_576
LARGEST_FILE = 16 * MEBIBYTE
LARGEST_UNPACKED = 128 * MEBIBYTE
"""The most bytes that a workbook, which is a zip file, may hold unpacked."""

MOST_LINES = 100_000
MOST_CELLS = 5_000_000
"""The most cells of all lines together, the empty ones between others included."""

_SPLIT_IT = "Split the register into several files with one header, and import one after the other."
_LONGEST_CELL = 1_000_000

_Numbered = tuple[int, Sequence[Cell], Sequence[Fault]]


def read(path: Path, format: FileFormat) -> Sheet:
    """The records of a file, by its ending: .xlsx and .xlsm are workbooks, all else is CSV. Raises UnreadableFile."""
    _require_size(path.name, path.stat().st_size, LARGEST_FILE, "is")
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
    bounded = _bounded(file_name, records)
    numbered = ((line, cells, faults) for line, cells, faults in bounded if line >= header_row)
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


def _require_size(file_name: str, size: int, largest: int, how: str) -> None:
    if size > largest:
        raise UnreadableFile(
            f"{file_name} {how} larger than {largest // MEBIBYTE} MiB.",
            remedy=f"{_SPLIT_IT} Take pictures and other sheets out of a workbook.",
        )


def _bounded(file_name: str, records: Iterable[_Numbered]) -> Iterator[_Numbered]:
    """The records, as long as they are not too many for memory."""
    count = 0
    for number, (line, cells, faults) in enumerate(records, start=1):
        count += len(cells)
        if number > MOST_LINES or count > MOST_CELLS:
            raise UnreadableFile(
                f"{file_name} has more than {MOST_LINES:,} lines, or {MOST_CELLS:,} cells, up to line {line}.",
                remedy=f"{_SPLIT_IT} Delete lines and columns without content: their cells may count, too.",
            )
        yield line, cells, faults


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
    try:
        rows = _rows_of_workbook(path, format)
    except UnreadableFile:
        raise
    except Exception as problem:  # noqa: BLE001 - the library raises whatever a damaged file leads it into
        raise UnreadableFile(
            f"{path.name} cannot be read as a workbook: {str(problem) or type(problem).__name__}.",
            remedy="Save it anew as .xlsx, or as CSV.",
        ) from None
    yield from _padded(rows)


def _rows_of_workbook(path: Path, format: FileFormat) -> Sequence[_Numbered]:
    """The rows of one sheet. It is read twice, for what formulas gave last and for where formulas stand."""
    with zipfile.ZipFile(path) as parts:
        unpacked = sum(part.file_size for part in parts.infolist())
    _require_size(path.name, unpacked, LARGEST_UNPACKED, "is, unpacked,")
    with _opened(path, data_only=True) as values, _opened(path, data_only=False) as formulas:
        name = format.sheet or values.sheetnames[0]
        if name not in values.sheetnames:
            raise UnreadableFile(
                f"{path.name} has no sheet {name}; its sheets are: {', '.join(values.sheetnames)}.",
                remedy="Correct [file] sheet in the mapping.",
            )
        rows = zip(_rows(values[name]), _rows(formulas[name]), strict=True)
        return list(_bounded(path.name, (_numbered(line, *row) for line, row in enumerate(rows, start=1))))


@contextmanager
def _opened(path: Path, *, data_only: bool) -> Iterator[Workbook]:
    # Ten megabytes, which no service needs, and most commands do not.
    from openpyxl import load_workbook  # noqa: PLC0415

    with path.open("rb") as file:  # the library leaves it open where the workbook is damaged
        workbook = load_workbook(file, read_only=True, data_only=data_only)
        try:
            yield workbook
        finally:
            workbook.close()


def _rows(sheet: Any) -> Iterator[Sequence[Any]]:
    sheet.reset_dimensions()  # some programs write wrong ones
    return iter(sheet.iter_rows())


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

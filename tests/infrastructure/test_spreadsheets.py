"""Spreadsheets are read exactly, and what cannot be read is said clearly."""

import csv
import struct
import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from application.register_import.mapping import FileFormat
from application.register_import.reading import read as read_promises
from application.register_import.sheet import Sheet, UnreadableFile
from infrastructure import spreadsheets
from tests.application import fts, made_up


def csv_file(folder: Path, content: str | bytes, name: str = "register.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def workbook(folder: Path, *rows: list[Any]) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    path = folder / "register.xlsx"
    book.save(path)
    return path


def read(path: Path, **format: Any) -> Sheet:
    return spreadsheets.read(path, FileFormat(**format))


def test_a_line_is_numbered_where_its_record_starts(tmp_path: Path) -> None:
    sheet = read(csv_file(tmp_path, 'a,b\r\n1,"two\nlines\r\n"\r\n\r\n3,x\r\n'))

    assert [(row.line, row.cells["b"]) for row in sheet.rows] == [(2, "two\nlines\n"), (6, "x")]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_utf_8_is_read_with_and_without_a_byte_order_mark(tmp_path: Path, mark: bytes) -> None:
    sheet = read(csv_file(tmp_path, mark + "Médecins\nSociété\n".encode()))

    assert (sheet.columns, sheet.rows[0].cells) == (("Médecins",), {"Médecins": "Société"})


def test_another_encoding_is_refused_by_line_until_it_is_named(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "a,b\n1,2\nSociété,3\n".encode("cp1252"))

    with pytest.raises(UnreadableFile, match="Line 3 is not UTF-8 text") as refused:
        read(path)

    assert "[file] encoding" in refused.value.remedy
    assert read(path, encoding="cp1252").rows[1].cells["a"] == "Société"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("a,b\n", "has a header, but no lines"),
        ("a,b,a\n1,2,3\n", "names a more than once"),
        ('a,b\n1,2\n3,"4\n5,6\n', "record that starts on line 3 cannot be read"),
        ('a,b\n1,"x"y\n', "record that starts on line 2 cannot be read"),
        (b"PK\x03\x04", "is a workbook, not CSV"),
        (b"\xff\xfea\x00", "Line 1 is not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    with pytest.raises(UnreadableFile, match=message) as refused:
        read(csv_file(tmp_path, content))

    assert refused.value.remedy


def test_a_missing_column_is_named_beside_those_there_are(tmp_path: Path) -> None:
    sheet = read(csv_file(tmp_path, "Donor,Funding\nx,1\n"))

    with pytest.raises(UnreadableFile, match="no column Channel, Area; its columns are: Donor, Funding"):
        spreadsheets.require_columns(sheet, ["Donor", "Channel", "Area"])


def test_ragged_lines_are_bad_lines_not_a_bad_file(tmp_path: Path) -> None:
    sheet = read(csv_file(tmp_path, "a,b\n1\n1,2\n1,2,3\n1,2,\n"))

    assert [(row.line, len(row.faults)) for row in sheet.rows] == [(2, 1), (3, 0), (4, 1), (5, 0)]
    assert sheet.rows[2].faults[0].reason == "has 3 cells where the header has 2"


def test_control_characters_and_lone_quotes_come_through_to_be_judged_by_line(tmp_path: Path) -> None:
    sheet = read(csv_file(tmp_path, 'a,b\nx\x00y,=1+1\nhe said "no",2\n'))

    assert [tuple(row.cells.values()) for row in sheet.rows] == [("x\x00y", "=1+1"), ('he said "no"', "2")]


def test_numbers_of_a_workbook_are_exact_and_dates_are_dates(tmp_path: Path) -> None:
    row = [1234.5, 0.1, 1000000, 1e15, datetime(2025, 3, 1), True, None, "2"]  # noqa: DTZ001
    sheet = read(workbook(tmp_path, [*"abcdefgh"], row, [None] * 8))

    cells = [Decimal("1234.5"), Decimal("0.1"), Decimal(1000000), Decimal(10**15), date(2025, 3, 1), "TRUE", None, "2"]
    assert [list(row.cells.values()) for row in sheet.rows] == [cells]


def test_a_formula_without_its_result_is_a_bad_cell_named_by_line_and_column(tmp_path: Path) -> None:
    sheet = read(workbook(tmp_path, ["a", "b"], [1, "=1+1"], [2, "#REF!"]))

    assert [(f.line, f.column, f.value) for row in sheet.rows for f in row.faults] == [
        (2, "b", "=1+1"),
        (3, "b", "#REF!"),
    ]


def test_a_sheet_is_chosen_by_name_and_the_header_by_row(tmp_path: Path) -> None:
    path = workbook(tmp_path, ["A title"], [], ["a", "b"], [1, 2])

    assert read(path, header_row=3).rows[0].line == 4
    with pytest.raises(UnreadableFile, match="has no sheet Data; its sheets are: Sheet"):
        read(path, sheet="Data")


def test_what_is_no_workbook_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="cannot be read as a workbook"):
        read(csv_file(tmp_path, "a,b\n", "register.xlsx"))


def remade(path: Path, sheet: str | bytes, **other_parts: bytes) -> Path:
    """The workbook with another sheet in it, and other parts."""
    with zipfile.ZipFile(path) as before:
        parts = {name: before.read(name) for name in before.namelist()}
    parts |= {"xl/worksheets/sheet1.xml": sheet.encode() if isinstance(sheet, str) else sheet, **other_parts}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as after:
        for name, part in parts.items():
            after.writestr(name, part)
    return path


def sheet_of(rows: str) -> str:
    namespace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<worksheet xmlns="{namespace}"><sheetData>{rows}</sheetData></worksheet>'


HEADER = '<row r="1"><c r="A1"><v>1</v></c></row>'
LAUGHS = "".join(
    f'<!ENTITY {name} "{f"&{before};" * 20}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "sheet",
    [
        "",
        "<nonsense/>",
        sheet_of(HEADER)[:-20],
        sheet_of('<row r="x"/>'),
        sheet_of('<row r="1"><c r="A1" t="s"><v>7</v></c></row>'),
        f'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaaaaaaaaaaaa">{LAUGHS}]>' + sheet_of('<row><c t="str"><v>&i;</v></c></row>'),
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>' + sheet_of('<row><c t="str"><v>&a;</v></c></row>'),
    ],
    ids=["empty", "no sheet", "cut off", "no number", "no such string", "entities in entities", "a file in an entity"],
)
def test_a_damaged_or_hostile_workbook_is_refused(tmp_path: Path, sheet: str) -> None:
    with pytest.raises(UnreadableFile) as refused:
        read(remade(workbook(tmp_path, ["a"], [1]), sheet))

    assert refused.value.remedy


def test_a_part_that_unpacks_to_more_than_it_says_is_refused(tmp_path: Path) -> None:
    path = remade(workbook(tmp_path, ["a"], [1]), sheet_of(HEADER + " " * 100_000))
    said, real = (struct.pack("<I", size) for size in (500, len(sheet_of(HEADER + " " * 100_000))))
    content = path.read_bytes()
    assert content.count(real) == 2
    path.write_bytes(content.replace(real, said))

    with pytest.raises(UnreadableFile, match="cannot be read as a workbook"):
        read(path)


@pytest.mark.parametrize("name", ["register.csv", "register.xlsx"])
def test_a_file_that_is_too_large_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(spreadsheets, "LARGEST_FILE", spreadsheets.MEBIBYTE)

    with pytest.raises(UnreadableFile, match=f"{name} is larger than 1 MiB") as refused:
        read(csv_file(tmp_path, b"a\n" * (600 * 1_024), name))

    assert "several files" in refused.value.remedy


def test_a_workbook_that_is_too_large_when_it_is_unpacked_is_refused_before_it_is(tmp_path: Path) -> None:
    path = remade(workbook(tmp_path, ["a"], [1]), b" " * (spreadsheets.LARGEST_UNPACKED + 1))

    assert path.stat().st_size < spreadsheets.LARGEST_FILE / 10
    with pytest.raises(UnreadableFile, match="is, unpacked, larger than 128 MiB"):
        read(path)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize(("lines", "columns"), [(12, 2), (5, 30)], ids=["lines", "cells"])
def test_more_lines_or_cells_than_fit_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, lines: int, columns: int
) -> None:
    monkeypatch.setattr(spreadsheets, "MOST_LINES", 10)
    monkeypatch.setattr(spreadsheets, "MOST_CELLS", 100)
    rows = [[f"c{column}" for column in range(columns)]] * lines
    path = csv_file(tmp_path, "\n".join(map(",".join, rows))) if kind == "csv" else workbook(tmp_path, *rows)

    with pytest.raises(UnreadableFile, match=r"has more than 10 lines, or 100 cells, up to line \d+"):
        read(path)


@pytest.mark.parametrize(
    "rows",
    [HEADER + '<row r="99999999999"/>', HEADER + '<row><c r="ZZZ2"><v>1</v></c></row>' * 1_000],
    ids=["a row far down", "a column far out"],
)
def test_rows_and_columns_that_are_far_away_do_not_fill_memory(tmp_path: Path, rows: str) -> None:
    with pytest.raises(UnreadableFile, match="has more than 100,000 lines, or 5,000,000 cells"):
        read(remade(workbook(tmp_path, ["a"], [1]), sheet_of(rows)))


@pytest.mark.parametrize("day", [fts.FIRST, fts.SECOND, fts.THIRD])
def test_a_workbook_and_a_csv_file_of_the_same_rows_promise_the_same(tmp_path: Path, day: str) -> None:
    with fts.path(day).open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    amount = header.index("Funding")
    path = workbook(tmp_path, header, *([*r[:amount], int(r[amount]), *r[amount + 1 :]] for r in rows))

    def promised(sheet: Sheet) -> list[Any]:
        reading, faults = read_promises(sheet, fts.mapping(), made_up.EXPORTED_ON)
        assert not faults
        return [(p.key, p.lead, p.firmness, p.announce, p.amounts) for p in reading.promises]

    assert promised(read(path)) == promised(fts.sheet(day))

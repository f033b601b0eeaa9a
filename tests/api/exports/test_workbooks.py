"""Workbooks: numbers are numbers, and what somebody wrote is never a formula or a link."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pytest

from api.exports.tables import Table
from api.exports.workbooks import workbook

MADE = datetime(2026, 6, 1, 12, tzinfo=UTC)


def sheet(*row: object) -> tuple[object, ...]:
    """The cells of a row, written and read back."""
    table = Table(title="Any", columns=[f"c{n}" for n in range(len(row))], rows=[row])  # type: ignore[list-item]
    book = openpyxl.load_workbook(io.BytesIO(workbook([("of", 17)], [table], title="Any", made=MADE)))
    return book["Any"][2]


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "{=1}", "https://example.org/", "mailto:a@example.org", "00123", "1e5"]
)
def test_a_text_stays_a_text(text: str) -> None:
    [cell] = sheet(text)
    assert (cell.value, cell.data_type, cell.hyperlink) == (text, "s", None)  # type: ignore[attr-defined]


def test_signs_that_xml_cannot_write_do_no_harm() -> None:
    [cell] = sheet("a\ufffe\uffffb_x0041_")
    assert cell.data_type == "s"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (Decimal("36780000000.05"), 36_780_000_000.05),
        (Decimal("-0.01"), -0.01),
        (845, 845),
        (date(2026, 1, 31), datetime(2026, 1, 31)),  # noqa: DTZ001 - a day
        (True, True),
        (None, None),
    ],
)
def test_figures_and_days_are_what_they_are(value: object, read: object) -> None:
    [_, cell] = sheet("before", value)
    assert cell.value == read  # type: ignore[attr-defined]
    assert type(cell.value) is type(read)  # type: ignore[attr-defined]


def test_the_same_content_gives_the_same_bytes() -> None:
    tables = [Table(title="Any", columns=("a",), rows=[("x",)])]
    first = workbook([("of", 17)], tables, title="Any", made=MADE)
    assert first == workbook([("of", 17)], tables, title="Any", made=MADE)
    assert openpyxl.load_workbook(io.BytesIO(first)).properties.created == MADE.replace(tzinfo=None)

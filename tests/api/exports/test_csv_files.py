"""No text of anybody's becomes a formula in a spreadsheet; numbers stay numbers."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.exports.csv_files import cell, csv_lines
from api.exports.tables import Table

# A line break inside a text is quoted, but a reader in universal mode makes one kind of the three.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\x00"))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_text_that_would_be_a_formula_is_given_an_apostrophe(start: str) -> None:
    assert cell(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (-5, "-5"),
        (Decimal("-1250000.00"), "-1250000.00"),
        (Decimal("1E+3"), "1000"),
        (date(2026, 1, 31), "2026-01-31"),
        (True, "true"),
        (False, "false"),
        (None, ""),
        ("a = b", "a = b"),
    ],
)
def test_numbers_days_and_plain_texts_are_as_they_are(value: object, written: str) -> None:
    assert cell(value) == written  # type: ignore[arg-type]


@given(st.lists(st.tuples(texts, st.integers(), texts), max_size=20))
def test_whatever_is_written_is_read_back_and_no_text_begins_as_a_formula(rows: list[tuple[str, int, str]]) -> None:
    table = Table(title="Any", columns=("a", "n", "b"), rows=rows)
    file = b"".join(csv_lines(table)).decode()
    header, *lines = csv.reader(io.StringIO(file, newline=""))

    assert header == ["a", "n", "b"]
    assert [int(n) for _, n, _ in lines] == [n for _, n, _ in rows]
    for (a, _, b), (first, _, second) in zip(lines, rows, strict=True):
        assert [a.removeprefix("'") == first.removeprefix("'"), b.removeprefix("'") == second.removeprefix("'")] == [
            True,
            True,
        ]
        assert not a.startswith(("=", "+", "-", "@", "\t"))
        assert not b.startswith(("=", "+", "-", "@", "\t"))


def test_a_long_table_is_written_in_parts() -> None:
    table = Table(title="Long", columns=("n",), rows=([n] for n in range(1_200)))
    parts = list(csv_lines(table))
    assert len(parts) == 4
    assert b"".join(parts).split() == [b"n", *(str(n).encode() for n in range(1_200))]

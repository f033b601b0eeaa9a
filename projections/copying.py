"""Rows in the text form that COPY takes, written here: of a fact there are many, of few columns that change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from psycopg import Cursor, sql
from psycopg.rows import DictRow

NULL = "\\N"

LINES_AT_ONCE = 200


def copy_lines(cursor: Cursor[DictRow], table: str, columns: Sequence[str], lines: Iterable[str]) -> None:
    """Copy rows into a table; each line has the columns' texts with tabs between them."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    left = iter(lines)
    with cursor.copy(statement) as copy:
        while together := list(islice(left, LINES_AT_ONCE)):
            copy.write("\n".join([*together, ""]))


def line(*values: object) -> str:
    """A row of any values whose text PostgreSQL reads: texts, numbers, dates, instants, UUIDs, yes and no."""
    return "\t".join(map(column, values))


def column(value: object) -> str:
    """The text of one column."""
    return NULL if value is None else escaped(str(value))


def escaped(text: str) -> str:
    """A text without characters that mean something to COPY."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def escaped_json(document: str) -> str:
    """The same of JSON, which has no tabs or ends of lines of its own."""
    return document.replace("\\", "\\\\")


def array(items: Iterable[object]) -> str:
    """A column of several values."""
    quoted = (str(item).replace("\\", "\\\\").replace('"', '\\"') for item in items)
    return escaped("{" + ",".join(f'"{item}"' for item in quoted) + "}")

"""Steps and sums in their tables: added to what is there, or copied into tables that have none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache, lru_cache
from itertools import islice
from typing import LiteralString

import msgspec
from psycopg import Cursor, sql
from psycopg.rows import DictRow

from projections.copying import NULL, copy_lines, escaped_json, line
from projections.portfolio.counted import FIGURES, LADDER, REPORTING, Figures, Part
from projections.portfolio.steps import Step
from projections.portfolio.sums import Sums

ROWS_AT_ONCE = 10_000

_BLOCK, _TIME = ("size", "block"), ("grain", "since")
_HEALTHS = tuple(REPORTING.values())

_PLACES = {name: place for place, name in enumerate(FIGURES)}
_PLACES_OF_HEALTHS = {name: place for place, name in enumerate(_HEALTHS)}

_Row = tuple[Part, object, object, Figures]


def copy_steps(cursor: Cursor[DictRow], steps: Iterable[Step]) -> None:
    """Write steps."""
    copy_lines(cursor, "steps", ("position", "parts", *FIGURES), map(_step_line, steps))


def add_sums(cursor: Cursor[DictRow], sums: Sums) -> None:
    """Add sums to those that are stored, and let no row be left that says nothing."""
    _add(cursor, "blocks", _BLOCK, FIGURES, sums.blocks())
    _add(cursor, "calendar", _TIME, _HEALTHS, sums.calendar())


def copy_sums(cursor: Cursor[DictRow], sums: Sums) -> None:
    """Write sums where none are stored."""
    copy_lines(cursor, "blocks", ("dimension", "key", *_BLOCK, *FIGURES), (_line(r, _PLACES) for r in sums.blocks()))
    copy_lines(
        cursor,
        "calendar",
        ("dimension", "key", *_TIME, *_HEALTHS),
        (_line(r, _PLACES_OF_HEALTHS) for r in sums.calendar()),
    )


def _step_line(step: Step) -> str:
    amounts = [NULL] * len(FIGURES)
    for name, amount in step.figures.items():
        amounts[_PLACES[name]] = str(amount)
    return "\t".join((str(step.position), _parts(step.parts), *amounts))


@lru_cache(maxsize=1_000)  # a pledge mostly stays in its parts
def _parts(parts: frozenset[Part]) -> str:
    """The keys by dimension as JSON."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for dimension, key in sorted(parts):
        found[dimension].append(key)
    return escaped_json(msgspec.json.encode(found).decode())


def _line(row: _Row, places: Mapping[str, int]) -> str:
    """A row as COPY takes it, in the form in which it is kept up: dollars without zeros at the end."""
    part, kind, which, figures = row
    amounts = ["0"] * len(places)
    for name, amount in figures.items():
        amounts[places[name]] = _text(name, amount)
    return "\t".join((_keys(part), str(kind), str(which), *amounts))


def _text(name: str, amount: Decimal) -> str:
    return str(amount.normalize() if name in LADDER else amount)


@lru_cache(maxsize=10_000)
def _keys(part: Part) -> str:
    return line(*part)


def _add(
    cursor: Cursor[DictRow], table: str, span: tuple[str, str], names: Sequence[str], sums: Iterator[_Row]
) -> None:
    while together := list(islice(sums, ROWS_AT_ONCE)):
        changed = msgspec.json.encode([_named(row, span) for row in together]).decode()
        cursor.execute(_added_to(table, span, names), (changed,))
        cursor.execute(_nothing_left(table, span, names), (changed,))


def _named(row: _Row, span: tuple[str, str]) -> Mapping[str, object]:
    (dimension, key), kind, which, figures = row
    return {"dimension": dimension, "key": key, span[0]: kind, span[1]: which, **figures}


@cache
def _added_to(table: str, span: tuple[str, str], names: Sequence[str]) -> sql.Composed:
    return sql.SQL("""
INSERT INTO {table} AS stored ({key}, {names})
SELECT {key}, {given} FROM json_populate_recordset(NULL::{table}, %s::json)
ON CONFLICT ({key}) DO UPDATE SET {added}
""").format(
        table=sql.Identifier(table),
        key=_listed("{}", ("dimension", *span, "key")),
        names=_listed("{}", names),
        given=sql.SQL(", ").join(map(_given, names)),
        added=sql.SQL(", ").join(map(_added, names)),
    )


@cache
def _nothing_left(table: str, span: tuple[str, str], names: Sequence[str]) -> sql.Composed:
    key = ("dimension", *span, "key")
    return sql.SQL("""
DELETE FROM {table} AS stored USING json_populate_recordset(NULL::{table}, %s::json) AS changed
WHERE ({stored}) = ({changed}) AND {nothing}
""").format(
        table=sql.Identifier(table),
        stored=_listed("stored.{}", key),
        changed=_listed("changed.{}", key),
        nothing=sql.SQL(" AND ").join(sql.SQL("stored.{} = 0").format(sql.Identifier(name)) for name in names),
    )


def _listed(form: LiteralString, names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL(form).format(sql.Identifier(name)) for name in names)


def _added(name: str) -> sql.Composable:
    """The stored figure and what comes to it. Without zeros at its end a sum is the same whatever it is made from."""
    template = "{0} = trim_scale(stored.{0} + excluded.{0})" if name in LADDER else "{0} = stored.{0} + excluded.{0}"
    return sql.SQL(template).format(sql.Identifier(name))


def _given(name: str) -> sql.Composable:
    template = "trim_scale(coalesce({}, 0))" if name in LADDER else "coalesce({}, 0)"
    return sql.SQL(template).format(sql.Identifier(name))

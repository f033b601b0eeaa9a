"""The figures of the first page as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from api.exports.tables import Cell, Table
from api.web.overview import Overview
from domain.dimensions import Key
from domain.ladder import RUNGS, Ladder
from domain.totals import Total

COLUMNS = (
    "dimension",
    "key",
    "pledges",
    "organisations",
    "countries",
    *(f"{rung}_usd" for rung in RUNGS),
    "reported",
    "response_rate",
)


def overview_document(found: Overview) -> dict[str, Any]:
    """Totals of the whole and of its parts, and what they came to month by month; amounts are decimal strings."""
    return {
        "goal": {"usd": f"{found.goal:f}", "on": found.goal_on.isoformat(), "reached": _text(found.reached)},
        "totals": _total(found.whole),
        "groups": {
            cut.dimension.value: [{"key": part.key, **_total(part.total)} for part in cut.parts] for cut in found.cuts
        },
        "months": [{"until": day.isoformat(), **_ladder(ladder)} for day, ladder in found.course],
    }


def overview_table(found: Overview) -> Table:
    """The same as one table: `dimension` and `key` say what a row is about, `all` or `month` besides."""
    return Table(title="overview", columns=COLUMNS, rows=_rows(found))


def _rows(found: Overview) -> Iterator[tuple[Cell, ...]]:
    yield _row("all", None, found.whole)
    for cut in found.cuts:
        for part in cut.parts:
            yield _row(cut.dimension.value, part.key, part.total)
    for day, ladder in found.course:
        yield ("month", day, None, None, None, *(getattr(ladder, rung) for rung in RUNGS), None, None)


def _row(dimension: str, key: Key, total: Total) -> tuple[Cell, ...]:
    rungs = (getattr(total.ladder, rung) for rung in RUNGS)
    counts = (total.pledges, total.organisations, total.countries)
    return (dimension, key, *counts, *rungs, total.reported, total.response_rate)


def _total(total: Total) -> dict[str, Any]:
    return {
        "pledges": total.pledges,
        "organisations": total.organisations,
        "countries": total.countries,
        **_ladder(total.ladder),
        "lifecycle": {code.value: number for code, number in total.lifecycle.items()},
        "reporting": {code.value: number for code, number in total.reporting.items()},
        "reported": total.reported,
        "response_rate": _text(total.response_rate),
    }


def _ladder(ladder: Ladder) -> dict[str, str]:
    return {f"{rung}_usd": f"{getattr(ladder, rung):f}" for rung in RUNGS}


def _text(amount: object) -> str | None:
    return None if amount is None else f"{amount:f}"

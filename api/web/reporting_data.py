"""The obligations and the good practices behind pages as data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from api.exports.tables import Cell, Table
from api.http.obligation_documents import obligation_document
from api.http.story_documents import story_document
from domain.good_practices import Story
from domain.obligations import Obligation

STORY_COLUMNS: Sequence[str] = (
    "reference",
    "pledge_title",
    "lead_id",
    "lead_name",
    "sector",
    "pledger_region",
    "focus_area",
    "type",
    "period_start",
    "period_end",
    "number",
    "title",
    "text",
)


def obligations_document(owed: Iterable[Obligation]) -> dict[str, Any]:
    """Every report that is owed, as the interface for programs tells it."""
    return {"items": [obligation_document(one).model_dump(mode="json") for one in owed]}


def stories_document(told: Iterable[Story]) -> dict[str, Any]:
    """Every story, as the interface for programs tells it."""
    return {"items": [story_document(story).model_dump(mode="json") for story in told]}


def stories_table(told: Iterable[Story]) -> Table:
    """One row for each story."""
    return Table(title="good-practices", columns=STORY_COLUMNS, rows=_rows(told))


def _rows(told: Iterable[Story]) -> Iterator[Sequence[Cell]]:
    for story in told:
        yield (
            story.reference,
            story.pledge_title,
            str(story.lead),
            story.lead_name,
            story.sector.value,
            story.pledger_region.value if story.pledger_region else None,
            story.focus_area.value,
            story.type.value,
            story.period_start,
            story.period_end,
            story.number,
            story.title,
            story.text,
        )

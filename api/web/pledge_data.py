"""A pledge as data: how it stands and its life, and its life as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from api.exports.tables import Cell, Table
from api.http.representations import pledge_document
from api.web.pledge_life import Step
from api.web.pledge_page import PledgePage
from audit.envelope import format_instant

COLUMNS = (
    "version",
    "position",
    "type",
    "effective_on",
    "recorded_at",
    "role",
    "organisation",
    "organisation_name",
    "told",
    "details",
)


def pledge_as_document(shown: PledgePage) -> Mapping[str, Any]:
    """The pledge as the programs' interface tells it, and each fact of its life in words."""
    entry = shown.entry
    pledge = pledge_document(
        shown.pledge, shown.names, position=entry.position, recorded_at=entry.recorded_at, on=shown.on
    )
    return {"pledge": pledge.model_dump(mode="json", by_alias=True), "life": [_told(step) for step in shown.life]}


def life_table(shown: PledgePage) -> Table:
    """One row for each fact of its life."""
    return Table(title=shown.pledge.reference, columns=COLUMNS, rows=_rows(shown))


def _told(step: Step) -> dict[str, Any]:
    return {
        "version": step.version,
        "position": step.position,
        "type": step.type,
        "effective_on": step.effective_on.isoformat(),
        "recorded_at": format_instant(step.recorded_at),
        "role": step.role,
        "organisation": str(step.organisation) if step.organisation else None,
        "organisation_name": step.organisation_name,
        "told": step.story.title,
        "details": list(step.story.details),
        "words": [{"label": words.label, "text": words.text} for words in step.story.words],
    }


def _rows(shown: PledgePage) -> Iterator[tuple[Cell, ...]]:
    for step in shown.life:
        told = [*step.story.details, *(f"{words.label}: {words.text}" for words in step.story.words)]
        yield (
            step.version,
            step.position,
            step.type,
            step.effective_on,
            format_instant(step.recorded_at),
            step.role.value,
            str(step.organisation) if step.organisation else None,
            step.organisation_name,
            step.story.title,
            "\n".join(told) or None,
        )

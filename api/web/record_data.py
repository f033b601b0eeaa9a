"""What a visitor can record, as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from api.exports.tables import Cell, Table
from api.web.record import OwnPledge, Record

COLUMNS = (
    "reference",
    "title",
    "lead",
    "leads",
    "lifecycle",
    "version",
    "report_due_on",
    "report_from",
    "report_to",
    "forms",
)


def record_document(found: Record) -> dict[str, Any]:
    """The pledges, what is owed on them, and the addresses of the forms; `next` is to be given as `after`."""
    return {
        "organisation": found.organisation,
        "may_announce": found.announces,
        "pledges": [_pledge(one) for one in found.pledges],
        "next": found.next,
    }


def record_table(found: Record) -> Table:
    """The same as a table: the forms by their names, with spaces between."""
    return Table(title="record", columns=COLUMNS, rows=_rows(found))


def _rows(found: Record) -> Iterator[tuple[Cell, ...]]:
    for one in found.pledges:
        told = _pledge(one)
        yield (*(told[name] for name in COLUMNS[:-1]), " ".join(form.name for form in one.forms))


def _pledge(one: OwnPledge) -> dict[str, Any]:
    return {
        "reference": one.pledge.reference,
        "title": one.pledge.title,
        "lead": one.lead,
        "leads": one.leads,
        "lifecycle": one.pledge.lifecycle.value,
        "version": one.pledge.version,
        "report_due_on": str(one.owed.due_on) if one.owed else None,
        "report_from": str(one.owed.period_start) if one.owed else None,
        "report_to": str(one.owed.period_end) if one.owed else None,
        "forms": {form.name: form.address for form in one.forms},
    }

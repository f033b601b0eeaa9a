"""The list of pledges as data: every pledge that the filters choose, on all pages, as a snapshot tells it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from api.exports.snapshot_tables import status_table
from api.exports.tables import Cell, Table
from api.http.seen import within
from api.web.list_query import ListQuery
from api.web.pledge_list import all_of_it
from api.web.visits import Visit
from audit.snapshot import Document, ladder_document, status_document


def list_head(visit: Visit, query: ListQuery) -> Mapping[str, Any]:
    """The filters and the order, and what the pledges come to; amounts are decimal strings."""
    found = visit.service.pledges.sum_of(within(visit.sight, query.filters()), visit.point)
    return {
        "filters": query.stated(),
        "sort": query.sort,
        "totals": {"pledges": found.pledges, **ladder_document(found.ladder)},
    }


def list_table(visit: Visit, query: ListQuery) -> Table:
    """One row for each of them, with the columns of a snapshot."""
    table = status_table({"pledges": list_documents(visit, query)})
    return Table(title="pledges", columns=table.columns, rows=table.rows)


def list_cover(query: ListQuery) -> list[tuple[str, Cell]]:
    """What was looked for, for the cover of a workbook."""
    filters = [(f"Filter: {name}", ", ".join(map(str, values))) for name, values in query.chosen().items()]
    return [*(filters or [("Filters", "none")]), ("Order", query.sort)]


def list_documents(visit: Visit, query: ListQuery) -> Iterator[Document]:
    """Each of them as a snapshot tells it, in their order; the first are read when this returns."""
    pledges = all_of_it(visit, query)
    organisations, on = visit.service.organisations.all(visit.point), visit.moment.effective_on
    return (status_document(pledge, organisations, on) for pledge in pledges)

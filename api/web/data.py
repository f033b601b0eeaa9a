"""What is behind a page as data: the same figures of the same moment, for programs and spreadsheets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from fastapi import Response
from fastapi.responses import StreamingResponse

from api.exports.csv_files import csv_lines
from api.exports.tables import Cell, Table
from api.exports.workbooks import workbook
from api.http.caching import NO_STORE
from api.http.forms import Form
from api.web.visits import Visit
from audit.envelope import format_instant

ITEMS_AT_ONCE = 500

_END = "\n}"


def as_json(visit: Visit, content: Mapping[str, Any]) -> Response:
    """The content as a JSON document that begins with its moment."""
    document = {**moment_of(visit), **content}
    return Response(_in_lines(document), media_type=Form.JSON, headers=told_headers(visit))


def as_long_json(visit: Visit, content: Mapping[str, Any], name: str, items: Iterable[Mapping[str, Any]]) -> Response:
    """The same of a document that ends with a list under a name, however long: its items are told as they come."""
    head = _in_lines({**moment_of(visit), **content})
    return StreamingResponse(_long(head, name, items), media_type=Form.JSON, headers=told_headers(visit))


def _in_lines(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1)


def _long(head: str, name: str, items: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    yield f"{head.removesuffix(_END)},\n {json.dumps(name)}: [".encode()
    told, separator, end = iter(items), "\n  ", "]"
    while some := [_in_lines(item) for item in islice(told, ITEMS_AT_ONCE)]:
        # The end of a line in a text is written as two signs, so these are the document's own.
        yield (separator + ",\n  ".join(item.replace("\n", "\n  ") for item in some)).encode()
        separator, end = ",\n  ", "\n ]"
    yield f"{end}{_END}".encode()


def as_csv(visit: Visit, table: Table) -> Response:
    """The table as a CSV file that a browser keeps under its name."""
    headers = {**told_headers(visit), "Content-Disposition": f'attachment; filename="{_name(visit, table)}.csv"'}
    return StreamingResponse(csv_lines(table), media_type=Form.CSV, headers=headers)


def as_workbook(visit: Visit, cover: Sequence[tuple[str, Cell]], table: Table) -> Response:
    """The table as a workbook, behind a cover sheet that says first which moment it is of."""
    at = visit.moment
    moment: list[tuple[str, Cell]] = [
        ("Position in the ledger", at.position),
        ("As of (recorded by)", format_instant(at.recorded_at) if at.recorded_at else "before the first fact"),
        ("Effective on (true by)", at.effective_on),
    ]
    content = workbook([*moment, *cover], [table], title=table.title, made=at.recorded_at)
    headers = {**told_headers(visit), "Content-Disposition": f'attachment; filename="{_name(visit, table)}.xlsx"'}
    return Response(content, media_type=Form.XLSX, headers=headers)


def moment_of(visit: Visit) -> dict[str, Any]:
    """The moment as every answer tells it."""
    at = visit.moment
    recorded = format_instant(at.recorded_at) if at.recorded_at else None
    return {"position": at.position, "as_of": recorded, "effective_on": at.effective_on.isoformat()}


def told_headers(visit: Visit) -> dict[str, str]:
    """What the headers of data say: the position, and who may keep it."""
    caching = NO_STORE["Cache-Control"] if visit.visitor.is_known else "no-cache"
    return {"Ledger-Position": str(visit.moment.position), "Cache-Control": caching, "Vary": "Cookie"}


def _name(visit: Visit, table: Table) -> str:
    return f"{table.title}-{visit.moment.position}-{visit.moment.effective_on}"

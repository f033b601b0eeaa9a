"""What a visitor can record."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse
from pydantic import Field

from api.web.data import as_csv, as_json
from api.web.page_route import PageRoute
from api.web.queries import Page
from api.web.record import record
from api.web.record_data import record_document, record_table
from api.web.rendering import page
from api.web.visits import Visits

router = APIRouter(include_in_schema=False, route_class=PageRoute)


class RecordPage(Page):
    """Which of the pledges: those after a reference."""

    after: Annotated[str | None, Field(max_length=40)] = None


@router.get("/record")
def get_record(visit: Visits, asked: Annotated[RecordPage, Query()]) -> Response:
    """The pledges of the visitor's organisation, or those that wait for BDT, with the forms for each."""
    if visit.pinned:  # what can be recorded is a question about now
        return RedirectResponse(visit.place.here(as_of=None, effective_on=None), status_code=303)
    return page(visit, "recording/record.html", record=record(visit, asked.after))


@router.get("/record.json")
def get_record_as_json(visit: Visits, asked: Annotated[RecordPage, Query()]) -> Response:
    """The same as JSON."""
    return as_json(visit, record_document(record(visit, asked.after)))


@router.get("/record.csv")
def get_record_as_csv(visit: Visits, asked: Annotated[RecordPage, Query()]) -> Response:
    """The same as CSV."""
    return as_csv(visit, record_table(record(visit, asked.after)))

"""What changed between two moments, and why."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from api.exports.csv_files import csv_lines
from api.exports.difference_tables import movements_table
from api.http import problems
from api.http.authentication import Reader
from api.http.conditions import CaughtUp
from api.http.difference_documents import DifferenceDocument
from api.http.forms import Accept, Form, chosen
from api.http.moments import as_of_of
from api.http.openapi import AT_A_MOMENT, FOR_EVERYBODY, READ, READER, WAITING, answers
from api.http.queries import DifferenceQuery
from api.http.service import Services
from api.http.turns import TurnRoute
from application.access import Principal, require_insight
from audit.canonical import canonical
from infrastructure.bootstrap import Service

router = APIRouter(prefix="/v1/snapshots", tags=["snapshots"], dependencies=[CaughtUp], route_class=TurnRoute)

FORMS = (Form.JSON, Form.CSV)
_FAULTS = (*READER, *WAITING, *AT_A_MOMENT, problems.NOT_PERMITTED, problems.NOT_ACCEPTABLE)
_ANSWERS = answers(200, READ, _FAULTS, forms=FORMS[1:])


@router.get(
    "/difference",
    operation_id="getDifference",
    summary="Compare two moments",
    openapi_extra=FOR_EVERYBODY,
    response_model=DifferenceDocument,
    responses=_ANSWERS,
)
def get_difference(
    query: Annotated[DifferenceQuery, Query()],
    service: Services,
    reader: Reader,
    accept: Accept = None,
) -> Response:
    """Every movement of a figure between two moments, each with exactly one cause; they sum to the difference.

    CSV has the movements, one a line.
    """
    return _answer(service, query, reader, chosen(accept, FORMS))


@router.get("/difference.json", include_in_schema=False)
def get_difference_as_json(query: Annotated[DifferenceQuery, Query()], service: Services, reader: Reader) -> Response:
    """The same as JSON, whatever is accepted."""
    return _answer(service, query, reader, Form.JSON)


@router.get("/difference.csv", include_in_schema=False)
def get_difference_as_csv(query: Annotated[DifferenceQuery, Query()], service: Services, reader: Reader) -> Response:
    """The same as CSV, whatever is accepted."""
    return _answer(service, query, reader, Form.CSV)


def _answer(service: Service, query: DifferenceQuery, reader: Principal, form: Form) -> Response:
    if query.unpublished:
        require_insight(reader)
    closing = service.register.resolve(as_of_of(query.to), query.to_effective_on)
    # Without a moment of its own, the earlier side is the later one's, for another day.
    earlier = closing.position if query.from_ is None else as_of_of(query.from_)
    opening = service.register.resolve(earlier, query.from_effective_on)
    difference = service.differences.between(opening, closing, query.division(), unpublished=query.unpublished)
    headers = {"Ledger-Position": str(closing.position), "Cache-Control": "no-cache", "Vary": "Accept"}
    if form is Form.CSV:
        name = f"difference-{opening.position}-{closing.position}.csv"
        kept = {**headers, "Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingResponse(csv_lines(movements_table(difference)), media_type=form, headers=kept)
    return Response(canonical(difference), media_type=form, headers=headers)

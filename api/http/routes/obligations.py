"""Who owes which progress report, since when: BDT's queue of reminders."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from api.exports.csv_files import csv_lines
from api.exports.obligation_tables import obligation_table
from api.http import problems
from api.http.forms import Accept, Form, chosen
from api.http.moments import as_of_of
from api.http.obligation_documents import ObligationList, obligation_document
from api.http.openapi import READ, READING, WAITING, answers
from api.http.report_queries import ObligationQuery
from api.http.service import Services
from api.http.turns import TurnRoute
from infrastructure.bootstrap import Service

router = APIRouter(prefix="/v1/reports", tags=["reports"], route_class=TurnRoute)

FORMS = (Form.JSON, Form.CSV)
Asked = Annotated[ObligationQuery, Query()]

_FAULTS = (*READING, *WAITING, problems.MOMENT_NOT_OVER, problems.NOT_ACCEPTABLE)
_ANSWERS = answers(200, READ, _FAULTS, forms=FORMS[1:])


@router.get(
    "/obligations",
    operation_id="listObligations",
    summary="List the reports that are owed",
    response_model=ObligationList,
    responses=_ANSWERS,
)
def list_obligations(query: Asked, service: Services, accept: Accept = None) -> Response:
    """Every published pledge on which a report is due, by lead, the longest owed first.

    CSV is the queue of reminders: one line for each pledge, with the subject and the text of a mail that asks for it.
    """
    return _answer(service, query, chosen(accept, FORMS))


@router.get("/obligations.json", include_in_schema=False)
def list_obligations_as_json(query: Asked, service: Services) -> Response:
    """The same as JSON, whatever is accepted."""
    return _answer(service, query, Form.JSON)


@router.get("/obligations.csv", include_in_schema=False)
def list_obligations_as_csv(query: Asked, service: Services) -> Response:
    """The same as CSV, whatever is accepted."""
    return _answer(service, query, Form.CSV)


def _answer(service: Service, query: ObligationQuery, form: Form) -> Response:
    at = service.register.resolve(as_of_of(query.as_of), query.effective_on)
    owed = service.reporting_duties.owed(at, query.debts())
    headers = {"Ledger-Position": str(at.position), "Cache-Control": "no-cache", "Vary": "Accept"}
    if form is Form.CSV:
        name = f"obligations-{at.position}-{at.effective_on}.csv"
        kept = {**headers, "Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingResponse(csv_lines(obligation_table(owed)), media_type=form, headers=kept)
    content = ObligationList(
        items=[obligation_document(one) for one in owed],
        position=at.position,
        as_of=at.recorded_at,
        effective_on=at.effective_on,
    )
    return Response(content.model_dump_json(), media_type=form, headers=headers)

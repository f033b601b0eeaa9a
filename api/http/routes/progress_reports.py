"""The periodic progress report."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from api.http import problems
from api.http.forms import Form, chosen
from api.http.moments import as_of_of
from api.http.openapi import READ, READING, WAITING, answers
from api.http.progress_documents import ProgressReportDocument
from api.http.report_queries import ProgressQuery
from api.http.service import Services
from audit.canonical import canonical
from audit.progress_report import report_document
from domain.progress.report import ProgressReport
from infrastructure.bootstrap import Service

router = APIRouter(prefix="/v1/reports", tags=["reports"])

FORMS = (Form.JSON,)
Asked = Annotated[ProgressQuery, Query()]
Accept = Annotated[str | None, Header(description="The form of the answer")]


@router.get(
    "/progress",
    operation_id="getProgressReport",
    summary="Report on a period",
    response_model=ProgressReportDocument,
    responses=answers(200, READ, (*READING, *WAITING, problems.MOMENT_NOT_OVER, problems.NOT_ACCEPTABLE)),
)
def get_progress_report(query: Asked, service: Services, accept: Accept = None) -> Response:
    """What a period began with, what moved and why, what it ended with, who reported, and what they said.

    The same position, period and rules version give the same bytes for ever. Facts that were recorded late belong to
    the report of the period in which they were true.
    """
    return _answer(service, query, chosen(accept, FORMS))


@router.get("/progress.json", include_in_schema=False)
def get_progress_report_as_json(query: Asked, service: Services) -> Response:
    """The same as JSON, whatever is accepted."""
    return _answer(service, query, Form.JSON)


def _answer(service: Service, query: ProgressQuery, form: Form) -> Response:
    report = service.progress_reports.make(query.period(), as_of_of(query.as_of))
    headers = {"Ledger-Position": str(report.position), "Cache-Control": "no-cache", "Vary": "Accept"}
    return Response(_written(report, form), media_type=form, headers=headers)


def _written(report: ProgressReport, form: Form) -> bytes:
    """The report in one of the `FORMS`."""
    match form:
        case _:
            return canonical(report_document(report))

"""The periodic progress report."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from api.http import problems
from api.http.conditions import HeaderText
from api.http.forms import Accept, Form, chosen
from api.http.languages import liked
from api.http.moments import as_of_of
from api.http.openapi import READ, READING, WAITING, answers
from api.http.progress_documents import ProgressReportDocument
from api.http.report_queries import ProgressQuery
from api.http.security_headers import CONTENT_SECURITY_POLICY, policy_with_styles
from api.http.service import Services
from api.http.turns import TurnRoute
from api.reports.forms import written
from api.reports.html import style
from audit.canonical import canonical
from audit.progress_report import report_document
from infrastructure.bootstrap import Service

router = APIRouter(prefix="/v1/reports", tags=["reports"], route_class=TurnRoute)

FORMS = (Form.JSON, Form.HTML, Form.PDF)
_FAULTS = (*READING, *WAITING, problems.MOMENT_NOT_OVER, problems.NOT_ACCEPTABLE, problems.NO_LETTERS)
_ANSWERS = answers(200, READ, _FAULTS, forms=FORMS[1:])
Asked = Annotated[ProgressQuery, Query()]
Language = Annotated[HeaderText | None, Header(description="The language of a page or a PDF")]


@router.get(
    "/progress",
    operation_id="getProgressReport",
    summary="Report on a period",
    response_model=ProgressReportDocument,
    responses=_ANSWERS,
)
def get_progress_report(
    query: Asked, service: Services, accept: Accept = None, accept_language: Language = None
) -> Response:
    """What a period began with, what moved and why, what it ended with, who reported, and what they said.

    The same position, period and rules version give the same bytes for ever. Facts that were recorded late belong to
    the report of the period in which they were true.
    """
    return _answer(service, query, chosen(accept, FORMS), accept_language)


@router.get("/progress.json", include_in_schema=False)
def get_progress_report_as_json(query: Asked, service: Services) -> Response:
    """The same as JSON, whatever is accepted."""
    return _answer(service, query, Form.JSON, None)


@router.get("/progress.html", include_in_schema=False)
def get_progress_report_as_page(query: Asked, service: Services, accept_language: Language = None) -> Response:
    """The same as a page, whatever is accepted."""
    return _answer(service, query, Form.HTML, accept_language)


@router.get("/progress.pdf", include_in_schema=False)
def get_progress_report_as_pdf(query: Asked, service: Services, accept_language: Language = None) -> Response:
    """The same as PDF, whatever is accepted."""
    return _answer(service, query, Form.PDF, accept_language)


def _answer(service: Service, query: ProgressQuery, form: Form, accept_language: str | None) -> Response:
    report = service.progress_reports.make(query.period(), as_of_of(query.as_of))
    headers = {
        "Ledger-Position": str(report.position),
        "Cache-Control": "no-cache",
        "Vary": "Accept, Accept-Language",
    }
    if form is Form.JSON:
        return Response(canonical(report_document(report)), media_type=form, headers=headers)
    language = query.language or liked(accept_language)
    headers["Content-Language"] = language
    if form is Form.HTML:
        headers[CONTENT_SECURITY_POLICY] = policy_with_styles([style()])
    if form is Form.PDF:
        name = f"progress-{query.from_}-{query.to}-{language}.pdf"
        headers["Content-Disposition"] = f'inline; filename="{name}"'
    return Response(written(report, form, language), media_type=form, headers=headers)

"""The register at a moment: the status of every admitted pledge, and totals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from api.exports.csv_files import csv_lines
from api.exports.snapshot_tables import snapshot_workbook, totals_table
from api.exports.status_csv import status_csv
from api.http import problems
from api.http.conditions import CaughtUp, IfNoneMatch, names_version
from api.http.forms import Accept, Form, chosen
from api.http.in_parts import InParts
from api.http.moments import as_of_of
from api.http.openapi import DIGEST, READ, READING, THE_SAME_AGAIN, WAITING, answers, not_modified
from api.http.publication_documents import address_of
from api.http.queries import SnapshotQuery
from api.http.service import Services
from api.http.snapshot_documents import SnapshotDocument, TotalsDocument
from api.http.turns import TurnRoute
from application.moments import Moment
from audit.canonical import canonical
from audit.snapshot import RULES_VERSION, identity_of
from domain.events import SnapshotIdentity
from infrastructure.bootstrap import Service

router = APIRouter(prefix="/v1/snapshots", tags=["snapshots"], dependencies=[CaughtUp], route_class=TurnRoute)

_EXTENSIONS = {Form.CSV: "csv", Form.XLSX: "xlsx"}
FORMS = (Form.JSON, Form.CSV, Form.XLSX)
_HEADERS = {**READ, "ETag": DIGEST, "Link": THE_SAME_AGAIN}
TOTALS_FORMS = (Form.JSON, Form.CSV)
_FAULTS = (*READING, *WAITING, problems.MOMENT_NOT_OVER, problems.NOT_ACCEPTABLE)
_ANSWERS = answers(200, _HEADERS, _FAULTS, forms=FORMS[1:]) | not_modified({"ETag": DIGEST})
_TOTALS_ANSWERS = answers(200, _HEADERS, _FAULTS, forms=TOTALS_FORMS[1:]) | not_modified({"ETag": DIGEST})


@router.get(
    "/status",
    operation_id="getStatusSnapshot",
    summary="Take a status snapshot",
    response_model=SnapshotDocument,
    responses=_ANSWERS,
)
def get_status(
    query: Annotated[SnapshotQuery, Query()],
    service: Services,
    accept: Accept = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Every admitted pledge as it stood at a moment, and totals by any combination of dimensions.

    The same position, effective date and grouping give the same bytes for ever. CSV has the pledges, one a line; a
    workbook has the totals too.
    """
    return _answer(service, query, chosen(accept, FORMS), if_none_match)


@router.get("/status.json", include_in_schema=False)
def get_status_as_json(query: Annotated[SnapshotQuery, Query()], service: Services) -> Response:
    """The same as JSON, whatever is accepted."""
    return _answer(service, query, Form.JSON)


@router.get("/status.csv", include_in_schema=False)
def get_status_as_csv(query: Annotated[SnapshotQuery, Query()], service: Services) -> Response:
    """The same as CSV, whatever is accepted."""
    return _answer(service, query, Form.CSV)


@router.get("/status.xlsx", include_in_schema=False)
def get_status_as_workbook(query: Annotated[SnapshotQuery, Query()], service: Services) -> Response:
    """The same as a workbook, whatever is accepted."""
    return _answer(service, query, Form.XLSX)


@router.get(
    "/totals",
    operation_id="getTotals",
    summary="Add up the register",
    response_model=TotalsDocument,
    responses=_TOTALS_ANSWERS,
)
def get_totals(
    query: Annotated[SnapshotQuery, Query()],
    service: Services,
    accept: Accept = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The totals of a status snapshot without its pledges.

    For any instant, and by no or one dimension other than `target_group` and `reporting`, it takes the same few
    milliseconds however many pledges and facts there are.
    """
    return _totals(service, query, chosen(accept, TOTALS_FORMS), if_none_match)


@router.get("/totals.json", include_in_schema=False)
def get_totals_as_json(query: Annotated[SnapshotQuery, Query()], service: Services) -> Response:
    """The same as JSON, whatever is accepted."""
    return _totals(service, query, Form.JSON)


@router.get("/totals.csv", include_in_schema=False)
def get_totals_as_csv(query: Annotated[SnapshotQuery, Query()], service: Services) -> Response:
    """The same as CSV, whatever is accepted."""
    return _totals(service, query, Form.CSV)


def _totals(service: Service, query: SnapshotQuery, form: Form, if_none_match: str | None = None) -> Response:
    at = service.register.resolve(as_of_of(query.as_of), query.effective_on)
    totals = service.snapshots.totals(at, query.division())
    headers = _headers(identity_of(totals), "totals", form)
    if names_version(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    content = b"".join(csv_lines(totals_table(totals))) if form is Form.CSV else canonical(totals)
    return Response(content, media_type=form, headers=headers)


def _answer(service: Service, query: SnapshotQuery, form: Form, if_none_match: str | None = None) -> Response:
    at = service.register.resolve(as_of_of(query.as_of), query.effective_on)
    if form is Form.CSV:
        return _rows(service, at, if_none_match)
    if form is Form.XLSX:
        return _workbook(service, at, query, if_none_match)
    of, parts = service.snapshots.take_in_parts(at, query.division())
    headers = _headers(of, "status", form)
    if names_version(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return InParts(parts, media_type=form, headers=headers)


def _workbook(service: Service, at: Moment, query: SnapshotQuery, if_none_match: str | None) -> Response:
    snapshot = service.snapshots.take(at, query.division())
    headers = _headers(identity_of(snapshot), "status", Form.XLSX)
    if names_version(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(snapshot_workbook(snapshot), media_type=Form.XLSX, headers=headers)


def _rows(service: Service, at: Moment, if_none_match: str | None) -> Response:
    """The rows alone, which no grouping changes: the moment names them, so that no digest has to be reckoned."""
    moment = f"{at.position}-{at.effective_on}"
    headers = {
        "ETag": f'"{moment}-{RULES_VERSION}-csv"',
        "Link": f'</v1/snapshots/status?as_of={at.position}&effective_on={at.effective_on}>; rel="canonical"',
        **_kept_headers(at.position, f"status-{moment}.csv"),
    }
    if names_version(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return StreamingResponse(status_csv(service.register, at), media_type=Form.CSV, headers=headers)


def _headers(of: SnapshotIdentity, what: str, form: Form) -> Mapping[str, str]:
    """Which moment it is, its exact address, its digest, and a name under which a browser keeps it."""
    extension = _EXTENSIONS.get(form)
    name = f"{what}-{of.position}-{of.effective_on}.{extension}" if extension else None
    return {
        # Another form has other bytes, and so another tag.
        "ETag": f'"{of.digest}-{extension}"' if extension else f'"{of.digest}"',
        "Link": f'<{address_of(of, what)}>; rel="canonical"',
        **_kept_headers(of.position, name),
    }


def _kept_headers(position: int, name: str | None) -> Mapping[str, str]:
    kept = {"Content-Disposition": f'attachment; filename="{name}"'} if name else {}
    return {"Ledger-Position": str(position), "Cache-Control": "no-cache", "Vary": "Accept", **kept}

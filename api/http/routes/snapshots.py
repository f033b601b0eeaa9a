"""Snapshots: how the register stood at a moment, and what of that was published."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from api.exports.status_files import file_name, status_csv, status_workbook
from api.http import problems
from api.http.answers import event_document
from api.http.conditions import CaughtUp, Creating, IfNoneMatch, names_version
from api.http.forms import Form, preferred
from api.http.json_request import CommandRoute
from api.http.moments import as_of_of
from api.http.openapi import (
    ALWAYS_REFUSED,
    COMMANDING,
    CREATED,
    READ_LIST,
    READ_ONE,
    READING,
    WAITING,
    answers,
    not_modified,
)
from api.http.pages import document, encoded, link_to
from api.http.paths import SnapshotId
from api.http.service import Services
from api.http.snapshot_documents import (
    PublicationAnswer,
    PublicationList,
    SnapshotDocument,
    address_of,
    published_document,
)
from api.http.snapshot_queries import PublicationBody, PublicationCursor, PublicationQuery, SnapshotQuery
from application.access import require_publisher
from audit.narrative import summarise
from audit.snapshot import Snapshot
from domain import refusals as no
from domain.publication import Publish
from infrastructure.bootstrap import Service
from infrastructure.publications import PublishedSnapshot

router = APIRouter(prefix="/v1/snapshots", tags=["snapshots"], route_class=CommandRoute)

FOR_EVER = "public, max-age=31536000, immutable"
_AGAIN = {
    "description": 'The exact address of this very snapshot: `<…>; rel="canonical"`',
    "schema": {"type": "string"},
}
_DIGEST = {"description": "The snapshot's digest, quoted", "schema": {"type": "string"}, "example": '"sha256:…"'}
_HEADERS = {**READ_ONE, "ETag": _DIGEST, "Link": _AGAIN}
_FAULTS = (*READING, *WAITING, problems.MOMENT_NOT_OVER)
_FILES: dict[str, Any] = {form.value: {"schema": {"type": "string"}} for form in (Form.CSV, Form.XLSX)}


class CsvResponse(StreamingResponse):
    """Comma-separated values."""

    media_type = Form.CSV


class XlsxResponse(Response):
    """A workbook."""

    media_type = Form.XLSX


def _responses(*, also: dict[str, Any] | None = None) -> dict[int | str, dict[str, Any]]:
    described = {**answers(200, _HEADERS, _FAULTS), **not_modified()}
    if also:
        described[200] = {**described[200], "content": also}
    return described


@router.get(
    "/status",
    operation_id="takeSnapshot",
    summary="Take a snapshot of every pledge's status",
    response_model=SnapshotDocument,
    responses=_responses(also=_FILES),
    dependencies=[CaughtUp],
)
def take_snapshot(
    request: Request,
    query: Annotated[SnapshotQuery, Query()],
    service: Services,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The status of every published pledge, and totals, as the register stood at a moment.

    The same position, effective date and rules version give the same bytes for ever. As JSON, CSV or XLSX, by
    `Accept` or by the address's extension.
    """
    return _taken(service, query, preferred(request.headers.get("accept")), if_none_match)


@router.get(
    "/status.csv",
    operation_id="takeSnapshotAsCsv",
    summary="Take a snapshot of every pledge's status, as CSV",
    response_class=CsvResponse,
    responses=_responses(),
    dependencies=[CaughtUp],
)
def take_snapshot_as_csv(
    query: Annotated[SnapshotQuery, Query()], service: Services, if_none_match: IfNoneMatch = None
) -> Response:
    """The status of every published pledge at a moment, one line each. Lists in a cell are separated by `; `."""
    return _taken(service, query, Form.CSV, if_none_match)


@router.get(
    "/status.xlsx",
    operation_id="takeSnapshotAsXlsx",
    summary="Take a snapshot of every pledge's status, as a workbook",
    response_class=XlsxResponse,
    responses=_responses(),
    dependencies=[CaughtUp],
)
def take_snapshot_as_xlsx(
    query: Annotated[SnapshotQuery, Query()], service: Services, if_none_match: IfNoneMatch = None
) -> Response:
    """The pledges, the totals and the groups at a moment, with a cover that says how to check them."""
    return _taken(service, query, Form.XLSX, if_none_match)


@router.post(
    "",
    operation_id="publishSnapshot",
    summary="Publish a snapshot",
    status_code=201,
    response_model=PublicationAnswer,
    responses=answers(
        201,
        {**CREATED, "ETag": _DIGEST},
        (*COMMANDING, problems.MOMENT_NOT_OVER, *WAITING),
        (no.DateInFuture, *ALWAYS_REFUSED),
    ),
)
def publish_snapshot(body: PublicationBody, conditions: Creating, service: Services) -> Response:
    """Put a snapshot before the public: its bytes are stored with the fact, and served unchanged for ever.

    For BDT and administrators.
    """
    require_publisher(conditions.actor)

    def take() -> Snapshot:
        return service.snapshots.take(body.options(), as_of_of(body.as_of), body.effective_on)

    outcome = service.commands.publish(Publish(title=body.title), take, conditions.request())
    [entry] = outcome.entries
    moment = service.register.moment(outcome.state.snapshot.position, outcome.state.snapshot.effective_on)
    shown = published_document(PublishedSnapshot(entry=entry, as_of=moment.recorded_at))
    answer = PublicationAnswer(snapshot=shown, events=[event_document(entry, summarise(entry.event))])
    return Response(
        answer.model_dump_json(),
        status_code=201,
        media_type="application/json",
        headers={
            "ETag": f'"{shown.digest}"',
            "Location": shown.published,
            "Ledger-Position": str(outcome.position),
            "Cache-Control": "no-store",
            **({"Idempotent-Replayed": "true"} if outcome.replayed else {}),
        },
    )


@router.get(
    "",
    operation_id="listSnapshots",
    summary="List the published snapshots",
    response_model=PublicationList,
    responses=answers(200, READ_LIST, (*READING, problems.INVALID_CURSOR)),
)
def list_snapshots(request: Request, query: Annotated[PublicationQuery, Query()], service: Services) -> Response:
    """What was published, the newest first."""
    before = PublicationCursor.decode(query.cursor).before if query.cursor else None
    position = service.ledger.position
    found = service.publications.newest(query.limit + 1, before)
    shown = found[: query.limit]
    more = PublicationCursor(before=shown[-1].entry.position) if len(found) > len(shown) else None
    content = PublicationList(items=[published_document(published) for published in shown], next=encoded(more))
    return document(content, position=position, headers=link_to(request, content.next, query.limit))


@router.get(
    "/{snapshot:uuid}",
    operation_id="getSnapshot",
    summary="Read a published snapshot",
    response_model=SnapshotDocument,
    responses={**answers(200, {"ETag": _DIGEST, "Link": _AGAIN}, READING, (no.UnknownSnapshot,)), **not_modified()},
)
def get_snapshot(snapshot: SnapshotId, service: Services, if_none_match: IfNoneMatch = None) -> Response:
    """The bytes that were published, unchanged. The `Link` takes the same snapshot again, to compare."""
    published = service.publications.get(snapshot)
    if published is None:
        raise no.UnknownSnapshot(str(snapshot))
    identity = published.fact.snapshot
    tag = f'"{identity.digest}"'
    headers = {"ETag": tag, "Cache-Control": FOR_EVER, "Link": f'<{address_of(identity)}>; rel="canonical"'}
    if names_version(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    return Response(service.publications.bytes(snapshot), media_type=Form.JSON, headers=headers)


def _taken(service: Service, query: SnapshotQuery, form: Form, if_none_match: str | None) -> Response:
    snapshot = service.snapshots.take(query.options(), as_of_of(query.as_of), query.effective_on)
    # A file is the same for the same digest, but not the same as the file of another form.
    tag = f'"{snapshot.digest}"' if form is Form.JSON else f'"{snapshot.digest}-{form.name.lower()}"'
    headers = {
        "ETag": tag,
        "Link": f'<{address_of(snapshot.identity)}>; rel="canonical"',
        "Ledger-Position": str(snapshot.document["position"]),
        "Cache-Control": "no-cache",
        "Vary": "Accept",
    }
    if names_version(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    match form:
        case Form.JSON:
            return Response(snapshot.bytes, media_type=form, headers=headers)
        case Form.CSV:
            return CsvResponse(status_csv(snapshot), headers={**headers, **_as_file(snapshot, "csv")})
        case Form.XLSX:
            return XlsxResponse(status_workbook(snapshot), headers={**headers, **_as_file(snapshot, "xlsx")})


def _as_file(snapshot: Snapshot, extension: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{file_name(dict(snapshot.document), extension)}"'}

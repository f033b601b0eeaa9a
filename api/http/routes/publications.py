"""Publishing snapshots, and reading what was published: the same bytes for ever."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.http import problems
from api.http.answers import event_document
from api.http.caching import FOR_EVER
from api.http.conditions import Creating, IfNoneMatch, names_version
from api.http.json_request import CommandRoute
from api.http.moments import as_of_of
from api.http.openapi import (
    ALWAYS_REFUSED,
    COMMANDING,
    CREATED,
    DIGEST,
    READ_LIST,
    READING,
    THE_SAME_AGAIN,
    WAITING,
    answers,
    leads_to,
    not_modified,
)
from api.http.pages import document, encoded, link_to
from api.http.paths import SnapshotId
from api.http.publication_bodies import PublicationBody, PublicationCursor, PublicationQuery
from api.http.publication_documents import PublicationAnswer, PublicationList, address_of, published_document
from api.http.service import Services
from api.http.snapshot_documents import SnapshotDocument
from application.commands import Outcome
from audit.narrative import summarise
from audit.snapshot import Document
from domain import refusals as no
from domain.publication import Publication
from infrastructure.bootstrap import Service
from infrastructure.publications import PublishedSnapshot

router = APIRouter(prefix="/v1/snapshots", tags=["snapshots"], route_class=CommandRoute)


@router.post(
    "",
    operation_id="publishSnapshot",
    summary="Publish a snapshot",
    status_code=201,
    response_model=PublicationAnswer,
    responses=answers(
        201,
        {**CREATED, "ETag": DIGEST},
        (*COMMANDING, *WAITING, problems.MOMENT_NOT_OVER),
        (no.DateInFuture, *ALWAYS_REFUSED),
        links=leads_to("getSnapshot", snapshot="/snapshot/id"),
    ),
)
def publish_snapshot(body: PublicationBody, conditions: Creating, service: Services) -> Response:
    """Put a snapshot before the public: its bytes are stored with the fact that says so, and never change.

    For BDT.
    """

    def take() -> Document:
        at = service.register.resolve(as_of_of(body.as_of), body.effective_on)
        return service.snapshots.take(at, body.division())

    return _answer(service, service.commands.publish(body.command(), take, conditions.request()))


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
    responses={
        **answers(200, {"ETag": DIGEST, "Link": THE_SAME_AGAIN}, READING, (no.UnknownSnapshot,)),
        **not_modified({"ETag": DIGEST}),
    },
)
def get_snapshot(snapshot: SnapshotId, service: Services, if_none_match: IfNoneMatch = None) -> Response:
    """The bytes that were published, unchanged. `Link` takes the same snapshot from the register, to compare."""
    published = service.publications.get(snapshot)
    if published is None:
        raise no.UnknownSnapshot(str(snapshot))
    identity = published.fact.snapshot
    tag = f'"{identity.digest}"'
    headers = {"ETag": tag, "Cache-Control": FOR_EVER, "Link": f'<{address_of(identity)}>; rel="alternate"'}
    if names_version(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    return Response(service.publications.bytes(snapshot), media_type="application/json", headers=headers)


def _answer(service: Service, outcome: Outcome[Publication]) -> Response:
    [entry] = outcome.entries
    of = outcome.state.snapshot
    as_of = service.register.moment(of.position, of.effective_on).recorded_at
    shown = published_document(PublishedSnapshot(entry=entry, as_of=as_of))
    answer = PublicationAnswer(snapshot=shown, events=[event_document(entry, summarise(entry.event))])
    return Response(
        answer.model_dump_json(),
        status_code=201,
        media_type="application/json",
        headers={
            "ETag": f'"{shown.digest}"',
            "Location": shown.bytes,
            "Ledger-Position": str(outcome.position),
            "Cache-Control": "no-store",
            **({"Idempotent-Replayed": "true"} if outcome.replayed else {}),
        },
    )

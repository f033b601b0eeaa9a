"""Reading pledges: the list, one of them as it is or as it was, and its history."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, cast
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from api.http import problems
from api.http.answers import names_at
from api.http.conditions import CaughtUp, IfNoneMatch, etag, names_version
from api.http.cursors import refused
from api.http.documents import ActorDocument, HistoryItem, Instant, PledgeDocument
from api.http.failures import Failure
from api.http.openapi import READ_LIST, READ_ONE, READING, WAITING, answers, not_modified
from api.http.pages import document, encoded, link_to
from api.http.paths import Reference
from api.http.queries import HistoryCursor, HistoryQuery, PledgeCursor, PledgeQuery, VersionQuery
from api.http.representations import Names, parties, pledge_document
from api.http.service import Services, TodayInUtc
from domain.events import PledgeEvent
from domain.identity import pledge_id
from domain.pledge import Pledge, fold
from domain.refusals import UnknownPledge
from infrastructure.bootstrap import Service
from projections.pinning import PositionNotReached
from projections.pledge_status.view import PledgePage, PledgeRow

router = APIRouter(prefix="/v1/pledges", tags=["pledges"], dependencies=[CaughtUp])


class PledgeList(BaseModel):
    """A part of the list of pledges as the register stood at `position`, recorded by `as_of`."""

    items: list[PledgeDocument]
    next: str | None
    position: int
    as_of: Instant | None
    effective_on: date


class History(BaseModel):
    """A part of a pledge's history."""

    items: list[HistoryItem]
    next: str | None


@router.get(
    "",
    operation_id="listPledges",
    summary="List pledges",
    response_model=PledgeList,
    responses=answers(200, READ_LIST, (*READING, *WAITING, problems.INVALID_CURSOR)),
)
def list_pledges(
    request: Request, query: Annotated[PledgeQuery, Query()], service: Services, today: TodayInUtc
) -> Response:
    """The pledges that meet every filter, by reference. All pages of a list belong to one position of the ledger."""
    cursor = _cursor(query)
    criteria = PledgeQuery.model_validate(cursor.criteria) if cursor else query
    on = cursor.on if cursor else today
    page = service.pledges.page(
        criteria.filters(),
        on=on,
        after=cursor.after if cursor else None,
        limit=query.limit,
        at=cursor.position if cursor else None,
    )
    following = _following(page, on, criteria)
    names = _names_at(service, [row.pledge for row in page.items], page.position)
    content = PledgeList(
        items=[_represented(row, names, on) for row in page.items],
        next=following,
        position=page.position,
        as_of=page.recorded_at,
        effective_on=on,
    )
    return document(content, position=page.position, headers=link_to(request, following, query.limit))


@router.get(
    "/{reference}",
    operation_id="getPledge",
    summary="Read a pledge",
    response_model=PledgeDocument,
    responses={
        **answers(200, READ_ONE, (*READING, *WAITING, problems.UNKNOWN_VERSION), (UnknownPledge,)),
        **not_modified(),
    },
)
def get_pledge(
    reference: Reference,
    query: Annotated[VersionQuery, Query()],
    service: Services,
    today: TodayInUtc,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The pledge as it is, or as it was after one of its versions; reckoned for today."""
    position = service.pledges.position()
    row = service.pledges.get(reference) if query.version is None else None
    # Right after its announcement the view may not know the pledge yet; the ledger does.
    row = row or _from_ledger(service, reference, query.version)
    position = max(position, row.position)
    tag = etag(row.pledge.version)
    if names_version(if_none_match, tag):
        return Response(status_code=304, headers={"ETag": tag, "Ledger-Position": str(position)})
    names = _names_at(service, [row.pledge], None if query.version is None else row.position)
    return document(_represented(row, names, today), position=position, headers={"ETag": tag})


@router.get(
    "/{reference}/history",
    operation_id="getPledgeHistory",
    summary="Read what happened to a pledge",
    response_model=History,
    responses=answers(200, READ_LIST, (*READING, *WAITING, problems.INVALID_CURSOR), (UnknownPledge,)),
)
def get_history(
    request: Request, reference: Reference, query: Annotated[HistoryQuery, Query()], service: Services
) -> Response:
    """Everything that happened to the pledge, in order, each with one sentence in English and what was recorded."""
    cursor = HistoryCursor.decode(query.cursor) if query.cursor else None
    if cursor and cursor.reference != reference:
        raise refused("It belongs to the history of another pledge.")
    position = service.timeline.position()
    after = cursor.version if cursor else 0
    found = service.timeline.history(reference, after_version=after, limit=query.limit + 1)
    if not found and not after and service.ledger.pledge(pledge_id(reference)) is None:
        raise UnknownPledge(reference)
    items = found[: query.limit]
    more = HistoryCursor(reference=reference, version=items[-1].version) if len(found) > len(items) else None
    content = History(
        items=[
            HistoryItem(
                position=item.position,
                version=item.version,
                type=item.type,
                recorded_at=item.recorded_at,
                effective_on=item.effective_on,
                actor=ActorDocument(**{name: item.actor.get(name) for name in ActorDocument.model_fields}),
                summary=item.summary,
                data=dict(item.data),
            )
            for item in items
        ],
        next=encoded(more),
    )
    return document(content, position=position, headers=link_to(request, content.next, query.limit))


def _cursor(query: PledgeQuery) -> PledgeCursor | None:
    if query.cursor is None:
        return None
    cursor = PledgeCursor.decode(query.cursor)
    if query.stated() and query.stated() != cursor.criteria:
        raise refused("It belongs to a list with other filters.")
    return cursor


def _following(page: PledgePage, on: date, criteria: PledgeQuery) -> str | None:
    if page.next is None:
        return None
    return PledgeCursor(position=page.position, on=on, after=page.next, criteria=criteria.stated()).encode()


def _represented(row: PledgeRow, names: Names, on: date) -> PledgeDocument:
    return pledge_document(row.pledge, names, position=row.position, recorded_at=row.recorded_at, on=on)


def _from_ledger(service: Service, reference: str, version: int | None) -> PledgeRow:
    entries = service.ledger.entries(pledge_id(reference), last=version)
    pledge = fold(None, (cast("PledgeEvent", entry.event) for entry in entries))
    if pledge is None:
        raise UnknownPledge(reference)
    if version is not None and pledge.version != version:
        raise Failure(problems.UNKNOWN_VERSION, f"{reference} has {pledge.version} versions, not {version}.")
    return PledgeRow(pledge=pledge, position=entries[-1].position, recorded_at=entries[-1].recorded_at)


def _names_at(service: Service, pledges: Iterable[Pledge], position: int | None) -> Names:
    """What the parties are or were called; from the ledger where the view does not know it yet."""
    ids: set[UUID] = parties(pledges)
    try:
        names = service.organisations.names(ids, at=position) if ids else {}
    except PositionNotReached:
        names = {}
    missing = ids - names.keys()
    if not missing:
        return names
    return {**names, **names_at(service.ledger, missing, service.ledger.position if position is None else position)}

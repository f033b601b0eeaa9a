"""Reading pledges: the list, one of them as it is or as it was, and its history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, cast
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from api.http import problems
from api.http.answers import names_at
from api.http.authentication import Reader
from api.http.channel_documents import history_item
from api.http.conditions import CaughtUp, IfNoneMatch, etag, names_version
from api.http.cursors import refused
from api.http.documents import HistoryItem, Instant, PledgeDocument, PledgeReading
from api.http.failures import Failure
from api.http.forms import Accept, Form, is_wanted
from api.http.iati_answers import one_activity
from api.http.moments import asked, carried, echoed, require_one_moment
from api.http.openapi import (
    AT_A_MOMENT,
    FOR_EVERYBODY,
    PAGING,
    READ_LIST,
    READ_ONE,
    READER,
    WAITING,
    answers,
    not_modified,
)
from api.http.pages import document, encoded, link_to
from api.http.paths import Reference
from api.http.queries import HistoryCursor, HistoryQuery, PledgeCursor, PledgeQuery, VersionQuery
from api.http.representations import Names, parties, pledge_document
from api.http.seen import within
from api.http.service import Services, TodayInUtc
from api.http.turns import TurnRoute
from application.access import Sight, sight_of
from application.moments import Moment
from audit.envelope import Entry
from domain.events import PledgeEvent
from domain.identity import pledge_id
from domain.pledge import Pledge, fold
from domain.refusals import UnknownPledge
from infrastructure.bootstrap import Service
from infrastructure.register import point_of
from projections.pinning import Point, PositionNotReached
from projections.pledge_status.view import PledgePage, PledgeRow

router = APIRouter(prefix="/v1/pledges", tags=["pledges"], dependencies=[CaughtUp], route_class=TurnRoute)


class PledgeList(BaseModel):
    """A part of the list of pledges as the register stood at `position`, recorded at `as_of`, for `effective_on`."""

    items: list[PledgeDocument]
    next: str | None
    position: int
    as_of: Instant | None
    effective_on: date


class History(BaseModel):
    """A part of a pledge's history, as far as the register knew it at `position`."""

    items: list[HistoryItem]
    next: str | None
    position: int
    as_of: Instant | None
    effective_on: date


@router.get(
    "",
    operation_id="listPledges",
    summary="List pledges",
    openapi_extra=FOR_EVERYBODY,
    response_model=PledgeList,
    responses=answers(200, READ_LIST, (*READER, *WAITING, *AT_A_MOMENT, *PAGING)),
)
def list_pledges(
    request: Request, query: Annotated[PledgeQuery, Query()], service: Services, reader: Reader, today: TodayInUtc
) -> Response:
    """The pledges that meet every filter, by reference. All pages of a list belong to one moment.

    The public sees what BDT had admitted by that moment, an organisation its own pledges too.
    """
    cursor = _cursor(query)
    criteria = PledgeQuery.model_validate(cursor.criteria) if cursor else query
    moment = carried(service, cursor.position, cursor.on) if cursor else asked(service, query.as_of, query.effective_on)
    point = point_of(moment) if moment else None
    on = moment.effective_on if moment else today
    page = service.pledges.page(
        within(sight_of(reader), criteria.filters()),
        on=on,
        after=cursor.after if cursor else None,
        limit=query.limit,
        at=point,
    )
    following = _following(page, on, criteria)
    names = _names_at(service, [row.pledge for row in page.items], Point(page.position, on))
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
    openapi_extra=FOR_EVERYBODY,
    response_model=PledgeReading,
    responses={
        **answers(
            200,
            READ_ONE,
            (
                *READER,
                *WAITING,
                *AT_A_MOMENT,
                problems.TWO_MOMENTS,
                problems.UNKNOWN_VERSION,
            ),
            (UnknownPledge,),
            forms=[Form.XML],
        ),
        **not_modified(),
    },
)
def get_pledge(
    reference: Reference,
    query: Annotated[VersionQuery, Query()],
    service: Services,
    reader: Reader,
    if_none_match: IfNoneMatch = None,
    accept: Accept = None,
) -> Response:
    """The pledge as it is, as it was after one of its versions, or as the register knew it at a moment.

    For the public it is there only if BDT has admitted it, at an earlier moment if BDT had admitted it by then.
    """
    if is_wanted(Form.XML, accept):
        if query.version is not None:
            raise Failure(problems.TWO_MOMENTS, "An IATI document is of a moment, not of a version; give `as_of`.")
        return one_activity(service, reference, query, reader)
    if query.version is not None and (query.as_of is not None or query.effective_on is not None):
        raise Failure(problems.TWO_MOMENTS, "A version and a moment were given.")
    sight = sight_of(reader)
    if moment := asked(service, query.as_of, query.effective_on):
        return _at_moment(service, reference, moment, sight, if_none_match)
    latest = service.pledges.latest(reference)
    row = (
        _of_version(service, reference, query.version, sight)
        if query.version
        else _as_it_is(service, reference, latest.row, sight)
    )
    position = max(latest.position, row.position)
    tag = etag(row.pledge.version)
    if names_version(if_none_match, tag):
        return Response(status_code=304, headers={"ETag": tag, "Ledger-Position": str(position)})
    today = service.today()
    names = (
        latest.names
        if row is latest.row
        else _names_at(service, [row.pledge], None if query.version is None else Point(row.position, today))
    )
    return document(_represented(row, names, today), position=position, headers={"ETag": tag})


def _at_moment(service: Service, reference: str, moment: Moment, sight: Sight, if_none_match: str | None) -> Response:
    row = service.pledges.get(reference, at=point_of(moment))
    if row is None or not sight.includes(row.pledge):
        raise UnknownPledge(reference)
    tag = f'"{row.pledge.version}-{moment.position}-{moment.effective_on}"'
    headers = {"ETag": tag, "Ledger-Position": str(moment.position)}
    if names_version(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    names = _names_at(service, [row.pledge], point_of(moment))
    return document(_reading(row, names, moment), position=moment.position, headers=headers)


@router.get(
    "/{reference}/history",
    operation_id="getPledgeHistory",
    summary="Read what happened to a pledge",
    openapi_extra=FOR_EVERYBODY,
    response_model=History,
    responses=answers(200, READ_LIST, (*READER, *WAITING, *AT_A_MOMENT, *PAGING), (UnknownPledge,)),
)
def get_history(
    request: Request,
    reference: Reference,
    query: Annotated[HistoryQuery, Query()],
    service: Services,
    reader: Reader,
    today: TodayInUtc,
) -> Response:
    """Everything that happened to the pledge, in order, each with one sentence in English and what was recorded.

    At an earlier moment: what the register had recorded by then, of what was true by the effective date.
    """
    cursor = _history_cursor(query, reference)
    asked_about = (
        carried(service, cursor.position, cursor.on) if cursor else asked(service, query.as_of, query.effective_on)
    )
    now = cursor.now if cursor else asked_about is None
    _require_known(service, reference, None if now else asked_about, sight_of(reader))
    page = service.timeline.history(
        reference,
        after_version=cursor.version if cursor else 0,
        limit=query.limit + 1,
        at=point_of(asked_about) if asked_about else None,
    )
    moment = asked_about or service.register.moment(page.position, today)
    items = page.items[: query.limit]
    more = (
        HistoryCursor(
            reference=reference,
            version=items[-1].version,
            position=moment.position,
            on=moment.effective_on,
            now=now,
        )
        if len(page.items) > len(items)
        else None
    )
    content = History(
        items=[history_item(item) for item in items],
        next=encoded(more),
        position=moment.position,
        as_of=moment.recorded_at,
        effective_on=moment.effective_on,
    )
    return document(content, position=moment.position, headers=link_to(request, content.next, query.limit))


def _history_cursor(query: HistoryQuery, reference: str) -> HistoryCursor | None:
    if query.cursor is None:
        return None
    cursor = HistoryCursor.decode(query.cursor)
    if cursor.reference != reference:
        raise refused("It belongs to the history of another pledge.")
    require_one_moment(query)
    return cursor


def _require_known(service: Service, reference: str, moment: Moment | None, sight: Sight) -> None:
    """Refuse a reference that is not in sight now, or was not at a moment. Raises UnknownPledge."""
    if moment is None:
        pledge = service.ledger.pledge(pledge_id(reference))
    else:
        row = service.pledges.get(reference, at=point_of(moment))
        pledge = row.pledge if row else None
    if pledge is None or not sight.includes(pledge):
        raise UnknownPledge(reference)


def _cursor(query: PledgeQuery) -> PledgeCursor | None:
    if query.cursor is None:
        return None
    cursor = PledgeCursor.decode(query.cursor)
    require_one_moment(query)
    if query.stated() and query.stated() != cursor.criteria:
        raise refused("It belongs to a list with other filters.")
    return cursor


def _following(page: PledgePage, on: date, criteria: PledgeQuery) -> str | None:
    if page.next is None:
        return None
    return PledgeCursor(position=page.position, on=on, after=page.next, criteria=criteria.stated()).encode()


def _reading(row: PledgeRow, names: Names, at: Moment) -> PledgeReading:
    return PledgeReading(**dict(_represented(row, names, at.effective_on)), moment=echoed(at))


def _represented(row: PledgeRow, names: Names, on: date) -> PledgeDocument:
    return pledge_document(row.pledge, names, position=row.position, recorded_at=row.recorded_at, on=on)


def _as_it_is(service: Service, reference: str, found: PledgeRow | None, sight: Sight) -> PledgeRow:
    # Right after its announcement the view may not know the pledge yet; the ledger does.
    row = found or _row(service.ledger.entries(pledge_id(reference)))
    if row is None or not sight.includes(row.pledge):
        raise UnknownPledge(reference)
    return row


def _of_version(service: Service, reference: str, version: int, sight: Sight) -> PledgeRow:
    """The pledge after a version; who may know of it as it is may know all of its history."""
    entries = service.ledger.entries(pledge_id(reference))
    present = _row(entries)
    if present is None or not sight.includes(present.pledge):
        raise UnknownPledge(reference)
    row = _row(entries[:version])
    if row is None or row.pledge.version != version:
        raise Failure(problems.UNKNOWN_VERSION, f"{reference} has {present.pledge.version} versions, not {version}.")
    return row


def _row(entries: Sequence[Entry]) -> PledgeRow | None:
    pledge = fold(None, (cast("PledgeEvent", entry.event) for entry in entries))
    if pledge is None:
        return None
    return PledgeRow(pledge=pledge, position=entries[-1].position, recorded_at=entries[-1].recorded_at)


def _names_at(service: Service, pledges: Iterable[Pledge], point: Point | None) -> Names:
    """What the parties are or were called; from the ledger where the view does not know it yet."""
    ids: set[UUID] = parties(pledges)
    try:
        names = service.organisations.names(ids, at=point) if ids else {}
    except PositionNotReached:
        names = {}
    missing = ids - names.keys()
    if not missing:
        return names
    return {**names, **names_at(service.ledger, missing, service.ledger.position if point is None else point.position)}

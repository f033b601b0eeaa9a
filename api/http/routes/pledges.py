"""Reading pledges: the list, and what happened to one of them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from api.http.authentication import Reader
from api.http.channel_documents import history_item
from api.http.conditions import CaughtUp
from api.http.cursors import refused
from api.http.documents import HistoryItem, Instant, PledgeDocument
from api.http.moments import asked, carried, require_one_moment
from api.http.openapi import (
    AT_A_MOMENT,
    FOR_EVERYBODY,
    PAGING,
    READ_LIST,
    READER,
    WAITING,
    answers,
)
from api.http.pages import document, encoded, link_to
from api.http.paths import Reference
from api.http.pledge_rows import names_of_parties, represented
from api.http.queries import HistoryCursor, HistoryQuery, PledgeCursor, PledgeQuery
from api.http.seen import within
from api.http.service import Services, TodayInUtc
from api.http.turns import TurnRoute
from application.access import Sight, sight_of
from application.moments import Moment
from domain.identity import pledge_id
from domain.refusals import UnknownPledge
from infrastructure.bootstrap import Service
from infrastructure.register import point_of
from projections.pinning import Point
from projections.pledge_status.view import PledgePage

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
    names = names_of_parties(service, [row.pledge for row in page.items], Point(page.position, on))
    content = PledgeList(
        items=[represented(row, names, on) for row in page.items],
        next=following,
        position=page.position,
        as_of=page.recorded_at,
        effective_on=on,
    )
    return document(content, position=page.position, headers=link_to(request, following, query.limit))


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

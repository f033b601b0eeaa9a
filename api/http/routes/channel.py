"""The channel: what happens in the register, as a feed to look at now and then and as a stream to listen to."""

from __future__ import annotations

import hashlib
from datetime import datetime
from email.utils import format_datetime
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID, uuid5

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import Field

from api.atom.feed import ATOM, Feed, atom
from api.http import problems
from api.http.addresses import address_of
from api.http.authentication import Given, Reader, still_known
from api.http.caching import PRIVATE
from api.http.clients import client_address
from api.http.conditions import CaughtUp, HeaderText, IfNoneMatch, names_version
from api.http.event_stream import EVENT_STREAM, EventStream
from api.http.failures import Failure
from api.http.openapi import CACHED, FOR_EVERYBODY, READ, READER, WAITING, answers, not_modified
from api.http.paths import REFERENCE_FORM
from api.http.queries import Asked, Limit
from api.http.rates import network_of
from api.http.seen import audience_of
from api.http.service import Services
from api.http.streams import Streams
from api.http.turns import TurnRoute
from application.access import Principal, sight_of
from application.moments import PositionAhead
from infrastructure.bootstrap import Service
from infrastructure.version import p2c_version

router = APIRouter(prefix="/v1", tags=["channel"], route_class=TurnRoute)

TITLE = "Pledges to the Partner2Connect Digital Coalition: what happens"
FARTHEST = 2**53

_LAST_MODIFIED = {
    "description": "When the latest event in it was recorded; ask with `If-None-Match`, since much happens in a second",
    "schema": {"type": "string"},
}
_FEED: dict[str, Any] = {**READ, **CACHED, "Last-Modified": _LAST_MODIFIED}
_POSITION = r"^[0-9]{1,18}$"


class FeedQuery(Asked):
    """Which events."""

    reference: Annotated[
        str | None, Field(pattern=REFERENCE_FORM, description="Only what happened to the pledge with this reference")
    ] = None
    organisation: Annotated[
        UUID | None, Field(description="Only what happened to this organisation, or to pledges it was a party to")
    ] = None
    before: Annotated[
        int | None, Field(ge=1, le=FARTHEST, description="Only what stands before this position of the ledger")
    ] = None
    limit: Limit = 50


class StreamQuery(Asked):
    """From where on."""

    after: Annotated[
        int | None,
        Field(ge=0, le=FARTHEST, description="The position after which to begin; without it, and the header, now"),
    ] = None


LastEventId = Annotated[
    Annotated[HeaderText, Field(json_schema_extra={"pattern": _POSITION})] | None,
    Header(
        alias="Last-Event-ID",
        description="The `id` of the last event that was received, as browsers send it; it counts more than `after`",
    ),
]


@router.get(
    "/feed.atom",
    operation_id="getFeed",
    summary="Read the latest events",
    openapi_extra=FOR_EVERYBODY,
    response_class=Response,
    dependencies=[CaughtUp],
    responses={**answers(200, _FEED, (*READER, *WAITING), forms=[ATOM]), **not_modified(_FEED)},
)
def get_feed(
    request: Request,
    query: Annotated[FeedQuery, Query()],
    service: Services,
    reader: Reader,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """What happened last, as an Atom feed (RFC 4287) in pages (RFC 5005), the latest first.

    Events stand in the order of the ledger. When BDT admits a pledge, what happened to it before comes to stand at its
    places further down; at the top is that it was admitted.
    """
    page = service.channel.latest(
        audience_of(sight_of(reader)),
        limit=query.limit,
        before=query.before,
        reference=query.reference,
        organisation=query.organisation,
    )
    service_address = address_of(request)
    stated = query.model_dump(mode="json", exclude_defaults=True)
    first = {name: value for name, value in stated.items() if name != "before"}

    def here(**parameters: Any) -> str:
        return f"{service_address}{request.url.path}{'?' if parameters else ''}{urlencode(parameters)}"

    feed = Feed(
        id=_id_of(service, query),
        title=_title_of(query),
        service=service_address,
        this=here(**stated),
        first=here(**first),
        next=here(**first, before=page.next) if page.next else None,
        entries=page.items,
        version=p2c_version(),
    )
    content = atom(feed)
    headers = {
        "ETag": f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        "Last-Modified": _http_date(feed.updated),
        "Ledger-Position": str(page.position),
        "Cache-Control": "no-cache" if reader.is_anonymous else PRIVATE,
        "Vary": "Authorization",
    }
    if names_version(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=ATOM, headers=headers)


@router.get(
    "/stream",
    operation_id="streamEvents",
    summary="Be told what happens, as it happens",
    openapi_extra=FOR_EVERYBODY,
    response_class=Response,
    responses=answers(
        200, READ, (*READER, problems.POSITION_BEYOND_LEDGER, problems.TOO_MANY_STREAMS), forms=[EVENT_STREAM]
    ),
)
def stream_events(
    request: Request,
    query: Annotated[StreamQuery, Query()],
    service: Services,
    reader: Reader,
    given: Given,
    last_event_id: LastEventId = None,
) -> Response:
    """Server-sent events, one for each fact: `event` is its type, `id` its position in the ledger, and `data` what a
    history says of it, in JSON.

    They begin after a position, or now, and go on until the client leaves; whoever comes back with the last `id` misses
    nothing and gets nothing twice. What happens to a pledge that BDT has not admitted is told to the parties to it, BDT
    and auditors alone; when it is admitted everybody is told so, and can read its history.
    """
    streams: Streams = request.app.state.streams
    return EventStream(
        streams,
        after=_beginning(service, query.after, last_event_id),
        audience=audience_of(sight_of(reader)),
        client=_client(request, reader),
        still_known=partial(still_known, service, given) if given else None,
    )


def _beginning(service: Service, after: int | None, last_event_id: str | None) -> int:
    """The position after which a stream begins. Raises Failure, and PositionAhead where it cannot have been given."""
    latest = service.ledger.position
    if last_event_id is not None:
        after = _position(last_event_id)
    if after is None:
        return latest
    if after > latest:
        raise PositionAhead(after, latest)
    return after


def _position(last_event_id: str) -> int:
    if not (last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) <= 18):
        raise Failure(problems.MALFORMED_HEADER, "The header `Last-Event-ID` is not the `id` of an event, such as 17.")
    return int(last_event_id)


def _client(request: Request, reader: Principal) -> str:
    """Who has a stream, as far as streams are counted."""
    if reader.actor.credential:
        return str(reader.actor.credential)
    return network_of(client_address(request.scope))


def _id_of(service: Service, query: FeedQuery) -> UUID:
    """The feed's own id, the same on all its pages and at whatever address it is read."""
    ledger = service.checkpoints.ledger_id()
    about = {"reference": query.reference, "organisation": query.organisation}
    return uuid5(ledger, urlencode({"feed": "events", **{name: what for name, what in about.items() if what}}))


def _title_of(query: FeedQuery) -> str:
    about = [f"pledge {query.reference}"] if query.reference else []
    about += [f"organisation {query.organisation}"] if query.organisation else []
    return f"{TITLE} ({', '.join(about)})" if about else TITLE


def _http_date(instant: datetime) -> str:
    return format_datetime(instant.replace(microsecond=0), usegmt=True)

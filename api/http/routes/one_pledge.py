"""Reading one pledge: as it is, as it was after one of its versions, or as the register knew it at a moment."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from api.http import problems
from api.http.authentication import Reader
from api.http.conditions import CaughtUp, IfNoneMatch, etag, names_version
from api.http.documents import PledgeDocument, PledgeReading
from api.http.failures import Failure
from api.http.forms import Accept, Form, is_wanted
from api.http.gathered import Gathered
from api.http.iati_answers import one_activity
from api.http.moments import as_of_of, echoed
from api.http.openapi import AT_A_MOMENT, FOR_EVERYBODY, READ_ONE, READER, WAITING, answers, not_modified
from api.http.pages import document
from api.http.paths import Reference
from api.http.pledge_rows import names_of_parties, represented, row_of
from api.http.queries import VersionQuery
from api.http.representations import Names
from api.http.service import Services
from api.http.turns import PromptRoute, turn_of
from application.access import Principal, Sight, sight_of
from application.moments import Moment
from domain.identity import pledge_id
from domain.refusals import UnknownPledge
from infrastructure.bootstrap import Service
from infrastructure.register import point_of
from projections.pinning import Point
from projections.pledge_status.view import LatestPledge, PledgeRow

router = APIRouter(prefix="/v1/pledges", tags=["pledges"], dependencies=[CaughtUp], route_class=PromptRoute)

LatestPledges = Gathered[str, LatestPledge]
"""Pledges as they are, by reference, asked about together by all who ask at the time."""


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
async def get_pledge(
    request: Request,
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
    sight = sight_of(reader)
    if is_wanted(Form.XML, accept):
        read = partial(_as_iati, service, reference, query, reader)
    elif query.version is not None:
        read = partial(_of_version, service, reference, query, sight, if_none_match)
    elif query.names_a_moment:
        read = partial(_at_moment, service, reference, query, sight, if_none_match)
    else:
        latest_pledges: LatestPledges = request.app.state.latest_pledges
        latest = await latest_pledges.get(reference)
        if latest.row:
            row = _in_sight(reference, latest.row, sight)
            return _as_it_is(service, row, latest.position, if_none_match, lambda: latest.names)
        read = partial(_of_the_ledger, service, reference, latest.position, sight, if_none_match)
    async with turn_of(request).had():
        return await run_in_threadpool(read)


def _in_sight(reference: str, row: PledgeRow | None, sight: Sight) -> PledgeRow:
    if row is None or not sight.includes(row.pledge):
        raise UnknownPledge(reference)
    return row


def _as_it_is(
    service: Service, row: PledgeRow, position: int, if_none_match: str | None, names: Callable[[], Names]
) -> Response:
    return _unless_known(
        etag(row.pledge.version), position, if_none_match, lambda: represented(row, names(), service.today())
    )


def _unless_known(
    tag: str, position: int, if_none_match: str | None, content: Callable[[], PledgeDocument]
) -> Response:
    headers = {"ETag": tag, "Ledger-Position": str(position)}
    if names_version(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    return document(content(), position=position, headers=headers)


def _of_the_ledger(service: Service, reference: str, told: int, sight: Sight, if_none_match: str | None) -> Response:
    """Right after its announcement the view may not know the pledge yet; the ledger does."""
    row = _in_sight(reference, row_of(service.ledger.entries(pledge_id(reference))), sight)
    names = partial(names_of_parties, service, [row.pledge], None)
    return _as_it_is(service, row, max(told, row.position), if_none_match, names)


def _of_version(
    service: Service, reference: str, query: VersionQuery, sight: Sight, if_none_match: str | None
) -> Response:
    """The pledge after a version; who may know of it as it is may know all of its history."""
    if query.names_a_moment:
        raise Failure(problems.TWO_MOMENTS, "A version and a moment were given.")
    entries = service.ledger.entries(pledge_id(reference))
    present = _in_sight(reference, row_of(entries), sight)
    row = row_of(entries[: query.version])
    if row is None or row.pledge.version != query.version:
        detail = f"{reference} has {present.pledge.version} versions, not {query.version}."
        raise Failure(problems.UNKNOWN_VERSION, detail)
    told = service.pledges.latest([reference])[reference].position
    names = partial(names_of_parties, service, [row.pledge], Point(row.position, service.today()))
    return _as_it_is(service, row, max(told, row.position), if_none_match, names)


def _at_moment(
    service: Service, reference: str, query: VersionQuery, sight: Sight, if_none_match: str | None
) -> Response:
    moment = service.register.resolve(as_of_of(query.as_of), query.effective_on)
    point = point_of(moment)
    row = _in_sight(reference, service.pledges.get(reference, at=point), sight)
    return _unless_known(
        f'"{row.pledge.version}-{moment.position}-{moment.effective_on}"',
        moment.position,
        if_none_match,
        lambda: _reading(row, names_of_parties(service, [row.pledge], point), moment),
    )


def _reading(row: PledgeRow, names: Names, at: Moment) -> PledgeReading:
    return PledgeReading(**dict(represented(row, names, at.effective_on)), moment=echoed(at))


def _as_iati(service: Service, reference: str, query: VersionQuery, reader: Principal) -> Response:
    if query.version is not None:
        raise Failure(problems.TWO_MOMENTS, "An IATI document is of a moment, not of a version; give `as_of`.")
    return one_activity(service, reference, query, reader)

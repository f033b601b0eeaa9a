"""Organisations: registering, renaming and deactivating them, and reading them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, cast

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from api.http import answers, problems
from api.http import organisation_bodies as bodies
from api.http.answers import OrganisationAnswer
from api.http.conditions import CaughtUp, Changing, Creating, IfNoneMatch, etag, names_version
from api.http.cursors import refused
from api.http.documents import Instant, OrganisationDocument, OrganisationReading
from api.http.json_request import CommandRoute
from api.http.moments import asked, carried, echoed, require_one_moment
from api.http.openapi import (
    ALWAYS_REFUSED,
    CHANGED,
    CHANGING,
    COMMANDING,
    CREATED,
    PAGING,
    READ_LIST,
    READ_ONE,
    READING,
    WAITING,
    leads_to,
    not_modified,
)
from api.http.openapi import answers as responses
from api.http.pages import document, encoded, link_to
from api.http.paths import OrganisationId
from api.http.queries import MomentQuery, OrganisationCursor, OrganisationQuery
from api.http.representations import organisation_document
from api.http.service import Services, TodayInUtc
from application.moments import Moment
from domain import organisation as organisations
from domain import refusals as no
from domain.events import OrganisationEvent
from infrastructure.bootstrap import Service
from infrastructure.register import point_of
from projections.organisations.view import OrganisationPage, OrganisationRow

router = APIRouter(prefix="/v1/organisations", tags=["organisations"], route_class=CommandRoute)


class OrganisationList(BaseModel):
    """A part of the list of organisations as the register stood at `position`."""

    items: list[OrganisationDocument]
    next: str | None
    position: int
    as_of: Instant | None
    effective_on: date


@router.post(
    "",
    operation_id="registerOrganisation",
    summary="Register an organisation",
    status_code=201,
    response_model=OrganisationAnswer,
    responses=responses(
        201,
        CREATED,
        COMMANDING,
        (no.ContradictoryRegion, no.UnknownCodes, *ALWAYS_REFUSED),
        links=leads_to("getOrganisation", organisation="/organisation/id"),
    ),
)
def register_organisation(body: bodies.Registration, conditions: Creating, service: Services) -> Response:
    """Let a stakeholder join. Its ITU region follows from its country."""
    return answers.register(service, body.command(), conditions)


@router.post(
    "/{organisation}/renaming",
    operation_id="renameOrganisation",
    summary="Rename an organisation",
    status_code=201,
    response_model=OrganisationAnswer,
    responses=responses(
        201,
        CHANGED,
        CHANGING,
        (no.UnknownOrganisation, no.NameUnchanged, no.OrganisationDeactivated, *ALWAYS_REFUSED),
    ),
)
def rename_organisation(
    organisation: OrganisationId, body: bodies.Renaming, conditions: Changing, service: Services
) -> Response:
    """Give a stakeholder another name; its history keeps the former one."""
    return answers.change_organisation(service, organisation, body.command(), conditions)


@router.post(
    "/{organisation}/deactivation",
    operation_id="deactivateOrganisation",
    summary="Deactivate an organisation",
    status_code=201,
    response_model=OrganisationAnswer,
    responses=responses(201, CHANGED, CHANGING, (no.UnknownOrganisation, no.OrganisationDeactivated, *ALWAYS_REFUSED)),
)
def deactivate_organisation(
    organisation: OrganisationId, body: bodies.Deactivation, conditions: Changing, service: Services
) -> Response:
    """Let a stakeholder take on nothing new; what it pledged stays."""
    return answers.change_organisation(service, organisation, body.command(), conditions)


@router.get(
    "",
    operation_id="listOrganisations",
    summary="List organisations",
    response_model=OrganisationList,
    responses=responses(200, READ_LIST, (*READING, *WAITING, problems.MOMENT_NOT_OVER, *PAGING)),
    dependencies=[CaughtUp],
)
def list_organisations(
    request: Request, query: Annotated[OrganisationQuery, Query()], service: Services, today: TodayInUtc
) -> Response:
    """The organisations that meet every filter, by name. All pages belong to one moment."""
    cursor = _cursor(query)
    moment = carried(service, cursor.position, cursor.on) if cursor else asked(service, query.as_of, query.effective_on)
    criteria = OrganisationQuery.model_validate(cursor.criteria) if cursor else query
    on = moment.effective_on if moment else today
    page = service.organisations.page(
        sector=tuple(criteria.sector),
        region=tuple(criteria.region),
        country=tuple(criteria.country),
        active=criteria.active,
        q=criteria.q,
        after=cursor.key if cursor else None,
        limit=query.limit,
        at=point_of(moment) if moment else None,
    )
    following = _following(page, criteria, on)
    content = OrganisationList(
        items=[_represented(row) for row in page.items],
        next=following,
        position=page.position,
        as_of=page.recorded_at,
        effective_on=on,
    )
    return document(content, position=page.position, headers=link_to(request, following, query.limit))


@router.get(
    "/{organisation}",
    operation_id="getOrganisation",
    summary="Read an organisation",
    response_model=OrganisationReading,
    responses={
        **responses(200, READ_ONE, (*READING, *WAITING, problems.MOMENT_NOT_OVER), (no.UnknownOrganisation,)),
        **not_modified(),
    },
    dependencies=[CaughtUp],
)
def get_organisation(
    organisation: OrganisationId,
    query: Annotated[MomentQuery, Query()],
    service: Services,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The organisation as it is, or as the register knew it at a moment."""
    if moment := asked(service, query.as_of, query.effective_on):
        return _at_moment(service, organisation, moment, if_none_match)
    found, position = service.organisations.latest(organisation)
    # Right after its registration the view may not know it yet; the ledger does.
    row = found or _from_ledger(service, organisation)
    position = max(position, row.position)
    tag = etag(row.organisation.version)
    if names_version(if_none_match, tag):
        return Response(status_code=304, headers={"ETag": tag, "Ledger-Position": str(position)})
    return document(_represented(row), position=position, headers={"ETag": tag})


def _at_moment(service: Service, id: OrganisationId, moment: Moment, if_none_match: str | None) -> Response:
    row = service.organisations.get(id, at=point_of(moment))
    if row is None:
        raise no.UnknownOrganisation(str(id))
    tag = f'"{row.organisation.version}-{moment.position}-{moment.effective_on}"'
    headers = {"ETag": tag, "Ledger-Position": str(moment.position)}
    if names_version(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    return document(_reading(row, moment), position=moment.position, headers=headers)


def _reading(row: OrganisationRow, at: Moment) -> OrganisationReading:
    return OrganisationReading(**dict(_represented(row)), moment=echoed(at))


def _cursor(query: OrganisationQuery) -> OrganisationCursor | None:
    if query.cursor is None:
        return None
    cursor = OrganisationCursor.decode(query.cursor)
    require_one_moment(query)
    if query.stated() and query.stated() != cursor.criteria:
        raise refused("It belongs to a list with other filters.")
    return cursor


def _following(page: OrganisationPage, criteria: OrganisationQuery, on: date) -> str | None:
    if page.next is None:
        return None
    place = page.next
    return encoded(
        OrganisationCursor(position=page.position, on=on, name=place.name, id=place.id, criteria=criteria.stated())
    )


def _from_ledger(service: Service, id: OrganisationId) -> OrganisationRow:
    entries = service.ledger.entries(id)
    organisation = organisations.fold(None, (cast("OrganisationEvent", entry.event) for entry in entries))
    if organisation is None:
        raise no.UnknownOrganisation(str(id))
    return OrganisationRow(
        organisation=organisation, position=entries[-1].position, recorded_at=entries[-1].recorded_at
    )


def _represented(row: OrganisationRow) -> OrganisationDocument:
    return organisation_document(row.organisation, position=row.position, recorded_at=row.recorded_at)

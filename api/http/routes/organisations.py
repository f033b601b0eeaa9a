"""Organisations: registering, renaming and deactivating them, and reading them."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from api.http import answers, problems
from api.http import organisation_bodies as bodies
from api.http.answers import OrganisationAnswer
from api.http.conditions import CaughtUp, Changing, Creating, IfNoneMatch, etag, names_version
from api.http.cursors import refused
from api.http.documents import OrganisationDocument
from api.http.json_request import CommandRoute
from api.http.openapi import (
    ALWAYS_REFUSED,
    CHANGED,
    CHANGING,
    COMMANDING,
    CREATED,
    READ_LIST,
    READ_ONE,
    READING,
    WAITING,
    not_modified,
)
from api.http.openapi import answers as responses
from api.http.pages import document, encoded, link_to
from api.http.paths import OrganisationId
from api.http.queries import OrganisationCursor, OrganisationQuery
from api.http.representations import organisation_document
from api.http.service import Services
from domain import organisation as organisations
from domain import refusals as no
from domain.events import OrganisationEvent
from infrastructure.bootstrap import Service
from projections.organisations.view import OrganisationPage, OrganisationRow

router = APIRouter(prefix="/v1/organisations", tags=["organisations"], route_class=CommandRoute)


class OrganisationList(BaseModel):
    """A part of the list of organisations as the register stood at `position`."""

    items: list[OrganisationDocument]
    next: str | None
    position: int


@router.post(
    "",
    operation_id="registerOrganisation",
    summary="Register an organisation",
    status_code=201,
    response_model=OrganisationAnswer,
    responses=responses(201, CREATED, COMMANDING, (no.ContradictoryRegion, no.UnknownCodes, *ALWAYS_REFUSED)),
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
    responses=responses(200, READ_LIST, (*READING, *WAITING, problems.INVALID_CURSOR)),
    dependencies=[CaughtUp],
)
def list_organisations(request: Request, query: Annotated[OrganisationQuery, Query()], service: Services) -> Response:
    """The organisations that meet every filter, by name. All pages belong to one position of the ledger."""
    cursor = _cursor(query)
    criteria = OrganisationQuery.model_validate(cursor.criteria) if cursor else query
    page = service.organisations.page(
        sector=tuple(criteria.sector),
        region=tuple(criteria.region),
        country=tuple(criteria.country),
        active=criteria.active,
        q=criteria.q,
        after=cursor.key if cursor else None,
        limit=query.limit,
        at=cursor.position if cursor else None,
    )
    following = _following(page, criteria)
    content = OrganisationList(items=[_represented(row) for row in page.items], next=following, position=page.position)
    return document(content, position=page.position, headers=link_to(request, following, query.limit))


@router.get(
    "/{organisation}",
    operation_id="getOrganisation",
    summary="Read an organisation",
    response_model=OrganisationDocument,
    responses={**responses(200, READ_ONE, (*READING, *WAITING), (no.UnknownOrganisation,)), **not_modified()},
    dependencies=[CaughtUp],
)
def get_organisation(organisation: OrganisationId, service: Services, if_none_match: IfNoneMatch = None) -> Response:
    """The organisation as it is."""
    position = service.organisations.position()
    # Right after its registration the view may not know it yet; the ledger does.
    row = service.organisations.get(organisation) or _from_ledger(service, organisation)
    position = max(position, row.position)
    tag = etag(row.organisation.version)
    if names_version(if_none_match, tag):
        return Response(status_code=304, headers={"ETag": tag, "Ledger-Position": str(position)})
    return document(_represented(row), position=position, headers={"ETag": tag})


def _cursor(query: OrganisationQuery) -> OrganisationCursor | None:
    if query.cursor is None:
        return None
    cursor = OrganisationCursor.decode(query.cursor)
    if query.stated() and query.stated() != cursor.criteria:
        raise refused("It belongs to a list with other filters.")
    return cursor


def _following(page: OrganisationPage, criteria: OrganisationQuery) -> str | None:
    if page.next is None:
        return None
    place = page.next
    cursor = OrganisationCursor(position=page.position, name=place.name, id=place.id, criteria=criteria.stated())
    return encoded(cursor)


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

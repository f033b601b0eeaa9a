"""An organisation: its names, and what it promised."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Response

from api.http.paths import OrganisationId
from api.web.amounts import Amounts
from api.web.data import as_csv, as_json
from api.web.organisation_data import organisation_as_document, pledges_table
from api.web.organisation_page import organisation_page
from api.web.page_route import PageRoute
from api.web.rendering import page
from api.web.visits import Visits
from domain.dimensions import Dimension

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/organisations/{organisation}.json")
def get_organisation_as_json(organisation: OrganisationId, visit: Visits) -> Response:
    """The same as JSON."""
    return as_json(visit, organisation_as_document(visit, organisation_page(visit, organisation)))


@router.get("/organisations/{organisation}.csv")
def get_organisation_as_csv(organisation: OrganisationId, visit: Visits) -> Response:
    """Its pledges as CSV."""
    return as_csv(visit, pledges_table(visit, organisation_page(visit, organisation)))


@router.get("/organisations/{organisation}")
def get_organisation(organisation: OrganisationId, visit: Visits) -> Response:
    """An organisation at the moment of the visit."""
    address = f"/organisations/{organisation}"
    return page(
        visit,
        "organisation.html",
        shown=organisation_page(visit, organisation),
        amounts=Amounts(visit.texts),
        country=partial(visit.texts.key, Dimension.COUNTRY),
        exports=[(form.upper(), visit.place.link(f"{address}.{form}")) for form in ("json", "csv")],
    )

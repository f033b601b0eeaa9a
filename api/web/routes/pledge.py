"""A pledge: how it stands, and its life."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from api.http.paths import Reference
from api.web.amounts import Amounts
from api.web.data import as_csv, as_json
from api.web.evidence import pledge_evidence
from api.web.links import Place
from api.web.page_route import PageRoute
from api.web.pledge_data import life_table, pledge_as_document
from api.web.pledge_page import pledge_page
from api.web.queries import Page
from api.web.rendering import page
from api.web.visits import Visits
from domain.dimensions import Dimension

router = APIRouter(include_in_schema=False, route_class=PageRoute)


class PledgePageQuery(Page):
    """After which of its steps a pledge is shown; without one, as it stands at the moment."""

    version: Annotated[int | None, Field(ge=1, le=2**31 - 1)] = None


Queries = Annotated[PledgePageQuery, Query()]


@router.get("/pledges/{reference}.json")
def get_pledge_as_json(reference: Reference, visit: Visits, query: Queries) -> Response:
    """The same as JSON."""
    return as_json(visit, pledge_as_document(pledge_page(visit, reference, query.version)))


@router.get("/pledges/{reference}.csv")
def get_life_as_csv(reference: Reference, visit: Visits, query: Queries) -> Response:
    """The life of a pledge as CSV."""
    return as_csv(visit, life_table(pledge_page(visit, reference, query.version)))


@router.get("/pledges/{reference}")
def get_pledge(reference: Reference, visit: Visits, query: Queries) -> Response:
    """A pledge at the moment of the visit, or after one of its steps."""
    shown = pledge_page(visit, reference, query.version)
    address, chosen = f"/pledges/{reference}", visit.place.parameters
    evidence = pledge_evidence(visit, reference, {step.position: step.version for step in shown.life})
    return page(
        visit,
        "pledge.html",
        shown=shown,
        evidence=evidence,
        proven={event.version: event for event in evidence.events},
        address=address,
        exports=[(form.upper(), Place(f"{address}.{form}", chosen).here()) for form in ("json", "csv")],
        amounts=Amounts(visit.texts),
        country=partial(visit.texts.key, Dimension.COUNTRY),
    )

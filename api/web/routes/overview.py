"""The first page."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.web.data import as_csv, as_json
from api.web.drawings.burn_up import Frame, burn_up_drawing
from api.web.evidence import page_evidence
from api.web.freshness import freshness
from api.web.latest import latest
from api.web.overview import overview
from api.web.overview_data import overview_document, overview_table
from api.web.page_route import PageRoute
from api.web.rendering import page
from api.web.visits import Visits

router = APIRouter(include_in_schema=False, route_class=PageRoute)

WIDE, NARROW = Frame(width=720, height=300), Frame(width=340, height=280, top=46)
"""Two drawings of the same: letters cannot shrink as a drawing does."""


@router.get("/")
def get_overview(visit: Visits) -> Response:
    """Where the coalition stands."""
    found = overview(visit.service, visit.moment)
    drawings = [
        burn_up_drawing(found.course, goal=found.goal, goal_on=found.goal_on, frame=frame) for frame in (WIDE, NARROW)
    ]
    return page(
        visit,
        "overview.html",
        overview=found,
        drawings=drawings,
        freshness=freshness(visit.service, visit.moment),
        latest=latest(visit),
        evidence=page_evidence(visit),
    )


@router.get("/overview.json")
def get_overview_as_json(visit: Visits) -> Response:
    """The same as JSON."""
    return as_json(visit, overview_document(overview(visit.service, visit.moment)))


@router.get("/overview.csv")
def get_overview_as_csv(visit: Visits) -> Response:
    """The same as CSV."""
    return as_csv(visit, overview_table(overview(visit.service, visit.moment)))

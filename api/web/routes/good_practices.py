"""What pledgers learned and share with each other."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.web.data import as_csv, as_json
from api.web.good_practices import StoriesQuery, good_practices_page, stories
from api.web.page_route import PageRoute
from api.web.rendering import page
from api.web.reporting_data import stories_document, stories_table
from api.web.visits import Visits

router = APIRouter(include_in_schema=False, route_class=PageRoute)

Asked = Annotated[StoriesQuery, Query()]


@router.get("/good-practices")
def get_good_practices(visit: Visits, query: Asked) -> Response:
    """The stories that are asked about, those of the latest periods first."""
    return page(visit, "good_practices.html", found=good_practices_page(visit, query), q=query.q or "")


@router.get("/good-practices.json")
def get_good_practices_as_json(visit: Visits, query: Asked) -> Response:
    """All of them as JSON."""
    return as_json(visit, stories_document(stories(visit, query)))


@router.get("/good-practices.csv")
def get_good_practices_as_csv(visit: Visits, query: Asked) -> Response:
    """All of them as CSV."""
    return as_csv(visit, stories_table(stories(visit, query)))

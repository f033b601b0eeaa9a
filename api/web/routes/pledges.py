"""The list of pledges."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.web.amounts import Amounts
from api.web.data import as_csv, as_long_json, as_workbook
from api.web.links import Place
from api.web.list_query import ListQuery
from api.web.page_route import PageRoute
from api.web.pledge_list import at_its_moment, page_address, pledge_list
from api.web.pledge_list_data import list_cover, list_documents, list_head, list_table
from api.web.rendering import page
from api.web.visits import Visit, Visits

router = APIRouter(include_in_schema=False, route_class=PageRoute)

ListQueries = Annotated[ListQuery, Query()]


@router.get("/pledges")
def get_pledges(visit: Visits, query: ListQueries) -> Response:
    """The pledges that are looked for, a page of them."""
    visit = at_its_moment(visit, query)
    return page(
        visit,
        "pledges.html",
        found=pledge_list(visit, query),
        query=query,
        page_address=partial(page_address, visit=visit),
        exports=_exports(visit),
        amounts=Amounts(visit.texts),
    )


@router.get("/pledges.json")
def get_pledges_as_json(visit: Visits, query: ListQueries) -> Response:
    """All of them as JSON."""
    visit = at_its_moment(visit, query)
    return as_long_json(visit, list_head(visit, query), "pledges", list_documents(visit, query))


@router.get("/pledges.csv")
def get_pledges_as_csv(visit: Visits, query: ListQueries) -> Response:
    """All of them as CSV."""
    visit = at_its_moment(visit, query)
    return as_csv(visit, list_table(visit, query))


@router.get("/pledges.xlsx")
def get_pledges_as_workbook(visit: Visits, query: ListQueries) -> Response:
    """All of them as a workbook."""
    visit = at_its_moment(visit, query)
    return as_workbook(visit, list_cover(query), list_table(visit, query))


def _exports(visit: Visit) -> list[tuple[str, str]]:
    """Where all of the list is as data, by form: the list of this very moment, whatever is recorded meanwhile."""
    at, chosen = visit.moment, visit.place.parameters
    return [
        (form.upper(), Place(f"/pledges.{form}", chosen).here(as_of=at.position, effective_on=at.effective_on))
        for form in ("json", "csv", "xlsx")
    ]

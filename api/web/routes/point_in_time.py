"""The register at one moment, why it differs between two, and what was published of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse, StreamingResponse

from api.exports.csv_files import csv_lines
from api.exports.difference_tables import movements_table
from api.http import problems
from api.http.failures import Failure
from api.http.forms import Form
from api.http.paths import SnapshotId
from api.http.publication_documents import published_document
from api.web.data import told_headers
from api.web.difference_page import DifferencePage, difference_page
from api.web.moment_queries import LDC_GRADUATION, PointInTimeQuery, days_before
from api.web.page_route import PageRoute
from api.web.publishing import PublishForm, new_form, publications
from api.web.rendering import page
from api.web.snapshot_page import names_of_organisations, snapshot_page
from api.web.visits import Visit, Visits
from application.moments import Moment
from audit.canonical import canonical
from audit.snapshot import RULES_VERSION, Document
from domain.dimensions import Dimension
from domain.refusals import UnknownSnapshot

router = APIRouter(include_in_schema=False, route_class=PageRoute)

Asked = Annotated[PointInTimeQuery, Query()]


@router.get("/point-in-time")
def get_point_in_time(visit: Visits, query: Asked) -> Response:
    """The register at one moment, or the difference between two."""
    if not query.compares:
        return one_moment(visit, query, new_form())
    if not query.names_the_earlier:
        return _page(visit, query, status=422, difference=None)
    compared, found = _difference(visit, query)
    shown = difference_page(visit.service, compared, found, of=query.of, number=query.page)
    names = _names(visit, query, compared[1])
    return _page(visit, query, difference=shown, downloads_of=_downloads(visit, query, shown), organisations=names)


def one_moment(visit: Visit, query: PointInTimeQuery, form: PublishForm, status: int = 200) -> Response:
    """The register at one moment, with the form that publishes it for who may."""
    return _page(
        visit,
        query,
        status=status,
        snapshot=snapshot_page(visit.service, visit.moment, query.division, query.page),
        publications=publications(visit.service, query.before),
        form=form if visit.may("snapshots:publish") and visit.moment.effective_on <= visit.today else None,
    )


@router.get("/point-in-time.json")
def get_point_in_time_as_json(visit: Visits, query: Asked) -> Response:
    """The same as a document with a digest, byte for byte as programs get it."""
    if not query.compares:
        return RedirectResponse(_canonical(visit, query, "json"))
    _, found = _difference(visit, query)
    return Response(canonical(found), media_type=Form.JSON, headers=told_headers(visit))


@router.get("/point-in-time.csv")
def get_point_in_time_as_csv(visit: Visits, query: Asked) -> Response:
    """The pledges of one moment, or the movements between two, one a line."""
    if not query.compares:
        return RedirectResponse(_canonical(visit, query, "csv"))
    (opening, closing), found = _difference(visit, query)
    name = f"difference-{opening.position}-{closing.position}.csv"
    headers = {**told_headers(visit), "Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(csv_lines(movements_table(found)), media_type=Form.CSV, headers=headers)


@router.get("/publications/{snapshot:uuid}")
def get_publication(visit: Visits, snapshot: SnapshotId, compare: str = "") -> Response:
    """A snapshot that BDT published; compared with one that is taken again, if asked."""
    published = visit.service.publications.get(snapshot)
    if published is None:
        raise UnknownSnapshot(str(snapshot))
    of = published.fact.snapshot
    again = None
    if compare:
        division = PointInTimeQuery(group_by=list(map(Dimension, of.group_by)), attribution=of.attribution).division
        again = visit.service.snapshots.take(visit.service.register.moment(of.position, of.effective_on), division)
    return page(
        visit,
        "publication.html",
        published=published,
        told=published_document(published),
        again=again and again["digest"],
        rules=RULES_VERSION,
    )


def _difference(visit: Visit, query: PointInTimeQuery) -> tuple[tuple[Moment, Moment], Document]:
    """The two moments, and why they differ; pledges that are not public are named to those who may know of them."""
    if not query.names_the_earlier:
        raise Failure(problems.INVALID_REQUEST, "Give `from`, or `from_effective_on`, or both.")
    opening, closing = query.moments(visit)
    found = visit.service.differences.between(opening, closing, query.division, unpublished=visit.sight.everything)
    return (opening, closing), found


def _downloads(visit: Visit, query: PointInTimeQuery, shown: DifferencePage) -> list[tuple[str, str]]:
    """Where the same is as data, for ever: both moments by position and day."""
    exactly = {**shown.exactly, "group_by": query.group_by, "attribution": query.attribution, "as_of": None}
    exactly |= {"effective_on": None, "lang": None}
    return [
        ("JSON", visit.place.link("/point-in-time.json", **exactly)),
        ("CSV", visit.place.link("/point-in-time.csv", **exactly)),
    ]


def _canonical(visit: Visit, query: PointInTimeQuery, extension: str) -> str:
    """Where the snapshot of the visit's moment is, for programs, under the name that it keeps for ever."""
    at = {"as_of": visit.moment.position, "effective_on": visit.moment.effective_on, "lang": None}
    grouped = {"group_by": query.group_by, "attribution": query.attribution}
    return visit.place.link(f"/v1/snapshots/status.{extension}", **at, **grouped)


def _names(visit: Visit, query: PointInTimeQuery, at: Moment) -> object:
    return names_of_organisations(visit.service, at) if Dimension.ORGANISATION in query.group_by else {}


def _page(visit: Visit, query: PointInTimeQuery, *, status: int = 200, **shown: object) -> Response:
    day = visit.moment.effective_on
    presets = {
        "month": {"from_effective_on": days_before(day, 30), "to_effective_on": day},
        "year": {"from_effective_on": days_before(day.replace(month=1, day=1), 1), "to_effective_on": day},
        "graduation": {"from_effective_on": days_before(LDC_GRADUATION, 1), "to_effective_on": LDC_GRADUATION},
    }
    content = {"snapshot": None, "difference": None, **shown}
    return page(
        visit,
        "point_in_time.html",
        status=status,
        headers=None,
        query=query,
        dimensions=list(Dimension),
        country_dimension=Dimension.COUNTRY,
        presets=presets,
        **content,
    )

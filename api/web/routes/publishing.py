"""Publishing a snapshot: the form is sent once, and then its publication is shown."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from api.http.moments import as_of_of
from api.web.form_posts import SubmittedForm
from api.web.links import Place
from api.web.moment_queries import PointInTimeQuery
from api.web.page_route import PageRoute
from api.web.publishing import NotPublished, publish
from api.web.routes.point_in_time import one_moment
from api.web.visits import Visit, Visits
from application.access import Permission, require

router = APIRouter(include_in_schema=False, route_class=PageRoute)

UNPROCESSABLE = 422


@router.post("/publications")
def post_publication(visit: Visits, form: SubmittedForm) -> Response:
    """Publish the snapshot of a moment under a title, and go where it is shown; or show the form again."""
    require(visit.by, Permission.SNAPSHOTS_PUBLISH)
    try:
        id = publish(visit, form.fields, form.idempotency_key)
    except NotPublished as refused:
        return _shown_again(visit, refused)
    return RedirectResponse(visit.place.link(f"/publications/{id}"), status_code=303)


def _shown_again(visit: Visit, refused: NotPublished) -> Response:
    """The page of the snapshot that was to be published, with what is wrong beside the title."""
    asked = refused.moment_asked
    at = visit.service.register.resolve(as_of_of(asked.as_of), asked.effective_on)
    said = (*visit.place.carried("lang"), ("as_of", str(at.position)), ("effective_on", str(at.effective_on)))
    query = PointInTimeQuery(group_by=list(asked.group_by), attribution=asked.attribution)
    page_of_it = replace(visit, place=Place("/point-in-time", said), moment=at, pinned=True)
    return one_moment(page_of_it, query, refused.form, UNPROCESSABLE)

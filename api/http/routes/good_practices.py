"""What pledgers learned and share with each other."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.http import problems
from api.http.cursors import refused
from api.http.moments import as_of_of, require_one_moment
from api.http.openapi import PAGING, READ_LIST, READING, WAITING, answers
from api.http.pages import document, link_to
from api.http.report_queries import StoryCriteria, StoryCursor, StoryQuery
from api.http.service import Services
from api.http.story_documents import StoryList, story_document
from api.http.turns import TurnRoute

router = APIRouter(prefix="/v1/good-practices", tags=["reports"], route_class=TurnRoute)


@router.get(
    "",
    operation_id="listGoodPractices",
    summary="List good practices",
    response_model=StoryList,
    responses=answers(200, READ_LIST, (*READING, *WAITING, *PAGING, problems.MOMENT_NOT_OVER)),
)
def list_good_practices(request: Request, query: Annotated[StoryQuery, Query()], service: Services) -> Response:
    """The good practices in the progress reports on published pledges, those of the latest periods first."""
    cursor = _cursor(query)
    criteria = StoryCriteria.model_validate(cursor.criteria) if cursor else query
    at = (
        service.register.resolve(cursor.position, cursor.on)
        if cursor
        else service.register.resolve(as_of_of(query.as_of), query.effective_on)
    )
    stories = service.good_practices.stories(at, criteria.interest())
    first = cursor.after if cursor else 0
    last = first + query.limit
    more = StoryCursor(position=at.position, on=at.effective_on, after=last, criteria=criteria.stated())
    following = more.encode() if last < len(stories) else None
    content = StoryList(
        items=[story_document(story) for story in stories[first:last]],
        next=following,
        position=at.position,
        as_of=at.recorded_at,
        effective_on=at.effective_on,
    )
    return document(content, position=at.position, headers=link_to(request, following, query.limit))


def _cursor(query: StoryQuery) -> StoryCursor | None:
    if query.cursor is None:
        return None
    cursor = StoryCursor.decode(query.cursor)
    require_one_moment(query)
    if query.stated() and query.stated() != cursor.criteria:
        raise refused("It belongs to a list with other filters.")
    return cursor

"""What the page of good practices shows: the stories that are asked about, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ConfigDict

from api.http.report_queries import StoryCriteria
from api.web.choices import Choices, choices
from api.web.paging import Paged, PageNumber, paged
from api.web.queries import Page
from api.web.visits import Visit
from domain.good_practices import Story
from domain.vocabulary import FocusArea, PledgeType, Region, Sector

STORIES_A_PAGE = 20


class StoriesQuery(StoryCriteria, Page):
    """Which good practices, and which page of them."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    page: PageNumber = 1


@dataclass(frozen=True, slots=True)
class GoodPracticesPage:
    """The stories, and by what they can be chosen."""

    stories: Paged[Story]
    filters: Sequence[Choices]


def good_practices_page(visit: Visit, query: StoriesQuery) -> GoodPracticesPage:
    """The page of stories that is asked for."""
    return GoodPracticesPage(paged(stories(visit, query), query.page, STORIES_A_PAGE), _filters(visit, query))


def stories(visit: Visit, query: StoryCriteria) -> Sequence[Story]:
    """The stories of published pledges at the visit's moment that are asked about."""
    return visit.service.good_practices.stories(visit.moment, query.interest())


def _filters(visit: Visit, query: StoriesQuery) -> list[Choices]:
    spoken = visit.texts
    return [
        choices(spoken, "focus_area", "focus_area", FocusArea, query.focus_area),
        choices(spoken, "type", "pledge_type", PledgeType, query.type),
        choices(spoken, "sector", "sector", Sector, query.sector),
        choices(spoken, "pledger_region", "region", Region, query.pledger_region),
    ]

"""What the list of pledges can be asked for in its address: filters, an order, and which page of which moment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from api.http.queries import PledgeCriteria
from api.web.queries import Page
from application.moments import Moment
from projections.pledge_status.listing import Sorting, SortKey

SORTS = {f"{sign}{key}": Sorting(key, descending=bool(sign)) for key in SortKey for sign in ("", "-")}
"""The orders by their names in an address; a minus sign turns one around."""

NEWEST_FIRST = "-announced"

_PAGE = re.compile(r"([1-9][0-9]{0,8})(?:\.([0-9]{1,18})\.([0-9]{4}-[0-9]{2}-[0-9]{2}))?")


@dataclass(frozen=True, slots=True)
class PageOfList:
    """A page by its number from 1, and the position and the day of the list that it is a part of."""

    number: int
    position: int | None = None
    on: date | None = None

    @staticmethod
    def of(number: int, moment: Moment) -> PageOfList:
        """A page of the list as it is at a moment."""
        return PageOfList(number, moment.position, moment.effective_on)

    def __str__(self) -> str:
        return f"{self.number}.{self.position}.{self.on}"


def _sort(given: str) -> str:
    if given not in SORTS:
        raise PydanticCustomError("unknown_order", "It is none of {orders}.", {"orders": ", ".join(SORTS)})
    return given


def _page(given: str) -> str:
    try:
        page_of(given)
    except ValueError:
        raise PydanticCustomError("unknown_page", "It is no page of this list; begin at the first.") from None
    return given


def page_of(text: str) -> PageOfList:
    """The page that is meant: `2`, or `2.1234.2026-05-31` for that of the list at a position and a day.

    Raises ValueError.
    """
    found = _PAGE.fullmatch(text)
    if found is None:
        raise ValueError(text)
    number, position, on = found.groups()
    return PageOfList(int(number), int(position), date.fromisoformat(on)) if position else PageOfList(int(number))


class ListQuery(PledgeCriteria, Page):
    """Which pledges, in which order, and which page of them."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    sort: Annotated[str, Field(max_length=20), AfterValidator(_sort)] = NEWEST_FIRST
    page: Annotated[str, Field(max_length=40), AfterValidator(_page)] = "1"

    @property
    def sorting(self) -> Sorting:
        """The order that is asked for."""
        return SORTS[self.sort]

    @property
    def wanted_page(self) -> PageOfList:
        """The page that is asked for."""
        return page_of(self.page)

    def chosen(self) -> dict[str, list[Any]]:
        """The values of every filter that says something, by the filter's name in an address."""
        stated = self.stated()
        return {name: value if isinstance(value, list) else [value] for name, value in stated.items()}

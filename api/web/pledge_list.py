"""What the list of pledges shows: a page of those that are looked for, what all of them come to, and the filters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from uuid import UUID

from api.http.moments import carried
from api.http.representations import Names, parties
from api.http.seen import within
from api.web.facets import Chip, FacetShown, chips, facets_shown
from api.web.list_query import ListQuery, PageOfList
from api.web.visits import Visit
from domain.ladder import Ladder, is_published
from domain.pledge import SHARE_STEP, Pledge
from domain.schedule import WHOLE, delivered_share, reporting_health, schedule_health
from domain.status import PledgeStatus
from domain.vocabulary import ReportingHealth, ScheduleHealth
from projections.pledge_status.listing import Sorting

PLEDGES_A_PAGE = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A pledge of a list, on a day.

    `delivered` and `verified` are means over its targets, of 1, none counted for more than the whole; None without
    targets. `public` says whether everybody may see it.
    """

    pledge: Pledge
    lead_name: str
    delivered: Decimal | None
    verified: Decimal | None
    schedule: ScheduleHealth
    reporting: ReportingHealth
    public: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PledgeList:
    """A page of the list, and what is said of all of it. `first` and `last` are the places of its lines, from 1."""

    lines: Sequence[Line]
    pledges: int
    ladder: Ladder
    facets: Sequence[FacetShown]
    chips: Sequence[Chip]
    sorting: Sorting
    number: int
    pages: int
    first: int

    @property
    def last(self) -> int:
        """The place of the page's last line."""
        return self.first + len(self.lines) - 1


def at_its_moment(visit: Visit, query: ListQuery) -> Visit:
    """The visit at the moment of the list that a page is part of. Raises PositionAhead and ViewsBehind.

    Later pages belong to the moment of the first one; what is linked from them is as it is now.
    """
    wanted = query.wanted_page
    if wanted.position is None or wanted.on is None:
        return visit
    return replace(visit, moment=carried(visit.service, wanted.position, wanted.on))


def pledge_list(visit: Visit, query: ListQuery) -> PledgeList:
    """The page that is asked for; the last one where there are fewer."""
    view, at = visit.service.pledges, visit.point
    filters = within(visit.sight, query.filters())
    found = view.summary(filters, at)
    pages = max(1, -(-found.pledges // PLEDGES_A_PAGE))
    number = min(query.wanted_page.number, pages)
    offset = (number - 1) * PLEDGES_A_PAGE
    rows = view.in_order(filters, query.sorting, at, offset=offset, limit=PLEDGES_A_PAGE)
    chosen = query.chosen()
    names = _names(visit, [row.pledge for row in rows], (*query.lead, *query.organisation))
    return PledgeList(
        lines=[line(row.pledge, names, at.effective_on) for row in rows],
        pledges=found.pledges,
        ladder=found.ladder,
        facets=list(facets_shown(found.facets, chosen, visit.texts)),
        chips=list(chips(chosen, names, visit.texts)),
        sorting=query.sorting,
        number=number,
        pages=pages,
        first=offset + 1,
    )


def all_of_it(visit: Visit, query: ListQuery) -> Iterator[PledgeStatus]:
    """Every pledge of the list, in its order."""
    return visit.service.pledges.statuses_in_order(within(visit.sight, query.filters()), query.sorting, visit.point)


def line(pledge: Pledge, names: Names, on: date) -> Line:
    """A pledge as a list tells it on a day."""
    return Line(
        pledge=pledge,
        lead_name=names.get(pledge.lead.organisation) or str(pledge.lead.organisation),
        delivered=delivered_share(pledge) if pledge.targets else None,
        verified=_verified_share(pledge) if pledge.targets else None,
        schedule=schedule_health(pledge, on),
        reporting=reporting_health(pledge, on),
        public=is_published(pledge),
    )


def page_address(number: int, visit: Visit) -> str:
    """What a link to another page of the same list has as its `page`."""
    return str(PageOfList.of(number, visit.moment))


def _verified_share(pledge: Pledge) -> Decimal:
    shares = [min(pledge.delivered(target, verified=True) / target.promised, WHOLE) for target in pledge.targets]
    return (sum(shares, Decimal(0)) / len(shares)).quantize(SHARE_STEP, rounding=ROUND_HALF_EVEN)


def _names(visit: Visit, pledges: Iterable[Pledge], more: Iterable[UUID]) -> Names:
    ids = parties(pledges) | set(more)
    return visit.service.organisations.names(ids, at=visit.point) if ids else {}

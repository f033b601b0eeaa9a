"""What the page of an organisation shows: its names, and what it promised as a lead and as a partner."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast
from uuid import UUID

from api.http.representations import parties
from api.http.seen import within
from api.web.known_facts import known_at
from api.web.pledge_list import Line, line
from api.web.visits import Visit
from audit.envelope import Entry
from domain.events import OrganisationEvent, Registered, Renamed
from domain.ladder import Ladder
from domain.organisation import Organisation, fold
from domain.refusals import UnknownOrganisation
from projections.pledge_status.filters import PledgeFilters
from projections.pledge_status.listing import Sorting, SortKey

MOST_PLEDGES = 50
NEWEST_FIRST = Sorting(SortKey.ANNOUNCED, descending=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name that the organisation went by from a day on, and when that was recorded."""

    name: str
    since: date
    position: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What it has part in: how many pledges, and their whole dollars, whatever its share of them is."""

    pledges: int
    ladder: Ladder


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationPage:
    """An organisation at a moment. `names` begin with the first, and the last is its name then.

    `lines` are the latest of its pledges that the visitor may know of.
    """

    organisation: Organisation
    names: Sequence[Name]
    as_lead: Part
    as_partner: Part
    lines: Sequence[Line]

    @property
    def pledges(self) -> int:
        """How many pledges it has part in."""
        return self.as_lead.pledges + self.as_partner.pledges


def organisation_page(visit: Visit, id: UUID) -> OrganisationPage:
    """The page of an organisation at the moment of a visit. Raises UnknownOrganisation."""
    known = known_at(visit.service.ledger.entries(id), visit.moment)
    organisation = fold(None, (cast("OrganisationEvent", entry.event) for entry in known))
    if organisation is None:
        raise UnknownOrganisation(str(id))
    view, at = visit.service.pledges, visit.point
    whole = view.sum_of(filters_of(visit, id), at)
    led = view.sum_of(within(visit.sight, PledgeFilters(lead=(id,))), at)
    rows = view.in_order(filters_of(visit, id), NEWEST_FIRST, at, limit=MOST_PLEDGES)
    names = visit.service.organisations.names(parties(row.pledge for row in rows), at=at)
    return OrganisationPage(
        organisation=organisation,
        names=list(_names(known)),
        as_lead=Part(pledges=led.pledges, ladder=led.ladder),
        as_partner=Part(pledges=whole.pledges - led.pledges, ladder=whole.ladder - led.ladder),
        lines=[line(row.pledge, names, at.effective_on) for row in rows],
    )


def filters_of(visit: Visit, id: UUID) -> PledgeFilters:
    """The pledges that an organisation leads or shares, as far as the visitor may know of them."""
    return within(visit.sight, PledgeFilters(organisation=(id,)))


def _names(entries: Iterable[Entry]) -> Iterator[Name]:
    for entry in entries:
        match entry.event:
            case Registered(name=name) | Renamed(name=name):
                yield Name(
                    name=name,
                    since=entry.event.effective_on,
                    position=entry.position,
                    recorded_at=entry.recorded_at,
                )

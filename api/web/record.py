"""What a visitor can record: their organisation's pledges with what is owed, or what waits for BDT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from api.http.representations import parties
from api.web.recording.access import Offered, may_announce, offered
from api.web.visits import Visit
from domain.obligations import Obligation, obligation
from domain.pledge import Pledge
from domain.vocabulary import Lifecycle, ReportingHealth
from projections.pledge_status.filters import PledgeFilters
from projections.pledge_status.view import PledgePage

AT_ONCE = 50
"""How many pledges a page shows."""

OWED = tuple(health for health in ReportingHealth if health is not ReportingHealth.NOT_DUE)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPledge:
    """A pledge, the report that is owed on it, and the forms that are there for the visitor."""

    pledge: Pledge
    lead: str
    leads: bool
    owed: Obligation | None
    forms: Sequence[Offered]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a visitor can record. They owe reports on the `owed` pledges; `next` leads to further `pledges`."""

    organisation: str | None = None
    announces: bool = False
    reviews: bool = False
    owed: Sequence[OwnPledge] = ()
    pledges: Sequence[OwnPledge] = ()
    next: str | None = None


def record(visit: Visit, after: str | None = None) -> Record:
    """What the visitor can record, the pledges after the reference `after`."""
    if visit.may("pledges:review"):
        return _for_bdt(visit, after)
    organisation = visit.by.actor.organisation
    if organisation is None or not visit.may("pledges:write"):
        return Record()
    return _for_pledger(visit, organisation, after)


def _for_bdt(visit: Visit, after: str | None) -> Record:
    waiting = _page(visit, PledgeFilters(lifecycle=(Lifecycle.ANNOUNCED,)), after)
    return Record(reviews=True, pledges=_own(visit, waiting), next=waiting.next)


def _for_pledger(visit: Visit, organisation: UUID, after: str | None) -> Record:
    """The reports that are owed stand on the first page, whichever page their pledges are on."""
    own = _page(visit, PledgeFilters(organisation=(organisation,)), after)
    owed = None if after else _page(visit, PledgeFilters(lead=(organisation,), reporting=OWED), None)
    return Record(
        organisation=visit.service.organisations.names([organisation]).get(organisation),
        announces=may_announce(visit.service, visit.by),
        owed=[one for one in _own(visit, owed) if one.owed] if owed else (),
        pledges=_own(visit, own),
        next=own.next,
    )


def _page(visit: Visit, filters: PledgeFilters, after: str | None) -> PledgePage:
    return visit.service.pledges.page(filters, on=visit.today, after=after, limit=AT_ONCE)


def _own(visit: Visit, found: PledgePage) -> Sequence[OwnPledge]:
    pledges = [row.pledge for row in found.items]
    names = visit.service.organisations.names(parties(pledges))
    return [
        OwnPledge(
            pledge=pledge,
            lead=names.get(pledge.lead.organisation, str(pledge.lead.organisation)),
            leads=pledge.lead.organisation == visit.by.actor.organisation,
            owed=obligation(pledge, names, visit.today),
            forms=offered(visit.service, visit.by, pledge, visit.today),
        )
        for pledge in pledges
    ]

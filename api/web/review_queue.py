"""What waits for BDT: pledges to admit or decline, contributions to verify, what it asked about, and new reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from api.web.paging import Paged, PageNumber
from api.web.queries import Page
from api.web.visits import Visit
from domain.pledge import Pledge, RecordedContribution, Standing
from domain.vocabulary import Lifecycle, Role, SelfAssessment
from projections.pledge_status.filters import PledgeFilters
from projections.pledge_status.unverified import Unverified
from projections.timeline.view import TimelineItem

A_PAGE = 25
LATEST_REPORTS = 25

RECORDING = ("partially_fulfilled", "corrected")
ASKING = "contribution_queried"
ANSWERING = (*RECORDING, "reported")
"""The kinds of facts that record a contribution, ask about one, and may answer that."""


class QueueQuery(Page):
    """Which page of which of the lists; `after` is the reference of a pledge that waits."""

    to_verify: PageNumber = 1
    asked: PageNumber = 1
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingPledge:
    """A pledge that BDT has neither admitted nor declined."""

    reference: str
    title: str
    lead: UUID
    lead_name: str
    announced_on: date
    value: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ToVerify:
    """A contribution that BDT has yet to look at, or asked about.

    `recorded` is the fact that brought it, `asked` the one that asked about it, and `since` are the facts by which the
    pledger may have answered.
    """

    reference: str
    title: str
    lead: UUID
    lead_name: str
    measure: str | None
    counted: RecordedContribution
    recorded: TimelineItem | None
    asked: TimelineItem | None = None
    since: Sequence[TimelineItem] = ()

    @property
    def question(self) -> str:
        """What BDT asked."""
        return str(self.asked.data["question"]) if self.asked else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedReport:
    """A report that came lately."""

    item: TimelineItem
    title: str
    reported_by: str | None
    period_start: date
    period_end: date
    self_assessment: SelfAssessment
    narrative: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewQueue:
    """All that waits for BDT. `next_pledge` is where the list of pledges goes on."""

    pledges: Sequence[WaitingPledge]
    next_pledge: str | None
    to_verify: Paged[ToVerify]
    asked: Paged[ToVerify]
    reports: Sequence[ReceivedReport]


def review_queue(visit: Visit, query: QueueQuery) -> ReviewQueue:
    """What waits for BDT at the visit's moment."""
    service, point = visit.service, visit.point
    waiting = service.pledges.page(
        PledgeFilters(lifecycle=(Lifecycle.ANNOUNCED,)),
        on=point.effective_on,
        after=query.after,
        limit=A_PAGE,
        at=point,
    )
    parts = {
        standing: service.pledges.unverified(point, standing, limit=A_PAGE, skip=(page - 1) * A_PAGE)
        for standing, page in ((Standing.REPORTED, query.to_verify), (Standing.QUERIED, query.asked))
    }
    unverified = [one for part in parts.values() for one in part.items]
    happened = service.timeline.of_pledges({one.reference for one in unverified}, (*ANSWERING, ASKING), point)
    reports = service.timeline.latest_of(("reported",), LATEST_REPORTS, point)
    titles = service.pledges.titles({report.reference for report in reports}, point, published=False)
    parties = {row.pledge.lead.organisation for row in waiting.items} | {one.lead for one in unverified}
    parties |= {organisation for report in reports if (organisation := _organisation(report))}
    names = service.organisations.names(parties, at=point)

    def paged(standing: Standing, page: int) -> Paged[ToVerify]:
        part = parts[standing]
        items = [_to_verify(one, happened, names) for one in part.items]
        return Paged(items=items, number=page, size=A_PAGE, of_all=part.of_all)

    return ReviewQueue(
        pledges=[_waiting(row.pledge, names) for row in waiting.items],
        next_pledge=waiting.next,
        to_verify=paged(Standing.REPORTED, query.to_verify),
        asked=paged(Standing.QUERIED, query.asked),
        reports=[_received(report, titles.get(report.reference, ""), names) for report in reports],
    )


def _waiting(pledge: Pledge, names: Mapping[UUID, str]) -> WaitingPledge:
    lead = pledge.lead.organisation
    return WaitingPledge(
        reference=pledge.reference,
        title=pledge.title,
        lead=lead,
        lead_name=names.get(lead, str(lead)),
        announced_on=pledge.announced_on,
        value=pledge.value_usd,
    )


def _to_verify(one: Unverified, happened: Iterable[TimelineItem], names: Mapping[UUID, str]) -> ToVerify:
    history = [item for item in happened if item.reference == one.reference]
    id = one.recorded.contribution.id
    asked = _last(item for item in history if _kind(item) == ASKING and item.data["contribution"] == id)
    return ToVerify(
        reference=one.reference,
        title=one.title,
        lead=one.lead,
        lead_name=names.get(one.lead, str(one.lead)),
        measure=one.measure,
        counted=one.recorded,
        recorded=_last(item for item in history if id in _recorded_by(item)),
        asked=asked,
        since=[item for item in history if asked and _answers(item, asked)],
    )


def _answers(item: TimelineItem, asked: TimelineItem) -> bool:
    """Whether the pledger said something after BDT had asked: that may be the answer."""
    return item.version > asked.version and _kind(item) in ANSWERING and item.actor["role"] == Role.STAKEHOLDER


def _recorded_by(item: TimelineItem) -> frozenset[str]:
    """The ids of the contributions that a fact brought."""
    match _kind(item):
        case "partially_fulfilled":
            return frozenset(contribution["id"] for contribution in item.data["contributions"])
        case "corrected" if replacement := item.data.get("replacement"):
            return frozenset({replacement["id"]})
        case _:
            return frozenset()


def _kind(item: TimelineItem) -> str:
    return item.type.split(".")[1]


def _last(items: Iterable[TimelineItem]) -> TimelineItem | None:
    return max(items, key=lambda item: item.version, default=None)


def _received(item: TimelineItem, title: str, names: Mapping[UUID, str]) -> ReceivedReport:
    data: Mapping[str, Any] = item.data
    return ReceivedReport(
        item=item,
        title=title,
        reported_by=names.get(by) if (by := _organisation(item)) else None,
        period_start=date.fromisoformat(data["period_start"]),
        period_end=date.fromisoformat(data["period_end"]),
        self_assessment=SelfAssessment(data["self_assessment"]),
        narrative=data["narrative"],
    )


def _organisation(item: TimelineItem) -> UUID | None:
    """The organisation that recorded a fact; None where none did."""
    return UUID(item.actor["organisation"]) if item.actor.get("organisation") else None

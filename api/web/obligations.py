"""What the page of reporting shows: how reports stand, who answers, and who owes a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from pydantic import ConfigDict

from api.http.report_queries import ObligationCriteria
from api.web.choices import Choices, choices
from api.web.paging import Paged, PageNumber
from api.web.queries import Page
from api.web.visits import Visit
from domain.dimensions import Dimension, Division, Key
from domain.obligations import Obligation
from domain.totals import Total, rate
from domain.vocabulary import Region, ReportingHealth, Sector

OBLIGATIONS_A_PAGE = 50

ANSWERED_BY = (Dimension.SECTOR, Dimension.REGION, Dimension.TYPE)
"""By what the response rate is told, in this order."""

OWING = tuple(health for health in ReportingHealth if health is not ReportingHealth.NOT_DUE)


class ObligationsQuery(ObligationCriteria, Page):
    """Whose obligations, and which page of their list."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    page: PageNumber = 1


@dataclass(frozen=True, slots=True)
class Bucket:
    """The pledges whose reports stand alike, and their share of all that stand, of 1."""

    health: ReportingHealth
    pledges: int
    share: Decimal | None


@dataclass(frozen=True, slots=True)
class Answers:
    """The pledges that were ever reported on, of those that stand, in each part."""

    dimension: Dimension
    parts: Sequence[tuple[Key, Total]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """How reporting stands: of all pledges, and the obligations that are asked about."""

    whole: Total
    buckets: Sequence[Bucket]
    answers: Sequence[Answers]
    owed: Paged[Obligation]
    leads: int
    filters: Sequence[Choices]


def reporting(visit: Visit, query: ObligationsQuery) -> Reporting:
    """How reporting stands at the visit's moment."""
    owed, leads = obligations_page(visit, query)
    divided = {
        dimension: visit.service.snapshots.counted(visit.moment, Division(by=(dimension,))) for dimension in ANSWERED_BY
    }
    whole = divided[ANSWERED_BY[0]].whole
    return Reporting(
        whole=whole,
        buckets=_buckets(whole),
        answers=[
            Answers(dimension, [(group.keys[0], group.total) for group in totals.groups if group.total.pledges])
            for dimension, totals in divided.items()
        ],
        owed=owed,
        leads=leads,
        filters=_filters(visit, query),
    )


def obligations_page(visit: Visit, query: ObligationsQuery) -> tuple[Paged[Obligation], int]:
    """A page of the reports owed that are asked about, and by how many organisations all of them are."""
    size = OBLIGATIONS_A_PAGE
    part = visit.service.reporting_duties.part(visit.moment, query.debts(), skip=(query.page - 1) * size, limit=size)
    return Paged(items=part.items, number=query.page, size=size, of_all=part.of_all), part.leads


def obligations(visit: Visit, query: ObligationCriteria) -> Sequence[Obligation]:
    """The reports owed at the visit's moment that are asked about."""
    return visit.service.reporting_duties.owed(visit.moment, query.debts())


def _buckets(whole: Total) -> list[Bucket]:
    counted = ((health, whole.reporting.get(health, 0)) for health in ReportingHealth)
    return [Bucket(health, number, rate(number, whole.pledges)) for health, number in counted]


def _filters(visit: Visit, query: ObligationsQuery) -> list[Choices]:
    spoken = visit.texts
    return [
        choices(spoken, "health", "reporting_health", OWING, query.health),
        choices(spoken, "sector", "sector", Sector, query.sector),
        choices(spoken, "region", "region", Region, query.region),
        choices(spoken, "pledger_region", "region", Region, query.pledger_region),
    ]

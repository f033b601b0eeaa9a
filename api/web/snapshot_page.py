"""What the page of one moment shows: the totals, what they are divided into, and the status of every pledge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from api.http.publication_documents import address_of
from api.web.overview import Rung, rungs
from api.web.paging import Paged
from application.moments import Moment
from application.reporting_duties import names_at
from audit.snapshot import Document, identity_of, status_document
from domain.dimensions import Dimension, Division, Key
from domain.events import SnapshotIdentity
from domain.ladder import RUNGS, ZERO, Ladder
from domain.totals import Total, rate
from domain.vocabulary import Lifecycle, ReportingHealth, ScheduleHealth
from infrastructure.bootstrap import Service
from infrastructure.register import point_of
from projections.pledge_status.filters import PledgeFilters
from projections.pledge_status.listing import Sorting, SortKey

PLEDGES_A_PAGE = 100

MOST_DIGESTED = 10_000
"""Of a larger register the page leaves out the digest, which takes every pledge; whoever takes the snapshot gets it."""

ADMITTED = PledgeFilters(published=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRow:
    """An admitted pledge as it stood; amounts are US dollars, `delivered_share` is of 1."""

    reference: str
    title: str
    lead_id: str
    lead_name: str
    lifecycle: Lifecycle
    scaled_up: bool
    value: Decimal
    delivered: Decimal
    verified: Decimal
    delivered_share: Decimal | None
    reporting: ReportingHealth
    due_on: date | None
    schedule: ScheduleHealth


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the portfolio, and how far its validated dollars reach along the longest part's, of 1."""

    keys: tuple[Key, ...]
    total: Total
    length: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotPage:
    """The register at a moment. `identity` is that of its totals, `digest` that of all of it.

    `organisations` names those that are keys of parts.
    """

    identity: SnapshotIdentity
    digest: str | None
    tree_size: int
    root: str
    whole: Total
    ladder: Sequence[Rung]
    division: Division
    parts: Sequence[Part]
    organisations: Mapping[str, str]
    pledges: Paged[StatusRow]

    @property
    def address(self) -> str:
        """Where anybody takes the same snapshot, as a program."""
        return address_of(self.identity)

    def file(self, extension: str) -> str:
        """Where it is in another form."""
        path, _, query = self.address.partition("?")
        return f"{path}.{extension}?{query}"


def snapshot_page(service: Service, at: Moment, division: Division, number: int) -> SnapshotPage:
    """The register at a moment, with a page of its pledges; the others are counted, and not looked at."""
    told = service.snapshots.totals(at, division)
    of_all = service.pledges.sum_of(ADMITTED, point_of(at)).pledges
    rows = _rows(service, at, number)
    whole = total_of(told["totals"])
    is_nameless = any(row["lead"]["name"] is None for row in rows)
    names = names_of_organisations(service, at) if is_nameless or Dimension.ORGANISATION in division.by else {}
    return SnapshotPage(
        identity=identity_of(told),
        digest=service.snapshots.take(at, division)["digest"] if of_all <= MOST_DIGESTED else None,
        tree_size=told["tree_size"],
        root=told["root"],
        whole=whole,
        ladder=tuple(rungs(whole.ladder)),
        division=division,
        parts=_parts(told),
        organisations=names,
        pledges=Paged(items=[_row(row, names) for row in rows], number=number, size=PLEDGES_A_PAGE, of_all=of_all),
    )


def _rows(service: Service, at: Moment, number: int) -> list[Document]:
    """A page of the pledges that were admitted, as the snapshot tells them."""
    found = service.pledges.statuses_in_part(
        ADMITTED,
        Sorting(SortKey.REFERENCE),
        point_of(at),
        offset=(number - 1) * PLEDGES_A_PAGE,
        limit=PLEDGES_A_PAGE,
    )
    organisations = service.register.organisations(at) if found else {}
    return [status_document(status, organisations, at.effective_on) for status in found]


def names_of_organisations(service: Service, at: Moment) -> Mapping[str, str]:
    """What every organisation was called at a moment, or when the register knew it, by its id as text."""
    return {str(id): name for id, name in names_at(service.register, at).items()}


def total_of(document: Mapping[str, Any]) -> Total:
    """The totals that a document tells."""
    return Total(
        pledges=document["pledges"],
        organisations=document["organisations"],
        countries=document["countries"],
        ladder=Ladder(**{rung: Decimal(document[f"{rung}_usd"]) for rung in RUNGS}),
        lifecycle={Lifecycle(code): number for code, number in document["lifecycle"].items()},
        reporting={ReportingHealth(code): number for code, number in document["reporting"].items()},
        reported=document["reported"],
    )


def _parts(taken: Document) -> list[Part]:
    dimensions = taken["group_by"]
    found = [(tuple(group["key"][name] for name in dimensions), total_of(group)) for group in taken["groups"]]
    longest = max((total.ladder.validated for _, total in found), default=ZERO)
    return [Part(keys, total, rate(total.ladder.validated, longest) or ZERO) for keys, total in found]


def _row(pledge: Mapping[str, Any], names: Mapping[str, str]) -> StatusRow:
    share, due_on = pledge["delivered_share"], pledge["next_report_due_on"]
    return StatusRow(
        reference=pledge["reference"],
        title=pledge["title"],
        lead_id=pledge["lead"]["id"],
        lead_name=pledge["lead"]["name"] or names.get(pledge["lead"]["id"]) or pledge["lead"]["id"],
        lifecycle=Lifecycle(pledge["lifecycle"]),
        scaled_up=pledge["scaled_up"],
        value=Decimal(pledge["value_usd"]),
        delivered=Decimal(pledge["delivered_usd"]),
        verified=Decimal(pledge["verified_usd"]),
        delivered_share=None if share is None else Decimal(share),
        reporting=ReportingHealth(pledge["reporting"]),
        due_on=date.fromisoformat(due_on) if due_on else None,
        schedule=ScheduleHealth(pledge["schedule"]),
    )

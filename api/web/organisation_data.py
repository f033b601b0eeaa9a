"""An organisation as data, and its pledges as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from api.exports.snapshot_tables import status_table
from api.exports.tables import Table
from api.web.organisation_page import NEWEST_FIRST, OrganisationPage, Part, filters_of
from api.web.visits import Visit
from audit.envelope import format_instant
from audit.snapshot import Document, ladder_document, status_document


def organisation_as_document(visit: Visit, shown: OrganisationPage) -> Mapping[str, Any]:
    """The organisation, the names it went by, what it has part in, and all of its pledges."""
    organisation = shown.organisation
    return {
        "organisation": {
            "id": str(organisation.id),
            "name": organisation.name,
            "sector": organisation.sector,
            "country": organisation.country,
            "region": organisation.region,
            "website": organisation.website,
            "active": organisation.active,
        },
        "names": [
            {
                "name": name.name,
                "since": name.since.isoformat(),
                "position": name.position,
                "recorded_at": format_instant(name.recorded_at),
            }
            for name in shown.names
        ],
        "as_lead": _part(shown.as_lead),
        "as_partner": _part(shown.as_partner),
        "pledges": list(_pledges(visit, organisation.id)),
    }


def pledges_table(visit: Visit, shown: OrganisationPage) -> Table:
    """One row for each of its pledges, with the columns of a snapshot."""
    table = status_table({"pledges": _pledges(visit, shown.organisation.id)})
    return Table(title="organisation", columns=table.columns, rows=table.rows)


def _part(part: Part) -> dict[str, Any]:
    return {"pledges": part.pledges, **ladder_document(part.ladder)}


def _pledges(visit: Visit, id: UUID) -> Iterator[Document]:
    at = visit.point
    pledges = visit.service.pledges.statuses_in_order(filters_of(visit, id), NEWEST_FIRST, at)
    organisations = visit.service.organisations.all(at)
    return (status_document(pledge, organisations, at.effective_on) for pledge in pledges)

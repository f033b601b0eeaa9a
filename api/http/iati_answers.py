"""Pledges as IATI documents."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import Response
from fastapi.responses import StreamingResponse

from api.http.forms import Form
from api.http.moments import as_of_of
from api.http.queries import ExportQuery, MomentQuery
from api.iati.activities import Reported
from api.iati.document import document
from application.access import Principal, require_insight, sight_of
from application.moments import Moment
from domain.ladder import is_published
from domain.refusals import UnknownPledge
from infrastructure.bootstrap import Service
from infrastructure.register import point_of
from projections.pledge_status.view import PledgeRow

VOCABULARY = "https://www.itu.int/partner2connect"
"""Where the focus areas, pillars and groups of the coalition are explained."""


def every_activity(service: Service, query: ExportQuery, reader: Principal) -> Response:
    """The pledges at a moment, as one document."""
    if query.unpublished:
        require_insight(reader)
    at = service.register.resolve(as_of_of(query.as_of), query.effective_on)
    rows = service.pledges.stream(point_of(at))
    return _answer(service, at, (row for row in rows if query.unpublished or is_published(row.pledge)))


def one_activity(service: Service, reference: str, query: MomentQuery, reader: Principal) -> Response:
    """One pledge at a moment, as a document of its own. Raises UnknownPledge."""
    at = service.register.resolve(as_of_of(query.as_of), query.effective_on)
    row = service.pledges.get(reference, at=point_of(at))
    if row is None or not sight_of(reader).includes(row.pledge):
        raise UnknownPledge(reference)
    return _answer(service, at, iter([row]))


def _answer(service: Service, at: Moment, rows: Iterator[PledgeRow]) -> Response:
    organisations = service.register.organisations(at)
    reported = (
        Reported(
            pledge=row.pledge,
            organisations=organisations,
            recorded_at=row.recorded_at,
            on=at.effective_on,
            vocabulary_uri=VOCABULARY,
        )
        for row in rows
    )
    headers = {"Ledger-Position": str(at.position), "Cache-Control": "no-cache"}
    return StreamingResponse(document(reported, as_of=at.recorded_at), media_type=Form.XML, headers=headers)

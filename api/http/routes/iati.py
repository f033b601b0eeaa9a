"""The register for the aid transparency initiative: IATI 2.03 activities."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.http import problems
from api.http.authentication import Reader
from api.http.conditions import CaughtUp
from api.http.forms import Form
from api.http.iati_answers import every_activity, one_activity
from api.http.openapi import AT_A_MOMENT, FOR_EVERYBODY, READ, READER, WAITING, answers
from api.http.paths import Reference
from api.http.queries import ExportQuery, MomentQuery
from api.http.service import Services
from api.http.turns import TurnRoute
from domain.refusals import UnknownPledge

router = APIRouter(prefix="/v1", tags=["exchange"], dependencies=[CaughtUp], route_class=TurnRoute)

_FAULTS = (*READER, *WAITING, *AT_A_MOMENT, problems.NOT_PERMITTED)
_EVERY = answers(200, READ, _FAULTS, forms=[Form.XML])
_ONE = answers(200, READ, _FAULTS, (UnknownPledge,), forms=[Form.XML])


@router.get(
    "/iati/activities.xml",
    operation_id="exportActivities",
    summary="Export all pledges as IATI activities",
    openapi_extra=FOR_EVERYBODY,
    response_class=Response,
    responses=_EVERY,
)
def export_activities(query: Annotated[ExportQuery, Query()], service: Services, reader: Reader) -> Response:
    """Every admitted pledge at a moment as an activity of IATI 2.03, in one document."""
    return every_activity(service, query, reader)


@router.get(
    "/pledges/{reference}.xml",
    operation_id="exportActivity",
    summary="Export a pledge as an IATI activity",
    openapi_extra=FOR_EVERYBODY,
    response_class=Response,
    responses=_ONE,
)
def export_activity(
    reference: Reference, query: Annotated[MomentQuery, Query()], service: Services, reader: Reader
) -> Response:
    """The pledge at a moment as an activity of IATI 2.03, in a document of its own."""
    return one_activity(service, reference, query, reader)

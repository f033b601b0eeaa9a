"""The page of one event."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import PlainValidator

from api.http import problems
from api.http.failures import Failure
from api.http.paths import Reference
from api.web.data import as_json
from api.web.event import event_bytes, event_evidence
from api.web.event_data import event_document
from api.web.page_route import PageRoute
from api.web.rendering import page
from api.web.visits import Visits

router = APIRouter(prefix="/pledges/{reference}/events", include_in_schema=False, route_class=PageRoute)

MOST_DIGITS = 9


def _version(given: object) -> int:
    text = str(given)
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS and int(text)):
        raise Failure(problems.UNKNOWN_VERSION, "The events of a pledge are numbered from 1.")
    return int(text)


Version = Annotated[int, PlainValidator(_version), Path(description="The number of the event in the pledge's history")]


@router.get("/{version}.json")
def get_event_as_json(visit: Visits, reference: Reference, version: Version) -> Response:
    """The event and its evidence as JSON."""
    return as_json(visit, event_document(event_evidence(visit, reference, version)))


@router.get("/{version}/entry.json")
def get_entry(visit: Visits, reference: Reference, version: Version) -> Response:
    """The bytes of the event as they are stored and hashed."""
    position, stored = event_bytes(visit, reference, version)
    headers = {
        "Content-Disposition": f'attachment; filename="{position}.json"',
        "Cache-Control": "no-store" if visit.visitor.is_known else "no-cache",
        "Vary": "Cookie",
    }
    return Response(stored, media_type="application/json", headers=headers)


@router.get("/{version}")
def get_event(visit: Visits, request: Request, reference: Reference, version: Version) -> Response:
    """What happened, its bytes, and the proof that they are in the ledger."""
    found = event_evidence(visit, reference, version)
    return page(visit, "event.html", event=found, evidence=found.evidence, service_address=service_address(request))


def service_address(request: Request) -> str:
    """Where the service is, without a slash at the end."""
    return str(request.base_url).rstrip("/")

"""Checking the ledger oneself."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.http.bundle_files import bundle_file
from api.web.data import as_csv, as_json
from api.web.page_route import PageRoute
from api.web.rendering import page
from api.web.routes.event import service_address
from api.web.verification import checkpoints_until, verification
from api.web.verification_data import checkpoints_table, verification_document
from api.web.visits import Visits
from application.access import require_insight

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/verify")
def get_verify(visit: Visits, request: Request) -> Response:
    """What is signed, and how to check it."""
    return page(visit, "verify.html", verification=verification(visit), service_address=service_address(request))


@router.get("/verify.json")
def get_verify_as_json(visit: Visits) -> Response:
    """The same as JSON."""
    return as_json(visit, verification_document(verification(visit)))


@router.get("/verify.csv")
def get_checkpoints_as_csv(visit: Visits) -> Response:
    """The checkpoints as CSV."""
    return as_csv(visit, checkpoints_table(checkpoints_until(visit)))


@router.get("/verify/bundle.zip")
def get_bundle(visit: Visits) -> Response:
    """The whole ledger in one file, for who has signed in and may know of every pledge."""
    require_insight(visit.by)
    return bundle_file(visit.service)

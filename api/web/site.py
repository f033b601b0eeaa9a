"""All pages of the site."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import FastAPI, Request, Response

from api.http.failures import explained, internal_error, refusal
from api.http.forms import Form, is_wanted
from api.web.failure_pages import failure_page
from api.web.routes import (
    assets,
    event,
    good_practices,
    organisation,
    overview,
    pledge,
    pledges,
    point_in_time,
    proofs,
    publishing,
    record,
    recording,
    reporting,
    sign_in,
    verify,
    webhooks,
)

PARTS = (
    overview,
    pledges,
    pledge,
    organisation,
    point_in_time,
    publishing,
    reporting,
    good_practices,
    record,
    recording,
    webhooks,
    event,
    verify,
    proofs,
    sign_in,
    assets,
)

FOR_PROGRAMS = ("/v1/", "/problems/", "/assets/")
"""Where what is not there is said in the same form whoever asks."""


def include_pages(app: FastAPI) -> None:
    """Let the application answer with pages too."""
    for part in PARTS:
        app.include_router(part.router)
    app.add_exception_handler(HTTPStatus.NOT_FOUND, _not_found)


async def _not_found(request: Request, missing: Exception) -> Response:
    """What is said of an address that nothing is at: a page to who looks, a problem document to who reads."""
    failure = explained(missing) or internal_error()
    looks = is_wanted(Form.HTML, request.headers.get("accept"))
    if looks and not request.url.path.startswith(FOR_PROGRAMS):
        return failure_page(request, failure)
    return refusal(request.scope, failure)

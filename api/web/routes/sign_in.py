"""Signing in with a token or at the issuer, and signing out."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import Field

from api.http import problems
from api.http.addresses import address_of, is_by_https
from api.http.caching import NO_STORE
from api.http.failures import Failure
from api.http.service import Services
from api.web.form_guard import COOKIE, form_token, keep_secret, secret_of_stranger
from api.web.form_posts import KEPT, Fields, first, form_of_stranger, kept_fields
from api.web.page_route import PageRoute
from api.web.queries import Page
from api.web.rendering import page
from api.web.signed_in import Visitor, forget, keep_signed_in
from api.web.visits import Visit, Visits, place_of
from infrastructure.oidc.sign_in import SignIn

router = APIRouter(include_in_schema=False, route_class=PageRoute)

CALLBACK = "/sign-in/callback"
BEGUN, WHERE_TO = "p2c-sign-in", "p2c-sign-in-next"
BEGUN_SECONDS = 600
START = "/record"
"""Where a visitor goes on who came from nowhere in particular."""


class SignInQuery(Page):
    """Where to go on."""

    next: Annotated[str, Field(max_length=4_000)] = START


def _sign_in(service: Services) -> SignIn:
    if service.sign_in is None:
        raise Failure(problems.NO_SUCH_ADDRESS, "This service trusts no issuer at which anybody could sign in.")
    return service.sign_in


Issuer = Annotated[SignIn, Depends(_sign_in)]


@router.get("/sign-in")
def get_sign_in(request: Request, visit: Visits, query: Annotated[SignInQuery, Query()]) -> Response:
    """The form that a token is written into, and the way to the issuer, where there is one."""
    return _form(request, visit, next=own_place(query.next))


@router.post("/sign-in")
def post_sign_in(request: Request, visit: Visits) -> Response:
    """Sign in with a token; what was typed into another form meanwhile goes along."""
    fields = form_of_stranger(request, visit.visitor.secret or request.cookies.get(COOKIE))
    next, kept = own_place(first(fields, "next")), _kept(fields)
    secret = visit.service.sessions.open_with_token(first(fields, "token").strip())
    if secret is None:
        return _form(request, visit, next=next, kept=kept, refused=True, status=422)
    return _signed_in(request, visit, secret, next, kept)


@router.get("/sign-in/issuer")
def go_to_issuer(request: Request, issuer: Issuer, query: Annotated[SignInQuery, Query()]) -> Response:
    """To the issuer, who asks who it is."""
    begun = issuer.begin(_callback(request))
    answer = RedirectResponse(begun.url, status_code=303, headers=NO_STORE)
    for name, value in ((BEGUN, begun.secret), (WHERE_TO, own_place(query.next))):
        answer.set_cookie(
            name,
            value,
            path="/sign-in",
            max_age=BEGUN_SECONDS,
            secure=is_by_https(request),
            httponly=True,
            samesite="lax",
        )
    return answer


@router.get(CALLBACK)
def come_back(request: Request, visit: Visits, issuer: Issuer) -> Response:
    """Back from the issuer."""
    given = request.query_params
    once = {name: value for name, value in given.items() if len(given.getlist(name)) == 1}
    actor = issuer.complete(request.cookies.get(BEGUN, ""), once, _callback(request))
    secret = visit.service.sessions.open_with_actor(actor)
    answer = _signed_in(request, visit, secret, own_place(request.cookies.get(WHERE_TO, START)), [])
    for name in (BEGUN, WHERE_TO):
        answer.delete_cookie(name, path="/sign-in")
    return answer


@router.post("/sign-out")
def sign_out(request: Request, visitor: Visitor, service: Services) -> Response:
    """End the session."""
    to_overview = place_of(request).link("/", as_of=None, effective_on=None)
    answer = RedirectResponse(to_overview, status_code=303, headers=NO_STORE)
    if visitor.secret:
        form_of_stranger(request, visitor.secret)
        service.sessions.close(visitor.secret)
    forget(request, answer)
    return answer


def own_place(address: str) -> str:
    """The address where it is one of this site; the start where it may lead anywhere else."""
    parts = urlsplit(address)
    is_own = address.startswith("/") and not address.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return address if is_own and address.isprintable() and "\\" not in address else START


def _signed_in(request: Request, visit: Visit, secret: str, next: str, kept: list[tuple[str, str]]) -> Response:
    """Go on: at once, or with the form that was being filled in."""
    if visit.visitor.secret:
        visit.service.sessions.close(visit.visitor.secret)
    if kept:
        answer = page(visit, "signed_in.html", next=next, kept=kept, kept_token=form_token(secret), headers=NO_STORE)
    else:
        answer = RedirectResponse(next, status_code=303, headers=NO_STORE)
    keep_signed_in(request, answer, secret)
    return answer


def _form(
    request: Request,
    visit: Visit,
    *,
    next: str,
    kept: list[tuple[str, str]] | None = None,
    refused: bool = False,
    status: int = 200,
) -> Response:
    secret = visit.visitor.secret or secret_of_stranger(request)
    answer = page(
        visit,
        "sign_in.html",
        status=status,
        headers=NO_STORE,
        next=next,
        kept=kept or [],
        refused=refused,
        token_of_form=form_token(secret),
        has_issuer=visit.service.sign_in is not None,
    )
    if not visit.visitor.secret:
        keep_secret(request, answer, secret)
    return answer


def _kept(fields: Fields) -> list[tuple[str, str]]:
    """What was typed into the form that the visitor was kept from sending, which is only to be shown again."""
    kept = first(fields, KEPT)
    return [(KEPT, kept), *kept_fields(fields)] if kept else []


def _callback(request: Request) -> str:
    return f"{address_of(request)}{CALLBACK}"

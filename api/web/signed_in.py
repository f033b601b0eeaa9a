"""Who has signed in with this browser, and the cookie that says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Response

from api.http.addresses import is_by_https
from api.http.service import Services
from application.access import ANONYMOUS, Principal

NAME = "p2c-session"
SECURE_NAME = f"__Host-{NAME}"
"""By HTTPS: no other host and no page without HTTPS can set a cookie of this name."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A visitor: who they are, and the secret of their session; None where they have not signed in."""

    principal: Principal
    secret: str | None = None

    @property
    def is_known(self) -> bool:
        """Whether they have signed in."""
        return self.secret is not None


NOBODY = SignedIn(ANONYMOUS)


def signed_in(request: Request, service: Services) -> SignedIn:
    """Who the browser is signed in as. A session that is over is none."""
    secret = request.cookies.get(cookie_name(request))
    principal = service.sessions.find(secret) if secret else None
    if secret is None or principal is None:
        return NOBODY
    request.state.actor = principal.actor  # for the log
    request.app.state.rates.require_token(principal.actor.credential)
    return SignedIn(principal, secret)


def keep_signed_in(request: Request, response: Response, secret: str) -> None:
    """Let the browser keep a session until it is closed: by HTTP alone, and for this site's own pages."""
    response.set_cookie(
        cookie_name(request), secret, path="/", secure=is_by_https(request), httponly=True, samesite="lax"
    )


def forget(request: Request, response: Response) -> None:
    """Let the browser forget the session."""
    response.delete_cookie(cookie_name(request), path="/", secure=is_by_https(request), httponly=True, samesite="lax")


def cookie_name(request: Request) -> str:
    """What the cookie is called."""
    return SECURE_NAME if is_by_https(request) else NAME


Visitor = Annotated[SignedIn, Depends(signed_in)]

"""That a form was sent from our own page: another site can neither read nor guess what our forms carry.

Who has signed in has the secret of their session; who has not is given a secret of their own with the first form.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from urllib.parse import urlsplit

from fastapi import Request, Response

from api.http import problems
from api.http.failures import Failure
from api.web.form_fields import Fields, only

FIELD = "form_token"
COOKIE = "p2c-form"
OWN_SITE = frozenset({"same-origin", "none"})


def form_token(secret: str) -> str:
    """What a form carries, made of a secret that is in a cookie."""
    return hmac.new(secret.encode("utf-8", "replace"), b"p2c form", hashlib.sha256).hexdigest()


def secret_of_stranger(request: Request) -> str:
    """The secret of a visitor who has not signed in; a new one where they have none."""
    return request.cookies.get(COOKIE) or secrets.token_urlsafe(32)


def keep_secret(request: Request, response: Response, secret: str) -> None:
    """Let the browser of a stranger keep the secret for as long as it is open."""
    by_https = request.url.scheme == "https"
    response.set_cookie(COOKIE, secret, path="/", secure=by_https, httponly=True, samesite="strict")


def require_own_form(request: Request, fields: Fields, secret: str | None) -> None:
    """Refuse a form that was not sent from a page that was made for this visitor. Raises Failure."""
    given = only(fields, FIELD).encode("utf-8", "replace")
    if not secret or not _is_own_site(request) or not hmac.compare_digest(given, form_token(secret).encode()):
        raise Failure(problems.FORM_NOT_OURS, "It was not sent from a page of this site that was made for you.")


def _is_own_site(request: Request) -> bool:
    """What the browser says of where the form was; old browsers say less, or nothing."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site in OWN_SITE
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")

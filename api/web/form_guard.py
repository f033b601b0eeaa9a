"""That a form was made for whoever sends it: another site can neither read nor guess what our forms carry.

Who has signed in has the secret of their session; who has not is given a secret of their own with the first form.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from fastapi import Request, Response

from api.http.addresses import is_by_https

COOKIE = "p2c-form"


def form_token(secret: str) -> str:
    """What a form carries, made of a secret that is in a cookie."""
    return hmac.new(secret.encode("utf-8", "replace"), b"p2c form", hashlib.sha256).hexdigest()


def is_token_of(given: str, secret: str | None) -> bool:
    """Whether a form carries what was made of this secret; nothing is made of none."""
    return secret is not None and hmac.compare_digest(given.encode("utf-8", "replace"), form_token(secret).encode())


def secret_of_stranger(request: Request) -> str:
    """The secret of a visitor who has not signed in; a new one where they have none."""
    return request.cookies.get(COOKIE) or secrets.token_urlsafe(32)


def keep_secret(request: Request, response: Response, secret: str) -> None:
    """Let the browser of a stranger keep the secret for as long as it is open."""
    response.set_cookie(COOKIE, secret, path="/", secure=is_by_https(request), httponly=True, samesite="strict")

"""From the code that a browser brings back to the ID token, at the issuer's token endpoint (RFC 6749, 4.1.3)."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import quote_plus

import structlog
from pydantic import BaseModel

from infrastructure.oidc.documents import Answer, Unusable, post
from infrastructure.oidc.publication import Endpoints
from infrastructure.oidc.refusals import IssuerAway, SignInRefused
from infrastructure.oidc.signed_tokens import TrustedIssuer

AGAIN_SECONDS = 10
"""When to try again with an issuer that did not answer."""

NO_CODE_OF_THEIRS = (
    "The issuer does not accept the code that this browser brought back. It may have been used already, or too late: "
    "begin again."
)
NO_CLIENT_OF_THEIRS = (
    "The issuer refused to tell this service who signed in, since it is not set up there as it should be. Tell those "
    "who run the service."
)
SAYS_NOBODY = "The issuer did not say who signed in: its answer has no ID token."

log = structlog.get_logger("p2c.oidc")


class _Tokens(BaseModel):
    id_token: str | None = None


class _Error(BaseModel):
    error: str


def id_token_for(code: str, verifier: str, redirect_uri: str, issuer: TrustedIssuer, endpoints: Endpoints) -> str:
    """The ID token that the issuer gives for a code. Raises SignInRefused, and IssuerAway where it gives no answer."""
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    more, authorization = _authentication(issuer, in_header=endpoints.takes_secret_in_header)
    try:
        return _token_in(post(endpoints.token, {**fields, **more}, authorization))
    except Unusable as fault:
        log.warning("the issuer gives no token for a code", reason=str(fault))
        raise IssuerAway(AGAIN_SECONDS) from None


def _authentication(issuer: TrustedIssuer, *, in_header: bool) -> tuple[dict[str, str], str | None]:
    """Fields and a header by which the service shows which client it is (RFC 6749, 2.3.1)."""
    if issuer.client_secret is None:
        return {"client_id": issuer.client}, None
    secret = issuer.client_secret.get_secret_value()
    if not in_header:
        return {"client_id": issuer.client, "client_secret": secret}, None
    pair = f"{quote_plus(issuer.client)}:{quote_plus(secret)}"
    return {}, f"Basic {b64encode(pair.encode()).decode()}"


def _token_in(answer: Answer) -> str:
    """The ID token of a good answer. Raises SignInRefused for an error, and Unusable where the answer is neither."""
    if answer.status in {400, 401, 403}:
        raise _refusal(answer.read(_Error).error)
    if answer.status != 200:
        raise Unusable(f"{answer.url} answers with the status {answer.status}")
    token = answer.read(_Tokens).id_token
    if token is None:
        raise SignInRefused(SAYS_NOBODY)
    return token


def _refusal(error: str) -> SignInRefused:
    """The words for an error of RFC 6749, 5.2."""
    if error == "invalid_grant":
        return SignInRefused(NO_CODE_OF_THEIRS)
    log.error("the issuer refuses this service as a client", error=error)
    return SignInRefused(NO_CLIENT_OF_THEIRS)

"""Signing in by a browser at the trusted issuer: the authorization code flow of OpenID Connect, with PKCE.

RFC 6749 with RFC 7636, RFC 9207 and what RFC 9700 asks for; OpenID Connect Core 1.0, section 3.1.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import httpx
import structlog

from domain.values import Actor
from infrastructure.database import Pool
from infrastructure.oidc.begun_sign_ins import BegunSignIn, BegunSignIns
from infrastructure.oidc.code_exchange import NO_CLIENT_OF_THEIRS, id_token_for
from infrastructure.oidc.publication import Endpoints
from infrastructure.oidc.refusals import InvalidToken, SignInRefused
from infrastructure.oidc.signed_tokens import SignedTokens, TrustedIssuer

SCOPE: Final = "openid"
"""What is asked for: who it is. Not `profile` or `email`, since no name and no address is wanted."""

NOT_BEGUN_HERE = "This sign-in was not begun in this browser, or it was begun again meanwhile. Begin again."
OVER = "This sign-in took longer than ten minutes, or was completed already. Begin again."
ANOTHER_ISSUER = "The answer came from another issuer than the one that this service trusts. Nobody was signed in."
NO_CODE = "The issuer's answer says neither who signed in nor why nobody did. Begin again."
NO_PLACE = "At the issuer that this service trusts nobody can sign in by a browser."
NOT_ALLOWED = "Nobody was signed in: you declined, or the issuer does not let you use this service."
NOT_NOW = "The issuer cannot sign anybody in at the moment. Try again in a few minutes."
NEEDS_ATTENTION = "The issuer wants to ask you something before it signs you in. Sign in there first, then begin again."
UNEXPLAINED = "The issuer signed nobody in, and did not say why in words that this service knows."

ERRORS: Mapping[str, str] = MappingProxyType(
    {
        "access_denied": NOT_ALLOWED,
        "server_error": NOT_NOW,
        "temporarily_unavailable": NOT_NOW,
        "login_required": NEEDS_ATTENTION,
        "interaction_required": NEEDS_ATTENTION,
        "consent_required": NEEDS_ATTENTION,
        "account_selection_required": NEEDS_ATTENTION,
        "invalid_request": NO_CLIENT_OF_THEIRS,
        "unauthorized_client": NO_CLIENT_OF_THEIRS,
        "unsupported_response_type": NO_CLIENT_OF_THEIRS,
        "invalid_scope": NO_CLIENT_OF_THEIRS,
    }
)
"""Errors that an issuer may answer with (RFC 6749, 4.1.2.1; OpenID Connect Core 1.0, 3.1.2.6), in words."""

log = structlog.get_logger("p2c.oidc")


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and what it is to keep meanwhile, in a cookie that nobody else reads."""

    url: str
    secret: str = field(repr=False)


class SignIn:
    """The way to the issuer and back. Any process can complete what another one began."""

    def __init__(self, issuer: TrustedIssuer, tokens: SignedTokens, pool: Pool) -> None:
        self._issuer = issuer
        self._tokens = tokens
        self._begun = BegunSignIns(pool)

    def begin(self, redirect_uri: str) -> Begun:
        """Begin to sign somebody in, who comes back to an address of this service that the issuer knows.

        Raises SignInRefused where nobody can sign in there by a browser, and IssuerAway where that cannot be known.
        """
        endpoints = self._endpoints()
        begun = BegunSignIn.new()
        self._begun.add(begun)
        asked = {
            "response_type": "code",
            "client_id": self._issuer.client,
            "redirect_uri": redirect_uri,
            "scope": SCOPE,
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": begun.challenge,
            "code_challenge_method": "S256",
        }
        return Begun(str(httpx.URL(endpoints.authorization).copy_merge_params(asked)), begun.secret)

    def complete(self, secret: str, parameters: Mapping[str, str], redirect_uri: str) -> Actor:
        """Who signed in, by what the browser kept and the parameters that it comes back with.

        `redirect_uri` is the one that was given to `begin`; a parameter that comes twice is to be left out. An answer
        with another state leaves the sign-in as it is; any other answer ends it. Raises SignInRefused, with the reason
        in words for whoever wants to sign in, and IssuerAway.
        """
        begun = _begun_here(secret, parameters)
        if not self._begun.take(begun):
            raise SignInRefused(OVER)
        endpoints = self._endpoints()
        code = self._code_in(parameters, endpoints)
        token = id_token_for(code, begun.verifier, redirect_uri, self._issuer, endpoints)
        try:
            return self._tokens.authenticate_id_token(token, begun.nonce)
        except InvalidToken as fault:
            log.warning("an ID token of the issuer is refused", reason=str(fault))
            raise SignInRefused(f"The issuer's ID token is not valid: {fault}.") from None

    def _endpoints(self) -> Endpoints:
        endpoints = self._tokens.endpoints()
        if endpoints is None:
            log.warning("the issuer publishes no protected addresses for signing in by a browser")
            raise SignInRefused(NO_PLACE)
        return endpoints

    def _code_in(self, parameters: Mapping[str, str], endpoints: Endpoints) -> str:
        named = parameters.get("iss")
        if named != self._issuer.url and (named is not None or endpoints.names_itself):
            raise SignInRefused(ANOTHER_ISSUER)
        if (error := parameters.get("error")) is not None:
            log.warning("the issuer signed nobody in", error=error, description=parameters.get("error_description"))
            raise SignInRefused(ERRORS.get(error, UNEXPLAINED))
        if not (code := parameters.get("code")):
            raise SignInRefused(NO_CODE)
        return code


def _begun_here(secret: str, parameters: Mapping[str, str]) -> BegunSignIn:
    """The sign-in that both the browser's secret and the answer's state are of. Raises SignInRefused."""
    begun, state = BegunSignIn.of(secret), parameters.get("state", "")
    if begun is None or not hmac.compare_digest(state.encode("utf-8", "replace"), begun.state.encode()):
        raise SignInRefused(NOT_BEGUN_HERE)
    return begun

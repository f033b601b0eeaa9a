"""Who is asking: the bearer token and the principal it stands for."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.http.failures import Failure, token_worthless, unauthenticated
from api.http.gathered import Gathered
from api.http.service import Services
from api.http.turns import records_alone, turn_of
from application.access import ANONYMOUS, Principal
from infrastructure.bootstrap import Service
from infrastructure.credentials import Credential
from infrastructure.oidc.refusals import InvalidToken, IssuerAway
from infrastructure.oidc.signed_tokens import has_the_form_of_a_jwt

_BEARER = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="A token that `p2c token issue` or `POST /v1/tokens` made, or a JSON Web Token of the OpenID Connect "
    "issuer that the service trusts, which names one role. What is public needs none.",
)
Given = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]

Tokens = Gathered[str, Credential | None]
"""What is known of tokens, asked about together by all who send one at the time."""


async def reader(request: Request, service: Services, given: Given) -> Principal:
    """Whose token was sent; the public, where none was. Raises Failure for one that is not valid."""
    if given is None:
        if "authorization" in request.headers:
            raise unauthenticated("The `Authorization` header is not `Bearer` and a token.")
        return ANONYMOUS
    principal = await _principal(request, service, given.credentials)
    request.state.actor = principal.actor  # for the log
    request.app.state.rates.require_token(principal.actor.credential)
    return principal


async def _principal(request: Request, service: Service, token: str) -> Principal:
    tokens: Tokens = request.app.state.tokens
    # What is recorded with a token is checked again when it is; all else asks whether the token is good still.
    if records_alone(request) and (lately := service.credentials.authenticated_lately(token)):
        if lately.is_soon_forgotten:
            tokens.ask(token)
        request.state.token = lately.credential.id
        return lately.credential.principal
    if has_the_form_of_a_jwt(token):  # whose issuer may have to be asked
        async with turn_of(request).had():
            return await run_in_threadpool(_authenticated, service, token)
    return _principal_of(await tokens.get(token))


async def known(request: Request, service: Services, given: Given) -> Principal:
    """Whose token was sent. Raises Failure where none was."""
    principal = await reader(request, service, given)
    if principal.is_anonymous:
        raise unauthenticated("No token was sent.")
    return principal


def still_known(service: Service, given: HTTPAuthorizationCredentials) -> bool:
    """Whether a token that was good is good still; not, where its issuer cannot be asked."""
    try:
        _authenticated(service, given.credentials)
    except (Failure, InvalidToken, IssuerAway):
        return False
    return True


def _authenticated(service: Service, token: str) -> Principal:
    if has_the_form_of_a_jwt(token):
        return Principal(actor=service.signed_tokens.authenticate(token))
    return _principal_of(service.credentials.authenticate(token))


def _principal_of(credential: Credential | None) -> Principal:
    if credential is None:
        raise token_worthless()
    return credential.principal


Reader = Annotated[Principal, Depends(reader)]
Known = Annotated[Principal, Depends(known)]

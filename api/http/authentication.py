"""Who is asking: the bearer token and the actor it stands for."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.http import problems
from api.http.failures import Failure
from api.http.service import Services
from application.access import require_writer
from domain.values import Actor
from infrastructure.bootstrap import Service
from infrastructure.oidc.signed_tokens import has_the_form_of_a_jwt

DESCRIPTION = """A token that `p2c token issue` made, or a JSON Web Token of the OpenID Connect issuer that the service
trusts, which names one role. Reading needs none."""

_BEARER = HTTPBearer(auto_error=False, scheme_name="token", description=DESCRIPTION)


def reader(service: Services, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]) -> Actor | None:
    """The actor of a token that was sent, or None where none was. Raises Failure for one that is not valid."""
    return None if given is None else _authenticated(service, given)


def writer(service: Services, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]) -> Actor:
    """The actor of a token that may write. Raises Failure without a valid token, NotPermitted for another role."""
    if given is None:
        raise _unauthenticated("No token was sent.", "Bearer")
    actor = _authenticated(service, given)
    require_writer(actor)
    return actor


def _authenticated(service: Service, given: HTTPAuthorizationCredentials) -> Actor:
    if has_the_form_of_a_jwt(given.credentials):
        return service.signed_tokens.authenticate(given.credentials)
    credential = service.credentials.authenticate(given.credentials)
    if credential is None:
        raise _unauthenticated("The token is not known, has expired or was revoked.", 'Bearer error="invalid_token"')
    return credential.actor


def _unauthenticated(detail: str, challenge: str) -> Failure:
    return Failure(problems.NOT_AUTHENTICATED, detail, headers={"WWW-Authenticate": challenge})


Reader = Annotated[Actor | None, Depends(reader)]
Writer = Annotated[Actor, Depends(writer)]

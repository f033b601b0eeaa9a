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

_BEARER = HTTPBearer(
    auto_error=False, scheme_name="token", description="A token that `p2c token issue` made. Reading needs none."
)


def writer(service: Services, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]) -> Actor:
    """The actor of a token that may write. Raises Failure without a valid token, NotPermitted for another role."""
    if given is None:
        raise _unauthenticated("No token was sent.", "Bearer")
    credential = service.credentials.authenticate(given.credentials)
    if credential is None:
        raise _unauthenticated("The token is not known, has expired or was revoked.", 'Bearer error="invalid_token"')
    require_writer(credential.actor)
    return credential.actor


def _unauthenticated(detail: str, challenge: str) -> Failure:
    return Failure(problems.NOT_AUTHENTICATED, detail, headers={"WWW-Authenticate": challenge})


Writer = Annotated[Actor, Depends(writer)]

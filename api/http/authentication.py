"""Who is asking: the bearer token and the actor it stands for."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.http import problems
from api.http.failures import Failure
from api.http.service import Services
from application.access import require_writer
from domain.values import Actor
from infrastructure.bootstrap import Service

_BEARER = HTTPBearer(
    auto_error=False, scheme_name="token", description="A token that `p2c token issue` made. Reading needs none."
)
Given = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]


def reader(request: Request, service: Services, given: Given) -> Actor | None:
    """The actor of a token that was sent, or None where none was. Raises Failure for one that is not valid."""
    return None if given is None else _authenticated(request, service, given)


def writer(request: Request, service: Services, given: Given) -> Actor:
    """The actor of a token that may write. Raises Failure without a valid token, NotPermitted for another role."""
    if given is None:
        raise _unauthenticated("No token was sent.", "Bearer")
    actor = _authenticated(request, service, given)
    require_writer(actor)
    return actor


def _authenticated(request: Request, service: Service, given: HTTPAuthorizationCredentials) -> Actor:
    credential = service.credentials.authenticate(given.credentials)
    if credential is None:
        raise _unauthenticated("The token is not known, has expired or was revoked.", 'Bearer error="invalid_token"')
    request.state.actor = credential.actor  # for the log
    request.app.state.rates.require_token(credential.actor.credential)
    return credential.actor


def _unauthenticated(detail: str, challenge: str) -> Failure:
    return Failure(problems.NOT_AUTHENTICATED, detail, headers={"WWW-Authenticate": challenge})


Reader = Annotated[Actor | None, Depends(reader)]
Writer = Annotated[Actor, Depends(writer)]

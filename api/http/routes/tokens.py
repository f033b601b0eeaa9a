"""Tokens: administrators issue and revoke them, auditors see which there are, and everybody may look at their own."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel

from api.http import problems
from api.http.authentication import Known
from api.http.documents import Instant
from api.http.failures import Failure, FieldError
from api.http.json_request import CommandRoute
from api.http.openapi import READER, WRITING, answers, leads_to
from api.http.pages import uncached
from api.http.problems import named_in_body
from api.http.service import Services, TodayInUtc
from api.http.token_bodies import RevocationBody, TokenBody
from application.access import Permission, require
from domain.refusals import UnknownOrganisation
from domain.vocabulary import Role
from infrastructure.credentials import Credential, UnsuitableToken, end_of_use

router = APIRouter(prefix="/v1/tokens", tags=["tokens"], route_class=CommandRoute)

TokenId = Annotated[UUID, Path(description="The token's id", examples=["8c5f2f6e-0f6d-4c57-8f3e-6f0a5d0a7b21"])]
_WRITING = (*WRITING, problems.UNSUITABLE_TOKEN)


class TokenDocument(BaseModel):
    """What is known of a token; its secret is not.

    `begins_with` is the readable beginning by which its owner knows it, `last_used_at` is true to the minute.
    """

    id: UUID
    begins_with: str
    role: Role
    organisation: UUID | None
    scopes: list[Permission]
    note: str | None
    issued_at: Instant
    expires_at: Instant | None
    revoked_at: Instant | None
    last_used_at: Instant | None


class IssuedToken(BaseModel):
    """A token that was issued just now, with its secret, which is shown this once."""

    token: str
    credential: TokenDocument


class TokenList(BaseModel):
    """Every token ever issued, the latest first."""

    items: list[TokenDocument]


class OwnAccess(BaseModel):
    """Who asks, as the service knows them, and what they may do."""

    role: Role
    organisation: UUID | None
    permissions: list[Permission]
    credential: UUID | None


@router.post(
    "",
    operation_id="issueToken",
    summary="Issue a token",
    status_code=201,
    response_model=IssuedToken,
    responses=answers(
        201,
        {},
        (*_WRITING, named_in_body(UnknownOrganisation)),
        links=leads_to("revokeToken", token="/credential/id"),  # noqa: S106 - where the id stands
    ),
)
def issue_token(body: TokenBody, service: Services, by: Known, today: TodayInUtc) -> Response:
    """Issue a token and show it, once: it is kept nowhere. For administrators."""
    require(by, Permission.TOKENS_WRITE)
    _require_to_come(body.expires_on, today)
    if body.organisation is not None and service.ledger.organisation(body.organisation) is None:
        raise UnknownOrganisation(str(body.organisation), field="organisation")
    until = end_of_use(body.expires_on) if body.expires_on else None
    try:
        credential, token = service.credentials.issue(
            body.role, body.organisation, scopes=body.scopes, expires_at=until, note=body.note
        )
    except UnsuitableToken as unsuitable:
        raise Failure(problems.UNSUITABLE_TOKEN, str(unsuitable)) from unsuitable
    return uncached(IssuedToken(token=token, credential=_document(credential)), 201)


@router.get(
    "",
    operation_id="listTokens",
    summary="List tokens",
    response_model=TokenList,
    responses=answers(200, {}, (*READER, problems.NOT_PERMITTED)),
)
def list_tokens(service: Services, by: Known) -> Response:
    """Every token ever issued, without its secret. For administrators, and for auditors who look into who did what."""
    require(by, Permission.TOKENS_READ)
    return uncached(TokenList(items=[_document(credential) for credential in service.credentials.issued()]))


@router.get(
    "/own",
    operation_id="getOwnAccess",
    summary="Ask what the own token is good for",
    response_model=OwnAccess,
    responses=answers(200, {}, READER),
)
def get_own_access(by: Known) -> Response:
    """Who you are to this service, and what you may do."""
    return uncached(
        OwnAccess(
            role=by.actor.role,
            organisation=by.actor.organisation,
            permissions=sorted(by.permissions),
            credential=by.actor.credential,
        )
    )


@router.post(
    "/{token}/revocation",
    operation_id="revokeToken",
    summary="Revoke a token",
    response_model=TokenDocument,
    responses=answers(200, {}, (*WRITING, problems.NO_SUCH_TOKEN)),
)
def revoke_token(token: TokenId, body: RevocationBody, service: Services, by: Known) -> Response:
    """Make a token worthless from now on; revoking it again changes nothing. For administrators."""
    require(by, Permission.TOKENS_WRITE)
    service.credentials.revoke(token)
    credential = service.credentials.find(token)
    if credential is None:
        raise Failure(problems.NO_SUCH_TOKEN, f"No token has the id {token}.")
    return uncached(_document(credential))


def _require_to_come(expires_on: date | None, today: date) -> None:
    if expires_on is not None and expires_on < today:
        detail = f"{expires_on} is over."
        raise Failure(problems.UNSUITABLE_TOKEN, detail, errors=[FieldError(field="/expires_on", detail=detail)])


def _document(credential: Credential) -> TokenDocument:
    granted = credential.principal.permissions
    return TokenDocument(
        id=credential.id,
        begins_with=credential.prefix,
        role=credential.role,
        organisation=credential.organisation_id,
        scopes=sorted(granted),
        note=credential.note,
        issued_at=credential.issued_at,
        expires_at=credential.expires_at,
        revoked_at=credential.revoked_at,
        last_used_at=credential.last_used_at,
    )

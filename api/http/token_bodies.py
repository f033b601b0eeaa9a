"""What clients may say of tokens."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.http.statements import Body, Day
from application.access import Permission
from domain.vocabulary import Role


class TokenBody(Body):
    """A token to be issued: its role, the organisation a stakeholder acts for, and what it is good for."""

    role: Role
    organisation: Annotated[UUID | None, Field(description="Whom a stakeholder acts for; for no other role")] = None
    scopes: Annotated[
        tuple[Permission, ...] | None,
        Field(min_length=1, max_length=len(Permission), description="Some of what the role may do; without them, all"),
    ] = None
    expires_on: Annotated[Day | None, Field(description="The last day (UTC) on which it is good")] = None
    note: Annotated[str, Field(max_length=300, description="What it is for; no person's name")] | None = None


class RevocationBody(Body):
    """A token to be made worthless; there is nothing more to say."""

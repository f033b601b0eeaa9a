"""What the claims of a token say about who acts: a subject, one role, and a stakeholder's organisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from domain.vocabulary import Role
from infrastructure.oidc.refusals import InvalidToken

Claims = Mapping[str, Any]

ROLES = tuple(role for role in Role if role is not Role.PUBLIC)
"""What a token can name. The public has none."""

LONGEST_SUBJECT = 255
"""Characters, as OpenID Connect has it."""


def subject_in(claims: Claims) -> str:
    """Who signed in, by the issuer's own name for them. Raises InvalidToken."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT or not subject.isprintable():
        raise InvalidToken(f"its subject is not 1 to {LONGEST_SUBJECT} printable characters")
    return subject


def role_in(claims: Claims, path: str) -> Role:
    """The one role of ours that the claim at this path names, alone or in a list. Raises InvalidToken."""
    value = _at(path, claims)
    named = value if isinstance(value, list) else [value]
    roles = [role for role in ROLES if role in named]
    if len(roles) != 1:
        raise InvalidToken(f"it has to name exactly one of the roles {', '.join(ROLES)}, and names {len(roles)}")
    return roles[0]


def organisation_in(claims: Claims, path: str) -> UUID:
    """The organisation that the claim at this path names by its id. Raises InvalidToken."""
    value = _at(path, claims)
    try:
        return UUID(value if isinstance(value, str) else "")
    except ValueError:
        raise InvalidToken("a stakeholder's token has to name its organisation by its id, which is a UUID") from None


def _at(path: str, claims: Claims) -> object:
    """The value of a claim by its name, which may have dots, or else by the names on the way to it."""
    if path in claims:
        return claims[path]
    value: object = claims
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value

"""What the claims of a token say about who acts: a subject, one role, and a stakeholder's organisation."""

from __future__ import annotations

import hmac
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


def require_answer_to(nonce: str, claims: Claims, client: str) -> None:
    """Refuse a token that was not made for a client in answer to its question with a nonce. Raises InvalidToken."""
    answered = claims.get("nonce")
    if not isinstance(answered, str) or not hmac.compare_digest(answered.encode("utf-8", "replace"), nonce.encode()):
        raise InvalidToken("it is not the answer to this sign-in, whose nonce it lacks")
    # Where a token is for several, it says which of them had it made (OpenID Connect Core 1.0, 3.1.3.7).
    several = isinstance(claims.get("aud"), list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else client) != client:
        raise InvalidToken("it was made for another client")


def _at(path: str, claims: Claims) -> object:
    """The value of a claim by its name, which may have dots, or else by the names on the way to it."""
    if path in claims:
        return claims[path]
    value: object = claims
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value

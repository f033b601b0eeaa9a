"""From a JSON Web Token to the actor that it stands for."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import jwt

from domain.values import Actor
from domain.vocabulary import Role
from infrastructure.oidc.claims import organisation_in, role_in, subject_in
from infrastructure.oidc.kept_keys import KeptKeys
from infrastructure.oidc.public_keys import PublicKey
from infrastructure.oidc.publication import fetch_keys
from infrastructure.oidc.refusals import InvalidToken
from infrastructure.oidc.subjects import Subjects
from infrastructure.settings import Settings

LARGEST_TOKEN: Final = 8 * 1024
"""Characters, which are bytes in what has the form of a token."""

LEEWAY_SECONDS: Final = 30
"""How far the issuer's clock and ours may differ."""

_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")

_REASONS: Mapping[type[jwt.PyJWTError], str] = MappingProxyType(
    {
        jwt.ExpiredSignatureError: "it has expired",
        jwt.ImmatureSignatureError: "it is not valid yet",
        jwt.InvalidAudienceError: "it is meant for another audience",
        jwt.InvalidIssuerError: "another issuer made it",
        jwt.MissingRequiredClaimError: "it lacks one of the claims aud, exp, iss and sub",
        jwt.InvalidAlgorithmError: "its key is not used with its algorithm",
        jwt.InvalidSignatureError: "its signature does not hold",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedIssuer:
    """Whose tokens are taken, which of them are meant for this service, and where they name role and organisation."""

    url: str
    audience: str
    roles_claim: str = "roles"
    organisation_claim: str = "organisation"

    @staticmethod
    def of(settings: Settings) -> TrustedIssuer | None:
        """The one in the settings, if there is one."""
        if settings.oidc_issuer is None or settings.oidc_audience is None:
            return None
        return TrustedIssuer(
            url=settings.oidc_issuer,
            audience=settings.oidc_audience,
            roles_claim=settings.oidc_roles_claim,
            organisation_claim=settings.oidc_organisation_claim,
        )


def has_the_form_of_a_jwt(token: str) -> bool:
    """Whether a token has the three parts of a JSON Web Token; a token of our own has one."""
    return _FORM.fullmatch(token) is not None


class SignedTokens:
    """The tokens of the trusted issuer; of none, where there is none."""

    def __init__(
        self, issuer: TrustedIssuer | None, subjects: Subjects, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._issuer = issuer
        self._subjects = subjects
        self._keys = KeptKeys(lambda: fetch_keys(issuer.url), clock) if issuer else None

    def authenticate(self, token: str) -> Actor:
        """Who acts with this token. Raises InvalidToken, or IssuerAway where that cannot be known."""
        if self._issuer is None or self._keys is None:
            raise InvalidToken("this service trusts no issuer of such tokens")
        if len(token) > LARGEST_TOKEN or not has_the_form_of_a_jwt(token):
            raise InvalidToken(f"it is not a signed JSON Web Token of at most {LARGEST_TOKEN} characters")
        claims = _checked(token, _key_for(token, self._keys), self._issuer)
        role = role_in(claims, self._issuer.roles_claim)
        organisation = organisation_in(claims, self._issuer.organisation_claim) if role is Role.STAKEHOLDER else None
        credential = self._subjects.id_of(self._issuer.url, subject_in(claims))
        return Actor(role=role, organisation=organisation, credential=credential)


def _key_for(token: str, keys: KeptKeys) -> PublicKey:
    try:
        id = jwt.get_unverified_header(token).get("kid")
    except jwt.PyJWTError:
        raise InvalidToken("its header cannot be read") from None
    key = keys.find(id)
    if key is None:
        raise InvalidToken(
            "it does not say with which of the issuer's keys it is signed"
            if id is None
            else "its key is not the issuer's"
        )
    return key


def _checked(token: str, key: PublicKey, issuer: TrustedIssuer) -> Mapping[str, Any]:
    """The claims of a token whose signature holds, that is meant for us, and of now."""
    try:
        return jwt.decode(
            token,
            key.key,
            algorithms=key.algorithms,
            audience=issuer.audience,
            issuer=issuer.url,
            leeway=LEEWAY_SECONDS,
            options={"require": ["aud", "exp", "iss", "sub"]},
        )
    except jwt.PyJWTError as fault:
        raise InvalidToken(_REASONS.get(type(fault), "its claims cannot be read")) from None

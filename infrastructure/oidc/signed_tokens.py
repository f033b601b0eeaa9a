"""From a JSON Web Token to the actor that it stands for."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import jwt
from pydantic import SecretStr

from domain.values import Actor
from domain.vocabulary import Role
from infrastructure.oidc.claims import Claims, organisation_in, require_answer_to, role_in, subject_in
from infrastructure.oidc.kept_publication import KeptPublication
from infrastructure.oidc.public_keys import PublicKey
from infrastructure.oidc.publication import Endpoints, fetch_publication
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
    client_id: str | None = None
    """What the issuer calls this service when people sign in by a browser; see `client`."""
    client_secret: SecretStr | None = None
    """By which the service shows the issuer that it is that client; None for a public client."""

    @property
    def client(self) -> str:
        """The client that people sign in to, for whom ID tokens are made: the audience, unless it has another name."""
        return self.client_id or self.audience

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
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret,
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
        self._published = KeptPublication(lambda: fetch_publication(issuer.url), clock) if issuer else None

    def authenticate(self, token: str) -> Actor:
        """Who acts with this token. Raises InvalidToken, or IssuerAway where that cannot be known."""
        issuer, published = self._trusted()
        return self._actor(issuer, _checked(token, published, issuer, issuer.audience))

    def authenticate_id_token(self, token: str, nonce: str) -> Actor:
        """Who signed in, by the token that the issuer made for the client in answer to a nonce.

        Raises InvalidToken, or IssuerAway where that cannot be known.
        """
        issuer, published = self._trusted()
        claims = _checked(token, published, issuer, issuer.client)
        require_answer_to(nonce, claims, issuer.client)
        return self._actor(issuer, claims)

    def endpoints(self) -> Endpoints | None:
        """Where people sign in at the issuer by a browser; None where they cannot. Raises IssuerAway."""
        return self._published.endpoints() if self._published else None

    def _trusted(self) -> tuple[TrustedIssuer, KeptPublication]:
        if self._issuer is None or self._published is None:
            raise InvalidToken("this service trusts no issuer of such tokens")
        return self._issuer, self._published

    def _actor(self, issuer: TrustedIssuer, claims: Claims) -> Actor:
        role = role_in(claims, issuer.roles_claim)
        organisation = organisation_in(claims, issuer.organisation_claim) if role is Role.STAKEHOLDER else None
        credential = self._subjects.id_of(issuer.url, subject_in(claims))
        return Actor(role=role, organisation=organisation, credential=credential)


def _key_for(token: str, published: KeptPublication) -> PublicKey:
    try:
        id = jwt.get_unverified_header(token).get("kid")
    except jwt.PyJWTError:
        raise InvalidToken("its header cannot be read") from None
    key = published.key(id)
    if key is None:
        raise InvalidToken(
            "it does not say with which of the issuer's keys it is signed"
            if id is None
            else "its key is not the issuer's"
        )
    return key


def _checked(token: str, published: KeptPublication, issuer: TrustedIssuer, audience: str) -> Claims:
    """The claims of a token whose signature holds, that is meant for this audience, and of now."""
    if len(token) > LARGEST_TOKEN or not has_the_form_of_a_jwt(token):
        raise InvalidToken(f"it is not a signed JSON Web Token of at most {LARGEST_TOKEN} characters")
    key = _key_for(token, published)
    try:
        return jwt.decode(
            token,
            key.key,
            algorithms=key.algorithms,
            audience=audience,
            issuer=issuer.url,
            leeway=LEEWAY_SECONDS,
            options={"require": ["aud", "exp", "iss", "sub"]},
        )
    except jwt.PyJWTError as fault:
        raise InvalidToken(_REASONS.get(type(fault), "its claims cannot be read")) from None

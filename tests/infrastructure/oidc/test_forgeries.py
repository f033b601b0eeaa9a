"""Whatever is changed in a token of the issuer's, nobody gets in with it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from infrastructure.database import Pool
from infrastructure.oidc.refusals import InvalidToken
from infrastructure.oidc.signed_tokens import SignedTokens, TrustedIssuer
from infrastructure.oidc.subjects import Subjects
from tests.issuer import AUDIENCE, Key, LocalIssuer, base64url

KEYS = [Key.new("RS256"), Key.new("PS256"), Key.new("ES256"), Key.new("EdDSA")]

Change = Callable[[str], str]


@pytest.fixture(scope="module")
def issuer() -> Iterator[LocalIssuer]:
    with LocalIssuer() as issuer:
        issuer.publish(*KEYS)
        yield issuer


@pytest.fixture(scope="module")
def tokens(issuer: LocalIssuer, pool: Pool) -> SignedTokens:
    return SignedTokens(TrustedIssuer(url=issuer.url, audience=AUDIENCE), Subjects(pool))


@st.composite
def spellings(draw: st.DrawFn) -> Change:
    """Characters put in, taken out or replaced, anywhere."""
    place, length = draw(st.floats(0, 1)), draw(st.integers(0, 4))
    put = draw(st.text("ABCXYZabcxyz019-_.=+/ é\0", max_size=4))

    def respell(token: str) -> str:
        at = round(place * len(token))
        return token[:at] + put + token[at + length :]

    return respell


@st.composite
def contents(draw: st.DrawFn) -> Change:
    """Another value in the header or in the claims."""
    part = draw(st.integers(0, 1))
    name = draw(
        st.sampled_from(["alg", "kid", "typ", "crit", "b64", "sub", "roles", "exp", "aud", "iss", "nbf", "more"])
    )
    value = draw(
        st.none()
        | st.integers()
        | st.sampled_from(["none", "HS256", "RS256", "ES256", "EdDSA", "", *(key.id for key in KEYS)])
        | st.lists(st.sampled_from(["admin", "b64", AUDIENCE]))
    )

    def put(token: str) -> str:
        parts = token.split(".")
        content = json.loads(base64.urlsafe_b64decode(parts[part] + "=="))
        parts[part] = base64url(json.dumps({**content, name: value}).encode())
        return ".".join(parts)

    return put


@st.composite
def signatures(draw: st.DrawFn) -> Change:
    """Another signature, of any length."""
    signature = draw(st.binary(max_size=300))
    return lambda token: f"{token.rpartition('.')[0]}.{base64url(signature)}"


@given(key=st.sampled_from(KEYS), change=spellings() | contents() | signatures())
def test_a_token_in_which_anything_was_changed_is_never_taken(
    tokens: SignedTokens, issuer: LocalIssuer, key: Key, change: Change
):
    token = issuer.token(signed_with=key)
    changed = change(token)
    assume(changed != token)
    with pytest.raises(InvalidToken):
        tokens.authenticate(changed)


@given(one=st.sampled_from(KEYS), other=st.sampled_from(KEYS))
def test_a_signature_is_good_for_no_other_token(tokens: SignedTokens, issuer: LocalIssuer, one: Key, other: Key):
    _, _, signature = issuer.token(signed_with=one).split(".")
    header, claims, _ = issuer.token(signed_with=other, roles=["admin"]).split(".")
    with pytest.raises(InvalidToken):
        tokens.authenticate(f"{header}.{claims}.{signature}")

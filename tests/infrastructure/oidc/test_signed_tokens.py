"""Tokens of an issuer: which are taken, and why the others are not."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from domain.vocabulary import Role
from infrastructure.bootstrap import open_service
from infrastructure.oidc.refusals import InvalidToken
from infrastructure.oidc.signed_tokens import LARGEST_TOKEN, SignedTokens, TrustedIssuer, has_the_form_of_a_jwt
from infrastructure.oidc.subjects import Subjects
from infrastructure.settings import Settings
from tests.issuer import ALGORITHMS, AUDIENCE, Json, Key, LocalIssuer, base64url, rsa_key, written

NOW = int(time.time())
ORGANISATION = "0b6b2f0e-6f1e-4a52-9d0a-1f1c5a3a8a11"


def refused(tokens: SignedTokens, token: str) -> str:
    """Why a token is refused."""
    with pytest.raises(InvalidToken) as refusal:
        tokens.authenticate(token)
    return str(refusal.value)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("named", [True, False], ids=["algorithm published", "key type alone"])
def test_a_token_signed_with_a_key_of_the_issuer_is_taken(
    tokens: SignedTokens, issuer: LocalIssuer, algorithm: str, named: bool
):
    key = Key.new(algorithm)
    unnamed: Json = {} if named else {"alg": None, "use": None, "key_ops": None}
    issuer.published = [Key.new().jwk(), key.jwk(**unnamed)]
    actor = tokens.authenticate(issuer.token(signed_with=key))
    assert (actor.role, actor.organisation) == (Role.BDT, None)


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": NOW - 3600}, "it has expired"),
        ({"nbf": NOW + 3600}, "it is not valid yet"),
        ({"iat": NOW + 3600}, "it is not valid yet"),
        ({"aud": "another-service"}, "it is meant for another audience"),
        ({"aud": ["another-service", "a-third"]}, "it is meant for another audience"),
        ({"aud": {"p2c-register": True}}, "it is meant for another audience"),
        ({"iss": "https://login.example.org"}, "another issuer made it"),
        *(({name: None}, "it lacks one of the claims aud, exp, iss and sub") for name in ("aud", "exp", "iss", "sub")),
        ({"exp": "tomorrow"}, "its claims cannot be read"),
        ({"nbf": [1]}, "its claims cannot be read"),
        *(
            ({"sub": sub}, "its subject is not 1 to 255 printable characters")
            for sub in ("", "x" * 256, "nul\0", "line\nline", "\ud800")
        ),
    ],
)
def test_a_token_that_is_not_for_us_or_not_of_now_is_refused(
    tokens: SignedTokens, issuer: LocalIssuer, claims: Json, reason: str
):
    assert refused(tokens, issuer.token(**claims)) == reason


def test_a_subject_is_a_text(tokens: SignedTokens, issuer: LocalIssuer):
    header, claims = {"alg": "ES256", "kid": issuer.key.id}, {**issuer.claims(), "sub": 7}
    assert refused(tokens, written(header, claims, issuer.key.sign)) == "its claims cannot be read"


@pytest.mark.parametrize(
    "claims",
    [
        {"nbf": None, "iat": None},
        {"aud": ["another-service", AUDIENCE]},
        {"jti": "1", "azp": "anything", "scope": "openid email"},
    ],
    ids=["no nbf and iat", "several audiences", "more claims"],
)
def test_what_does_not_matter_is_no_reason_to_refuse(tokens: SignedTokens, issuer: LocalIssuer, claims: Json):
    assert tokens.authenticate(issuer.token(**claims)).role == Role.BDT


@pytest.mark.parametrize("differing", [{"exp": -10}, {"nbf": 20, "iat": 20}], ids=str)
def test_clocks_may_differ_by_some_seconds(tokens: SignedTokens, issuer: LocalIssuer, differing: dict[str, int]):
    now = int(time.time())
    claims: Json = {name: now + seconds for name, seconds in differing.items()}
    assert tokens.authenticate(issuer.token(**claims)).role == Role.BDT


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", None, ["ES256"]])
@pytest.mark.parametrize("signature", [b"", b"anything"])
def test_a_token_without_an_algorithm_is_refused(
    tokens: SignedTokens, issuer: LocalIssuer, algorithm: object, signature: bytes
):
    token = written({"alg": algorithm, "kid": issuer.key.id}, issuer.claims(), lambda _: signature)
    assert refused(tokens, token) == "its key is not used with its algorithm"


def public_forms(key: Key) -> Iterator[bytes]:
    public = key.private.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    yield from (pem, pem.strip(), public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    yield json.dumps(key.jwk()).encode()


@pytest.mark.parametrize(
    ("published", "reason"),
    [
        ({}, "its key is not used with its algorithm"),
        ({"alg": None}, "its key is not used with its algorithm"),
        ({"alg": "HS256"}, "its key is not the issuer's"),
    ],
    ids=str,
)
@pytest.mark.parametrize("bits", [256, 384, 512])
@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_public_key_is_never_taken_for_a_shared_secret(
    tokens: SignedTokens, issuer: LocalIssuer, published: Json, reason: str, bits: int, algorithm: str
):
    key = Key.new(algorithm)
    issuer.published = [key.jwk(**published), issuer.key.jwk()]
    for secret in public_forms(key):
        token = written(
            {"alg": f"HS{bits}", "kid": key.id},
            issuer.claims(),
            partial(hmac.digest, secret, digest=f"sha{bits}"),
        )
        assert refused(tokens, token) == reason


def test_a_shared_secret_that_is_published_as_a_key_is_no_key(tokens: SignedTokens, issuer: LocalIssuer):
    secret = b"0123456789abcdef0123456789abcdef"
    issuer.published.append({"kty": "oct", "k": base64url(secret), "kid": "shared", "alg": "HS256", "use": "sig"})
    token = written({"alg": "HS256", "kid": "shared"}, issuer.claims(), lambda c: hmac.digest(secret, c, "sha256"))
    assert refused(tokens, token) == "its key is not the issuer's"


@pytest.mark.parametrize(
    ("published", "claimed"),
    [
        ("ES256", "RS256"),
        ("ES384", "ES256"),
        ("ES256", "ES384"),
        ("EdDSA", "ES256"),
        ("RS256", "PS256"),
        ("RS256", "RS512"),
    ],
)
def test_an_algorithm_has_to_be_that_of_the_key(
    tokens: SignedTokens, issuer: LocalIssuer, published: str, claimed: str
):
    key = Key.new(published)
    issuer.published = [key.jwk()]
    signer = Key.new(claimed, id=key.id)
    assert refused(tokens, issuer.token(signed_with=signer)) == "its key is not used with its algorithm"


@pytest.mark.parametrize(
    "unusable",
    [
        {"use": "enc"},
        {"key_ops": ["encrypt"]},
        {"alg": "RSA-OAEP"},
        {"alg": "ES256K"},
        {"alg": ["RS256"]},
        {"kty": "EC"},
        {"kty": None},
        {"kid": 7},
        {"n": "!"},
        {"n": 7},
        {"n": None},
    ],
    ids=str,
)
def test_what_is_no_key_for_signatures_is_not_used_and_spoils_no_other(
    tokens: SignedTokens, issuer: LocalIssuer, unusable: Json
):
    key = Key.new("RS256")
    issuer.published = [key.jwk(**unusable), issuer.key.jwk()]
    assert refused(tokens, issuer.token(signed_with=key)) == "its key is not the issuer's"
    assert tokens.authenticate(issuer.token()).role == Role.BDT


@pytest.mark.parametrize(
    "key", [Key("RS256", rsa_key(1024)), Key("ES256K", ec.generate_private_key(ec.SECP256K1()))], ids=["short", "curve"]
)
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_a_weak_key_and_a_curve_of_no_standard_are_not_used(tokens: SignedTokens, issuer: LocalIssuer, key: Key):
    issuer.published = [key.jwk(), "no key at all", issuer.key.jwk()]  # type: ignore[list-item]
    assert refused(tokens, issuer.token(signed_with=key)) == "its key is not the issuer's"


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_key_whose_private_half_is_published_is_anybodys(tokens: SignedTokens, issuer: LocalIssuer, algorithm: str):
    key = Key.new(algorithm)
    issuer.published = [key.jwk(private=True), issuer.key.jwk()]
    assert "d" in issuer.published[0]
    assert refused(tokens, issuer.token(signed_with=key)) == "its key is not the issuer's"


def test_a_key_that_a_token_brings_along_is_not_looked_at(tokens: SignedTokens, issuer: LocalIssuer):
    own = Key.new()
    carried = {"jwk": own.jwk(), "jku": f"{issuer.address}/mine", "x5u": f"{issuer.address}/mine"}
    for name in (own.id, issuer.key.id):
        assert refused(tokens, issuer.token(signed_with=own, headers={**carried, "kid": name}))
    assert issuer.asked["/mine"] == 0


def test_a_key_that_the_issuer_does_not_have_is_refused(tokens: SignedTokens, issuer: LocalIssuer):
    assert refused(tokens, issuer.token(signed_with=Key.new())) == "its key is not the issuer's"
    same_name = Key.new(id=issuer.key.id)
    assert refused(tokens, issuer.token(signed_with=same_name)) == "its signature does not hold"


def test_a_token_that_names_no_key_is_checked_with_the_only_one(tokens: SignedTokens, issuer: LocalIssuer):
    nameless = Key.new(id=None)
    issuer.publish(nameless)
    assert tokens.authenticate(issuer.token()).role == Role.BDT


def test_a_token_that_names_no_key_of_several_is_refused(tokens: SignedTokens, issuer: LocalIssuer):
    nameless = Key.new(id=None)
    issuer.publish(nameless, Key.new())
    assert refused(tokens, issuer.token()) == "it does not say with which of the issuer's keys it is signed"


@pytest.mark.parametrize(
    "headers",
    [
        {"crit": ["urn:example:bound"], "urn:example:bound": 1},
        {"crit": []},
        {"crit": "b64"},
        {"crit": ["b64"], "b64": False},
    ],
    ids=str,
)
def test_what_a_header_calls_critical_and_nobody_here_knows_is_refused(
    tokens: SignedTokens, issuer: LocalIssuer, headers: Json
):
    token = written({"alg": "ES256", "kid": issuer.key.id, **headers}, issuer.claims(), issuer.key.sign)
    assert refused(tokens, token) == "its header cannot be read"


def test_a_name_of_a_key_is_a_text(tokens: SignedTokens, issuer: LocalIssuer):
    token = written({"alg": "ES256", "kid": 7}, issuer.claims(), issuer.key.sign)
    assert refused(tokens, token) == "its header cannot be read"


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "..",
        "a.b",
        "a.b.c",
        "a.b.c.d.e",
        "e30.e30.e30",
        "bnVsbA.e30.e30",
        "W10.e30.e30",
        f"{base64url(b'[' * 2000)}.e30.e30",
        f"{base64url(b'{' * 9 + b'}' * 9)}.e30.e30",
        "päss.wörd.!",
        "p2c_1234567890",
    ],
)
def test_garbage_is_refused(tokens: SignedTokens, garbage: str):
    assert refused(tokens, garbage)


@pytest.mark.parametrize("claims", [b"", b"[]", b"null", b"7", b"[" * 3000, b"\xff", b'{"aud": '])
def test_signed_garbage_is_refused(tokens: SignedTokens, issuer: LocalIssuer, claims: bytes):
    header = base64url(json.dumps({"alg": "ES256", "kid": issuer.key.id}).encode())
    signed = f"{header}.{base64url(claims) or 'e30'}"
    token = f"{signed}.{base64url(issuer.key.sign(signed.encode()))}"
    assert refused(tokens, token)


def test_a_token_of_more_than_8_kib_is_refused_before_it_is_read(tokens: SignedTokens, issuer: LocalIssuer):
    assert tokens.authenticate(issuer.token(more="x" * 5000)).role == Role.BDT
    asked = issuer.asked.total()
    token = issuer.token(signed_with=Key.new(), more="x" * 6000)
    assert len(token) > LARGEST_TOKEN
    assert "at most 8192 characters" in refused(tokens, token)
    assert issuer.asked.total() == asked


def test_a_token_has_one_spelling(tokens: SignedTokens, issuer: LocalIssuer):
    token = issuer.token()
    for respelt in (f"{token}==", f"{token}\n", f" {token}", token.replace(".", "=.", 1)):
        assert "it is not a signed JSON Web Token" in refused(tokens, respelt)


def test_claims_cannot_be_exchanged(tokens: SignedTokens, issuer: LocalIssuer):
    header, _, signature = issuer.token(roles=["auditor"]).split(".")
    _, claims, _ = issuer.token(roles=["admin"]).split(".")
    assert refused(tokens, f"{header}.{claims}.{signature}") == "its signature does not hold"


def test_the_settings_say_whose_tokens_are_taken(empty_database: str, issuer: LocalIssuer, tmp_path: Path):
    settings = Settings(
        database_url=empty_database,
        data_dir=tmp_path,
        oidc_issuer=issuer.url,
        oidc_audience="another-name",
        oidc_roles_claim="groups",
        oidc_organisation_claim="company",
    )
    with open_service(settings) as service:
        actor = service.signed_tokens.authenticate(
            issuer.token(aud="another-name", groups="stakeholder", company=ORGANISATION, organisation="-", roles="bdt")
        )
    assert (actor.role, str(actor.organisation)) == (Role.STAKEHOLDER, ORGANISATION)
    assert TrustedIssuer.of(Settings()) is None


def test_without_an_issuer_no_such_token_is_taken(issuer: LocalIssuer, subjects: Subjects):
    tokens = SignedTokens(None, subjects)
    assert refused(tokens, issuer.token()) == "this service trusts no issuer of such tokens"
    assert issuer.asked.total() == 0


def test_a_reason_repeats_nothing_of_the_token(tokens: SignedTokens, issuer: LocalIssuer):
    telling: list[Json] = [{"sub": "x" * 300}, {"aud": "elsewhere"}, {"roles": ["chief"]}, {"roles": ["stakeholder"]}]
    for claims in telling:
        reason = refused(tokens, issuer.token(**claims))
        assert not any(said in reason for said in ("amina", "xxx", "elsewhere", "chief", issuer.url))


@pytest.mark.parametrize("ours", ["p2c_1234567890", "p2c_-_-", "p2c_a.b", ""])
def test_a_token_of_our_own_is_told_by_its_form(ours: str):
    assert not has_the_form_of_a_jwt(ours)

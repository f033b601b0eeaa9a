"""Signing in by a browser: who comes back from the issuer, and why somebody else is not signed in."""

from __future__ import annotations

import gzip
import hashlib
import json
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import psycopg
import pytest
import structlog
from pydantic import SecretStr

from application.access import Principal
from domain.values import Actor
from domain.vocabulary import Role
from infrastructure import expired_rows
from infrastructure.bootstrap import open_service
from infrastructure.database import Pool, open_pool
from infrastructure.oidc import code_exchange, documents
from infrastructure.oidc import sign_in as words
from infrastructure.oidc.kept_publication import PAUSE_SECONDS
from infrastructure.oidc.refusals import InvalidToken, IssuerAway, SignInRefused
from infrastructure.oidc.sign_in import Begun, SignIn
from infrastructure.oidc.signed_tokens import SignedTokens, TrustedIssuer
from infrastructure.oidc.subjects import Subjects
from infrastructure.sessions import Sessions
from infrastructure.settings import Settings
from tests.infrastructure.oidc.conftest import Clock
from tests.issuer import (
    AUDIENCE,
    AUTHORIZATION,
    DISCOVERY,
    KEYS,
    TOKEN,
    Answer,
    Json,
    Key,
    LocalIssuer,
    answering,
    base64url,
    own_certificate,
)

BACK = "https://p2c.example.org/sign-in/callback"
NOW = int(time.time())
ORGANISATION = "0b6b2f0e-6f1e-4a52-9d0a-1f1c5a3a8a11"
ELSEWHERE = "/elsewhere"

NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Reading those of the whole world takes longer than a test."""

Parameters = dict[str, str]


@dataclass
class Browser:
    """Somebody's browser: it keeps a secret, goes where it is sent, and comes back with parameters."""

    sign_in: SignIn
    begun: Begun = field(init=False)

    def __post_init__(self) -> None:
        self.begun = self.sign_in.begin(BACK)

    @property
    def asked(self) -> Parameters:
        return query(self.begun.url)

    def go(self) -> Parameters:
        """Sign in at the issuer, and come back."""
        answer = httpx.get(self.begun.url, trust_env=False, verify=NO_CERTIFICATES)
        assert answer.status_code == 302, answer.text
        assert answer.headers["Location"].startswith(f"{BACK}?")
        return query(answer.headers["Location"])

    def arrive(self, parameters: Parameters, back: str = BACK) -> Actor:
        return self.sign_in.complete(self.begun.secret, parameters, back)

    def refused(self, parameters: Parameters, back: str = BACK) -> str:
        """Why nobody is signed in with these parameters."""
        with pytest.raises(SignInRefused) as refusal:
            self.arrive(parameters, back)
        return str(refusal.value)


def query(url: str) -> Parameters:
    return dict(parse_qsl(urlsplit(url).query, strict_parsing=True))


def trusting(issuer: LocalIssuer, pool: Pool, clock: Clock, **more: Any) -> SignIn:
    """A process of the service that trusts the issuer."""
    trusted = TrustedIssuer(url=issuer.url, audience=AUDIENCE, **more)
    return SignIn(trusted, SignedTokens(trusted, Subjects(pool), clock), pool)


@pytest.fixture
def sign_in(issuer: LocalIssuer, pool: Pool, clock: Clock) -> SignIn:
    return trusting(issuer, pool, clock)


@pytest.fixture
def browser(sign_in: SignIn) -> Browser:
    """A browser that has been told where to go."""
    return Browser(sign_in)


@pytest.fixture
def elsewhere(issuer: LocalIssuer, pool: Pool, clock: Clock) -> Iterator[SignIn]:
    """Another process of the service."""
    with open_pool(str(pool.conninfo), name="p2c-other") as other:
        yield trusting(issuer, other, clock)


def rows(pool: Pool, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(str(pool.conninfo), options="", autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def test_whoever_comes_back_is_who_the_issuer_says(browser: Browser, issuer: LocalIssuer, pool: Pool):
    issuer.person = {"sub": "bo.chen", "roles": "stakeholder", "organisation": ORGANISATION}
    actor = browser.arrive(browser.go())
    assert (actor.role, str(actor.organisation)) == (Role.STAKEHOLDER, ORGANISATION)
    assert actor.credential == Subjects(pool).id_of(issuer.url, "bo.chen")
    sessions = Sessions(pool)
    assert sessions.find(sessions.open_with_actor(actor)) == Principal(actor=actor)


def test_the_issuer_is_asked_for_a_code_and_no_more_than_who_it_is(browser: Browser, issuer: LocalIssuer):
    assert browser.begun.url.startswith(f"{issuer.address}{AUTHORIZATION}?")
    drawn = {name: browser.asked[name] for name in ("state", "nonce", "code_challenge")}
    assert browser.asked == {
        "response_type": "code",
        "client_id": AUDIENCE,
        "redirect_uri": BACK,
        "scope": "openid",
        "code_challenge_method": "S256",
        **drawn,
    }
    assert {len(value) for value in drawn.values()} == {43}, "256 bits in base64url"


def test_the_code_comes_with_what_only_this_sign_in_can_show(browser: Browser, issuer: LocalIssuer):
    code = browser.go()
    browser.arrive(code)
    [(fields, authorization)] = issuer.shown
    verifier = fields.pop("code_verifier")
    assert base64url(hashlib.sha256(verifier.encode()).digest()) == browser.asked["code_challenge"]
    assert len(verifier) == 43
    assert authorization is None
    assert fields == {
        "grant_type": "authorization_code",
        "code": code["code"],
        "redirect_uri": BACK,
        "client_id": AUDIENCE,
    }


def test_nothing_drawn_tells_of_another_and_no_two_sign_ins_are_alike(sign_in: SignIn, issuer: LocalIssuer):
    browsers = [Browser(sign_in) for _ in range(3)]
    for browser in browsers:
        browser.arrive(browser.go())
    drawn = [
        secret
        for browser, (fields, _) in zip(browsers, issuer.shown, strict=True)
        for secret in (
            browser.begun.secret,
            browser.asked["state"],
            browser.asked["nonce"],
            browser.asked["code_challenge"],
            fields["code_verifier"],
        )
    ]
    assert len(set(drawn)) == 15
    assert all(browser.begun.secret not in browser.begun.url for browser in browsers)
    assert all(browser.begun.secret not in repr(browser.begun) for browser in browsers)


def test_the_database_keeps_nothing_that_could_be_shown(browser: Browser, pool: Pool):
    kept = rows(pool, "SELECT digest, encode(digest, 'escape') || sign_ins::text FROM ledger.sign_ins")
    assert hashlib.sha256(browser.begun.secret.encode()).digest() in {digest for digest, _ in kept}
    shown = [browser.begun.secret, *(browser.asked[name] for name in ("state", "nonce", "code_challenge"))]
    assert not any(secret in text or secret.encode().hex() in text for secret in shown for _, text in kept)


def test_an_address_of_the_issuer_may_have_a_query_of_its_own(issuer: LocalIssuer, sign_in: SignIn):
    issuer.discovery = {"authorization_endpoint": f"{issuer.address}{AUTHORIZATION}?policy=p2c%20x"}
    browser = Browser(sign_in)
    assert browser.asked["policy"] == "p2c x"
    assert browser.arrive(browser.go()).role == Role.BDT


def test_what_one_process_began_another_one_completes(browser: Browser, elsewhere: SignIn):
    parameters = browser.go()
    assert elsewhere.complete(browser.begun.secret, parameters, BACK).role == Role.BDT
    assert browser.refused(parameters) == words.OVER


def test_many_begin_and_the_issuer_is_asked_once_where(sign_in: SignIn, issuer: LocalIssuer):
    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(lambda _: sign_in.begin(BACK).secret, range(20)))) == 20
    assert issuer.asked == {DISCOVERY: 1, KEYS: 1}


@pytest.mark.parametrize("state", [None, "", "x", "A" * 43, "ä" * 43, "\ud800"])
def test_an_answer_with_another_state_signs_nobody_in_and_ends_nothing(browser: Browser, state: str | None):
    parameters = browser.go()
    changed = {name: value for name, value in {**parameters, "state": state}.items() if value is not None}
    assert browser.refused(changed) == words.NOT_BEGUN_HERE
    assert browser.arrive(parameters).role == Role.BDT


@pytest.mark.parametrize("secret", ["", "x", "A" * 43, "A" * 44, "ä" * 43, "\ud800" * 43])
def test_an_answer_without_the_secret_of_the_browser_signs_nobody_in(browser: Browser, secret: str):
    parameters = browser.go()
    with pytest.raises(SignInRefused, match="not begun in this browser"):
        browser.sign_in.complete(secret, parameters, BACK)
    assert browser.arrive(parameters).role == Role.BDT


def test_nobody_is_signed_in_as_somebody_else_who_sends_them_a_link(sign_in: SignIn, issuer: LocalIssuer):
    attacker, victim = Browser(sign_in), Browser(sign_in)
    assert victim.refused(attacker.go()) == words.NOT_BEGUN_HERE
    assert issuer.shown == [], "the code was shown to nobody"


def test_a_stolen_code_is_of_no_use_in_another_sign_in(sign_in: SignIn):
    thief, victim = Browser(sign_in), Browser(sign_in)
    stolen = victim.go()["code"]
    assert thief.refused({**thief.go(), "code": stolen}) == code_exchange.NO_CODE_OF_THEIRS


def test_a_token_that_was_made_for_another_sign_in_is_refused(sign_in: SignIn, issuer: LocalIssuer):
    other, browser = Browser(sign_in), Browser(sign_in)
    issuer.person = {"nonce": other.asked["nonce"]}
    assert browser.refused(browser.go()) == token_refused("it is not the answer to this sign-in, whose nonce it lacks")


def token_refused(reason: str) -> str:
    return f"The issuer's ID token is not valid: {reason}."


def test_a_sign_in_is_completed_once(browser: Browser, issuer: LocalIssuer):
    parameters = browser.go()
    browser.arrive(parameters)
    assert browser.refused(parameters) == words.OVER
    assert len(issuer.shown) == 1, "the code was not even sent again"


def test_of_many_who_complete_a_sign_in_at_once_one_does(browser: Browser, elsewhere: SignIn, issuer: LocalIssuer):
    parameters = browser.go()

    def arrives(process: SignIn) -> bool:
        try:
            process.complete(browser.begun.secret, parameters, BACK)
        except SignInRefused as refusal:
            if str(refusal) != words.OVER:
                raise
            return False
        return True

    with ThreadPoolExecutor(10) as threads:
        assert sum(threads.map(arrives, [browser.sign_in, elsewhere] * 5)) == 1
    assert len(issuer.shown) == 1


@pytest.mark.parametrize(("minutes", "is_over"), [(9.9, False), (10, True)])
def test_a_sign_in_is_over_after_ten_minutes(browser: Browser, pool: Pool, minutes: float, is_over: bool):
    parameters = browser.go()
    rows(pool, f"UPDATE ledger.sign_ins SET expires_at = expires_at - interval '{minutes} minutes'")
    if is_over:
        assert browser.refused(parameters) == words.OVER
    else:
        assert browser.arrive(parameters).role == Role.BDT


def test_whoever_begins_takes_away_what_nobody_came_back_from(
    sign_in: SignIn, pool: Pool, monkeypatch: pytest.MonkeyPatch
):
    rows(pool, "DELETE FROM ledger.sign_ins")
    for _ in range(5):
        sign_in.begin(BACK)
    rows(pool, "UPDATE ledger.sign_ins SET expires_at = expires_at - interval '10 minutes'")
    monkeypatch.setattr(expired_rows, "MOST_AT_ONCE", 3)
    alive = Browser(sign_in)
    assert rows(pool, "SELECT count(*) FROM ledger.sign_ins") == [(3,)]
    sign_in.begin(BACK)
    assert rows(pool, "SELECT count(*) FROM ledger.sign_ins") == [(2,)]
    assert alive.arrive(alive.go()).role == Role.BDT


def test_the_answer_of_another_issuer_is_refused(browser: Browser, issuer: LocalIssuer):
    parameters = {**browser.go(), "iss": "https://login.example.org"}
    assert browser.refused(parameters) == words.ANOTHER_ISSUER
    assert issuer.shown == [], "the code was not sent to an issuer that did not give it"


@pytest.mark.parametrize("announced", [True, False])
def test_an_issuer_that_announces_to_name_itself_has_to(issuer: LocalIssuer, sign_in: SignIn, announced: bool):
    issuer.discovery = {"authorization_response_iss_parameter_supported": announced}
    browser = Browser(sign_in)
    parameters = browser.go()
    del parameters["iss"]
    if announced:
        assert browser.refused(parameters) == words.ANOTHER_ISSUER
    else:
        assert browser.arrive(parameters).role == Role.BDT


@pytest.mark.parametrize(
    ("error", "told"), [*words.ERRORS.items(), ("no_such_error", words.UNEXPLAINED), ("", words.UNEXPLAINED)]
)
def test_an_error_of_the_issuer_is_told_in_words(issuer: LocalIssuer, browser: Browser, error: str, told: str):
    issuer.declines = error or "-"
    parameters = {**browser.go(), "error": error, "error_description": "Visit https://evil.example"}
    assert browser.refused(parameters) == told
    assert "evil" not in told
    assert browser.refused(parameters) == words.OVER


@pytest.mark.parametrize("code", [None, ""])
def test_an_answer_without_a_code_signs_nobody_in(browser: Browser, code: str | None):
    changed = {name: value for name, value in {**browser.go(), "code": code}.items() if value is not None}
    assert browser.refused(changed) == words.NO_CODE


def test_a_code_that_the_issuer_never_gave_is_refused(browser: Browser):
    assert browser.refused({**browser.go(), "code": "made up"}) == code_exchange.NO_CODE_OF_THEIRS


def test_a_code_is_exchanged_for_the_address_that_it_was_sent_to(browser: Browser):
    assert browser.refused(browser.go(), "https://p2c.example.org/other") == code_exchange.NO_CODE_OF_THEIRS


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        *(
            ({"nonce": nonce}, "it is not the answer to this sign-in, whose nonce it lacks")
            for nonce in (None, "", "x" * 43, 7, ["x"], "\ud800")
        ),
        ({"aud": "another-service"}, "it is meant for another audience"),
        ({"aud": ["another-service"]}, "it is meant for another audience"),
        ({"aud": [AUDIENCE, "another-service"]}, "it was made for another client"),
        ({"aud": [AUDIENCE, "another-service"], "azp": "another-service"}, "it was made for another client"),
        ({"azp": "another-service"}, "it was made for another client"),
        ({"azp": [AUDIENCE]}, "it was made for another client"),
        ({"iss": "https://login.example.org"}, "another issuer made it"),
        ({"exp": NOW - 3600}, "it has expired"),
        ({"nbf": NOW + 3600}, "it is not valid yet"),
        ({"sub": None}, "it lacks one of the claims aud, exp, iss and sub"),
        ({"roles": "chief"}, "it has to name exactly one of the roles stakeholder, bdt, auditor, admin, and names 0"),
        ({"roles": "stakeholder"}, "a stakeholder's token has to name its organisation by its id, which is a UUID"),
        ({"signed_with": Key.new()}, "its key is not the issuer's"),
        ({"more": "x" * 8192}, "it is not a signed JSON Web Token of at most 8192 characters"),
    ],
)
def test_a_token_that_does_not_say_who_signed_in_here_is_refused(
    browser: Browser, issuer: LocalIssuer, claims: Json, reason: str
):
    issuer.person = claims
    assert browser.refused(browser.go()) == token_refused(reason)


@pytest.mark.parametrize("claims", [{"aud": [AUDIENCE]}, {"aud": [AUDIENCE, "more"], "azp": AUDIENCE}], ids=str)
def test_a_token_may_be_for_several_if_this_client_had_it_made(browser: Browser, issuer: LocalIssuer, claims: Json):
    issuer.person = claims
    assert browser.arrive(browser.go()).role == Role.BDT


def test_the_client_may_have_another_name_than_the_audience(issuer: LocalIssuer, pool: Pool, clock: Clock):
    issuer.client_id = "p2c-pages"
    trusted = TrustedIssuer(url=issuer.url, audience=AUDIENCE, client_id="p2c-pages")
    tokens = SignedTokens(trusted, Subjects(pool), clock)
    browser = Browser(SignIn(trusted, tokens, pool))
    assert browser.arrive(browser.go()).role == Role.BDT
    with pytest.raises(InvalidToken, match="another audience"):
        tokens.authenticate(issuer.token(aud="p2c-pages"))
    again = Browser(browser.sign_in)
    issuer.person = {"aud": AUDIENCE}
    assert again.refused(again.go()) == token_refused("it is meant for another audience")


SECRET = "p%ss: word+/="


@pytest.mark.parametrize(
    ("methods", "in_header"),
    [
        (None, True),
        (["client_secret_post", "client_secret_basic"], True),
        (["private_key_jwt"], False),
        (["client_secret_post"], False),
    ],
)
def test_the_service_shows_its_secret_as_the_issuer_takes_it(
    issuer: LocalIssuer, pool: Pool, clock: Clock, methods: list[str] | None, in_header: bool
):
    issuer.client_secret, issuer.discovery = SECRET, {"token_endpoint_auth_methods_supported": methods}
    browser = Browser(trusting(issuer, pool, clock, client_secret=SecretStr(SECRET)))
    assert browser.arrive(browser.go()).role == Role.BDT
    [(fields, authorization)] = issuer.shown
    assert (authorization is not None) == in_header
    assert ("client_secret" in fields) == ("client_id" in fields) == (not in_header)


@pytest.mark.parametrize("shown", [None, "another"])
def test_an_issuer_that_does_not_know_the_client_is_a_matter_for_the_operator(
    issuer: LocalIssuer, pool: Pool, clock: Clock, shown: str | None
):
    issuer.client_secret = SECRET
    browser = Browser(trusting(issuer, pool, clock, client_secret=SecretStr(shown) if shown else None))
    with structlog.testing.capture_logs() as logged:
        assert browser.refused(browser.go()) == code_exchange.NO_CLIENT_OF_THEIRS
    assert {"log_level": "error", "error": "invalid_client"}.items() <= logged[-1].items()


def test_an_answer_without_an_id_token_signs_nobody_in(browser: Browser, issuer: LocalIssuer):
    issuer.answers[TOKEN] = answering(b'{"access_token": "x", "token_type": "Bearer"}')
    assert browser.refused(browser.go()) == code_exchange.SAYS_NOBODY


def good_answer(issuer: LocalIssuer, nonce: str) -> bytes:
    return json.dumps({"id_token": issuer.token(nonce=nonce), "token_type": "Bearer"}).encode()


def trickling(content: bytes) -> Answer:
    """The right answer, after many blanks that come one by one."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        for _ in range(30):
            request.wfile.write(b" ")
            time.sleep(0.02)
        request.wfile.write(content)

    return answer


def late(content: bytes) -> Answer:
    """The right answer, after a long silence."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        time.sleep(0.6)
        answering(content)(request)

    return answer


def packed(content: bytes) -> Answer:
    """The right answer, in a form that was not asked for."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Encoding", "gzip")
        request.end_headers()
        request.wfile.write(gzip.compress(content))

    return answer


def no_http(request: BaseHTTPRequestHandler) -> None:
    """Speak another protocol."""
    request.wfile.write(b"SSH-2.0\r\n\r\n")


MISBEHAVIOUR: dict[str, Callable[[LocalIssuer, bytes], Answer]] = {
    "an error of its own": lambda _, good: answering(good, status=500),
    "overload": lambda _, good: answering(good, status=429),
    "created": lambda _, good: answering(good, status=201),
    "a redirect": lambda issuer, _: answering(b"", status=307, Location=f"{issuer.address}{ELSEWHERE}"),
    "a page": lambda *_: answering(b"<html>Sign in</html>"),
    "a page of an error": lambda *_: answering(b"<html>Sorry</html>", status=400),
    "a list": lambda *_: answering(b"[]"),
    "a token of another kind": lambda *_: answering(b'{"id_token": 7}'),
    "nothing": lambda *_: answering(b""),
    "no protocol": lambda *_: no_http,
    "too much": lambda _, good: answering(b" " * 300_000 + good),
    "drops": lambda _, good: trickling(good),
    "silence": lambda _, good: late(good),
    "packed": lambda _, good: packed(good),
}


@pytest.mark.parametrize("misbehaviour", MISBEHAVIOUR)
def test_an_issuer_that_answers_anything_but_tokens_is_away(
    browser: Browser, issuer: LocalIssuer, misbehaviour: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(documents, "SILENCE_SECONDS", 0.3)
    monkeypatch.setattr(documents, "DOCUMENT_SECONDS", 0.2)
    parameters = browser.go()
    good = good_answer(issuer, browser.asked["nonce"])
    issuer.answers[TOKEN] = MISBEHAVIOUR[misbehaviour](issuer, good)
    with pytest.raises(IssuerAway):
        browser.arrive(parameters)
    assert issuer.asked[ELSEWHERE] == 0, "redirects are not followed"
    issuer.answers[TOKEN] = answering(good)
    again = Browser(browser.sign_in)
    issuer.answers[TOKEN] = answering(good_answer(issuer, again.asked["nonce"]))
    assert again.arrive(again.go()).role == Role.BDT, "the answer alone was what was wrong"


def test_while_the_issuer_is_away_nobody_begins_and_nobody_comes_back(
    browser: Browser, issuer: LocalIssuer, pool: Pool, clock: Clock
):
    parameters = browser.go()
    rows(pool, "DELETE FROM ledger.sign_ins WHERE expires_at < now()")
    issuer.stop()
    with pytest.raises(IssuerAway) as away:
        browser.arrive(parameters)
    assert away.value.retry_after == PAUSE_SECONDS
    before = rows(pool, "SELECT count(*) FROM ledger.sign_ins")
    with pytest.raises(IssuerAway):
        trusting(issuer, pool, clock).begin(BACK)
    assert rows(pool, "SELECT count(*) FROM ledger.sign_ins") == before


@pytest.mark.parametrize(
    "discovery",
    [
        {"authorization_endpoint": None},
        {"token_endpoint": None},
        {"authorization_endpoint": 7},
        {"authorization_endpoint": "http://login.example.org/authorize"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "/authorize"},
        {"token_endpoint": "http://login.example.org/token"},
        {"token_endpoint": "file:///etc/passwd"},
    ],
    ids=str,
)
def test_where_nobody_can_sign_in_safely_nobody_is_sent_and_tokens_are_taken_all_the_same(
    issuer: LocalIssuer, pool: Pool, tokens: SignedTokens, discovery: Json
):
    issuer.discovery = discovery
    trusted = TrustedIssuer(url=issuer.url, audience=AUDIENCE)
    with pytest.raises(SignInRefused) as refusal:
        SignIn(trusted, tokens, pool).begin(BACK)
    assert str(refusal.value) == words.NO_PLACE
    assert tokens.authenticate(issuer.token()).role == Role.BDT


def test_over_the_network_the_issuer_has_to_show_its_certificate_before_it_sees_a_code(
    pool: Pool, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    certificate = own_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with LocalIssuer(certificate) as issuer:
        sign_in = trusting(issuer, pool, clock)
        answers = []
        for browser in (Browser(sign_in), Browser(sign_in)):
            back = issuer.back_to_the_client(browser.asked)
            assert back
            answers.append((browser, query(back)))
        assert answers[0][0].arrive(answers[0][1]).role == Role.BDT
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(IssuerAway):
            answers[1][0].arrive(answers[1][1])
        assert len(issuer.shown) == 1


def test_what_goes_wrong_is_logged_without_secrets_and_without_the_person(browser: Browser, issuer: LocalIssuer):
    parameters = browser.go()
    issuer.person = {"aud": "elsewhere", "sub": "zaynab@example.org"}
    with structlog.testing.capture_logs() as logged:
        browser.refused(parameters)
    assert "it is meant for another audience" in str(logged)
    [(fields, _)] = issuer.shown
    secrets = [browser.begun.secret, browser.asked["nonce"], fields["code_verifier"], parameters["code"]]
    assert not any(said in str(logged) for said in (*secrets, parameters["state"], "zaynab", "eyJ"))


def test_the_settings_say_as_which_client_people_sign_in(empty_database: str, issuer: LocalIssuer, tmp_path: Path):
    issuer.client_id, issuer.client_secret = "p2c-pages", SECRET
    settings = Settings(
        database_url=empty_database,
        data_dir=tmp_path,
        oidc_issuer=issuer.url,
        oidc_audience=AUDIENCE,
        oidc_client_id="p2c-pages",
        oidc_client_secret=SecretStr(SECRET),
    )
    with open_service(settings) as service:
        assert service.sign_in is not None
        browser = Browser(service.sign_in)
        actor = browser.arrive(browser.go())
        found = service.sessions.find(service.sessions.open_with_actor(actor))
        assert found == Principal(actor=actor)
        assert SECRET not in repr(TrustedIssuer.of(settings))
    with open_service(Settings(database_url=empty_database, data_dir=tmp_path)) as service:
        assert service.sign_in is None

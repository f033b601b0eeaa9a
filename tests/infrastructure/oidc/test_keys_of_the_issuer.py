"""Keys come from the issuer alone, seldom, and go on being good for a while when it is away."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from infrastructure.oidc import documents, kept_publication, publication
from infrastructure.oidc.kept_publication import AWAY_SECONDS, FRESH_SECONDS, PAUSE_SECONDS, KeptPublication
from infrastructure.oidc.public_keys import usable
from infrastructure.oidc.publication import Publication
from infrastructure.oidc.refusals import InvalidToken, IssuerAway
from infrastructure.oidc.signed_tokens import SignedTokens, TrustedIssuer
from infrastructure.oidc.subjects import Subjects
from tests.infrastructure.oidc.conftest import Clock
from tests.issuer import AUDIENCE, DISCOVERY, KEYS, Answer, Key, LocalIssuer, answering, own_certificate


def is_taken(tokens: SignedTokens, token: str) -> bool:
    """Whether a token is taken; it is not where its key is not the issuer's."""
    try:
        tokens.authenticate(token)
    except InvalidToken as refusal:
        if str(refusal) != "its key is not the issuer's":
            raise
        return False
    return True


def test_the_issuer_is_asked_once_for_many_tokens(tokens: SignedTokens, issuer: LocalIssuer, clock: Clock):
    for _ in range(20):
        assert is_taken(tokens, issuer.token())
        clock.pass_(FRESH_SECONDS / 21)
    assert issuer.asked == {DISCOVERY: 1, KEYS: 1}


def test_a_new_key_beside_the_old_one_is_found_when_it_is_first_used(
    tokens: SignedTokens, issuer: LocalIssuer, clock: Clock
):
    old = issuer.key
    assert is_taken(tokens, issuer.token())
    issuer.publish(Key.new("EdDSA"), old)
    clock.pass_(PAUSE_SECONDS)
    assert is_taken(tokens, issuer.token())
    assert is_taken(tokens, issuer.token(signed_with=old))
    assert issuer.asked[KEYS] == 2


def test_a_key_in_place_of_the_old_one_ends_it(tokens: SignedTokens, issuer: LocalIssuer, clock: Clock):
    old = issuer.key
    assert is_taken(tokens, issuer.token())
    issuer.publish(Key.new("RS256"))
    clock.pass_(PAUSE_SECONDS)
    assert is_taken(tokens, issuer.token(signed_with=old)), "nobody has asked yet"
    assert is_taken(tokens, issuer.token())
    assert not is_taken(tokens, issuer.token(signed_with=old))


def test_a_key_that_was_taken_back_ends_after_five_minutes(tokens: SignedTokens, issuer: LocalIssuer, clock: Clock):
    stolen, other = issuer.key, Key.new()
    issuer.publish(stolen, other)
    assert is_taken(tokens, issuer.token())
    issuer.publish(other)
    clock.pass_(FRESH_SECONDS - 1)
    assert is_taken(tokens, issuer.token(signed_with=stolen))
    clock.pass_(1)
    assert not is_taken(tokens, issuer.token(signed_with=stolen))
    assert is_taken(tokens, issuer.token())


def test_an_issuer_that_takes_all_its_keys_back_is_believed(tokens: SignedTokens, issuer: LocalIssuer, clock: Clock):
    assert is_taken(tokens, issuer.token())
    issuer.published = []
    clock.pass_(FRESH_SECONDS)
    assert not is_taken(tokens, issuer.token())


def test_made_up_keys_do_not_make_a_flood_of_questions(tokens: SignedTokens, issuer: LocalIssuer, clock: Clock):
    assert is_taken(tokens, issuer.token())
    clock.pass_(PAUSE_SECONDS)
    made_up = [issuer.token(signed_with=Key.new()) for _ in range(60)]
    with ThreadPoolExecutor(12) as threads:
        assert not any(threads.map(lambda token: is_taken(tokens, token), made_up))
    assert issuer.asked[KEYS] == 2
    clock.pass_(PAUSE_SECONDS - 1)
    assert not is_taken(tokens, made_up[0])
    assert issuer.asked[KEYS] == 2
    clock.pass_(1)
    assert not is_taken(tokens, made_up[0])
    assert issuer.asked[KEYS] == 3


def test_many_first_tokens_at_once_make_one_question(tokens: SignedTokens, issuer: LocalIssuer):
    first = [issuer.token() for _ in range(30)]
    with ThreadPoolExecutor(12) as threads:
        assert all(threads.map(lambda token: is_taken(tokens, token), first))
    assert issuer.asked == {DISCOVERY: 1, KEYS: 1}


def test_without_the_issuer_no_first_token_can_be_checked(tokens: SignedTokens, issuer: LocalIssuer, clock: Clock):
    issuer.stop()
    with pytest.raises(IssuerAway) as away:
        tokens.authenticate(issuer.token())
    assert away.value.retry_after == PAUSE_SECONDS
    issuer.start()
    clock.pass_(PAUSE_SECONDS - 3)
    with pytest.raises(IssuerAway) as away:
        tokens.authenticate(issuer.token())
    assert away.value.retry_after == 3
    assert issuer.asked.total() == 0, "it was asked a moment ago"
    clock.pass_(3)
    assert is_taken(tokens, issuer.token())


def test_without_the_issuer_known_keys_are_good_for_an_hour(tokens: SignedTokens, issuer: LocalIssuer, clock: Clock):
    assert is_taken(tokens, issuer.token())
    issuer.stop()
    for _ in range(11):
        clock.pass_(FRESH_SECONDS)
        assert is_taken(tokens, issuer.token())
        with pytest.raises(IssuerAway):
            tokens.authenticate(issuer.token(signed_with=Key.new()))
    clock.pass_(AWAY_SECONDS - 11 * FRESH_SECONDS)
    with pytest.raises(IssuerAway):
        tokens.authenticate(issuer.token())
    issuer.start()
    clock.pass_(PAUSE_SECONDS)
    assert is_taken(tokens, issuer.token())


ELSEWHERE = "/elsewhere"


def published(at: LocalIssuer) -> bytes:
    return json.dumps({"keys": at.published}).encode()


def late(at: LocalIssuer) -> Answer:
    """The right keys, after a long silence."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        time.sleep(1.5)
        answering(published(at))(request)

    return answer


def trickling(at: LocalIssuer) -> Answer:
    """The right keys, after many blanks that come one by one."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        for _ in range(75):
            request.wfile.write(b" ")
            time.sleep(0.02)
        request.wfile.write(published(at))

    return answer


def no_http(request: BaseHTTPRequestHandler) -> None:
    """Speak another protocol."""
    request.wfile.write(b"SSH-2.0\r\n\r\n")


def discovering(at: LocalIssuer, **changed: Any) -> Answer:
    document = {"issuer": at.url, "jwks_uri": f"{at.address}{KEYS}", **changed}
    return answering(json.dumps(document).encode())


MISBEHAVIOUR: dict[str, tuple[str, Callable[[LocalIssuer], Answer]]] = {
    "no discovery": (DISCOVERY, lambda _: answering(b"", status=404)),
    "an error": (DISCOVERY, lambda _: answering(b"{}", status=500)),
    "garbage for discovery": (DISCOVERY, lambda _: answering(b"<html>Sign in</html>")),
    "a list for discovery": (DISCOVERY, lambda _: answering(b"[]")),
    "deep garbage": (DISCOVERY, lambda _: answering(b"[" * 100_000)),
    "no protocol": (DISCOVERY, lambda _: no_http),
    "discovery redirected": (DISCOVERY, lambda i: answering(b"", status=302, Location=f"{i.address}{ELSEWHERE}")),
    "another issuer": (DISCOVERY, lambda i: discovering(i, issuer="https://login.example.org")),
    "almost its name": (DISCOVERY, lambda i: discovering(i, issuer=f"{i.url}/")),
    "keys without protection": (
        DISCOVERY,
        lambda i: discovering(i, jwks_uri=i.address.replace("127.0.0.1", "0.0.0.0") + KEYS),
    ),
    "keys in a file": (DISCOVERY, lambda i: discovering(i, jwks_uri="file:///etc/passwd")),
    "keys in the address": (DISCOVERY, lambda i: discovering(i, jwks_uri=f"data:,{quote(published(i))}")),
    "keys nowhere": (DISCOVERY, lambda i: discovering(i, jwks_uri="")),
    "keys in a list": (DISCOVERY, lambda i: discovering(i, jwks_uri=[f"{i.address}{KEYS}"])),
    "keys at no address": (DISCOVERY, lambda i: discovering(i, jwks_uri="https://[::1")),
    "keys redirected": (KEYS, lambda i: answering(b"", status=307, Location=f"{i.address}{ELSEWHERE}")),
    "keys for good elsewhere": (KEYS, lambda i: answering(b"", status=301, Location="http://192.0.2.1/")),
    "garbage for keys": (KEYS, lambda _: answering(b"\xff\x00")),
    "no list of keys": (KEYS, lambda _: answering(b'{"keys": {}}')),
    "huge keys": (KEYS, lambda i: answering(b" " * 300_000 + published(i))),
    "keys cut short": (KEYS, lambda _: answering(b'{"keys": ')),
    "keys in drops": (KEYS, trickling),
    "keys after a silence": (KEYS, late),
}


@contextmanager
def misbehaving(issuer: LocalIssuer, how: str) -> Iterator[None]:
    """The issuer answers something else for a while, and nobody has patience with it."""
    address, answer = MISBEHAVIOUR[how]
    issuer.answers[address] = answer(issuer)
    with pytest.MonkeyPatch.context() as impatience:
        impatience.setattr(documents, "SILENCE_SECONDS", 0.5)
        impatience.setattr(documents, "DOCUMENT_SECONDS", 0.2)
        yield
    issuer.answers.clear()


@pytest.mark.parametrize("misbehaviour", MISBEHAVIOUR)
def test_an_issuer_that_answers_anything_but_its_keys_is_away(
    tokens: SignedTokens, issuer: LocalIssuer, clock: Clock, misbehaviour: str
):
    with misbehaving(issuer, misbehaviour), pytest.raises(IssuerAway):
        tokens.authenticate(issuer.token())
    assert issuer.asked[ELSEWHERE] == 0, "redirects are not followed"
    clock.pass_(PAUSE_SECONDS)
    assert is_taken(tokens, issuer.token())


@pytest.mark.parametrize("misbehaviour", MISBEHAVIOUR)
def test_known_keys_survive_an_issuer_that_answers_anything_else(
    tokens: SignedTokens, issuer: LocalIssuer, clock: Clock, misbehaviour: str
):
    assert is_taken(tokens, issuer.token())
    clock.pass_(FRESH_SECONDS)
    with misbehaving(issuer, misbehaviour):
        assert is_taken(tokens, issuer.token())


def test_over_the_network_the_issuer_has_to_show_its_certificate(
    subjects: Subjects, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    certificate = own_certificate(tmp_path)
    with LocalIssuer(certificate) as issuer:
        tokens = SignedTokens(TrustedIssuer(url=issuer.url, audience=AUDIENCE), subjects, clock)
        assert issuer.url.startswith("https://")
        with pytest.raises(IssuerAway):
            tokens.authenticate(issuer.token())
        assert issuer.asked.total() == 0
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        clock.pass_(PAUSE_SECONDS)
        assert is_taken(tokens, issuer.token())


def test_no_proxy_is_told_what_stays_on_this_machine(
    tokens: SignedTokens, issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch
):
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"{issuer.address}/proxy")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert is_taken(tokens, issuer.token())
    assert issuer.asked == {DISCOVERY: 1, KEYS: 1}


@pytest.mark.parametrize("scheme", ["http://", ""])
def test_a_proxy_passes_on_what_it_cannot_read(scheme: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as proxy, ThreadPoolExecutor(1) as thread:
        monkeypatch.setenv("https_proxy", f"{scheme}127.0.0.1:{proxy.getsockname()[1]}")
        asking = thread.submit(publication.fetch_publication, "https://login.example.org/p2c")
        connection, _ = proxy.accept()
        with connection:
            asked = connection.recv(4096)
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")
        with pytest.raises(documents.Unusable, match="403 Forbidden"):
            asking.result(timeout=10)
    assert asked.startswith(b"CONNECT login.example.org:443 HTTP/1.1\r\n")
    assert b"p2c" not in asked


def test_a_host_that_no_proxy_is_for_is_asked_directly(
    subjects: Subjects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    certificate = own_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with LocalIssuer(certificate) as issuer:
        tokens = SignedTokens(TrustedIssuer(url=issuer.url, audience=AUDIENCE), subjects)
        assert is_taken(tokens, issuer.token())


def test_the_name_of_the_issuer_may_end_with_a_slash(issuer: LocalIssuer, subjects: Subjects):
    named = f"{issuer.url}/"
    issuer.answers[DISCOVERY] = discovering(issuer, issuer=named)
    tokens = SignedTokens(TrustedIssuer(url=named, audience=AUDIENCE), subjects)
    assert is_taken(tokens, issuer.token(iss=named))


class Reluctant:
    """Keys that come when they are let go."""

    def __init__(self, key: Key) -> None:
        self.publication = Publication(usable([key.jwk()]))
        self.let_go = threading.Event()
        self.let_go.set()
        self.fails = False

    def __call__(self) -> Publication:
        self.let_go.wait(10)
        if self.fails:
            raise RuntimeError("of whatever kind")
        return self.publication


@pytest.fixture
def reluctant() -> Iterator[Reluctant]:
    fetch = Reluctant(Key.new(id="known"))
    yield fetch
    fetch.let_go.set()


def test_a_request_does_not_wait_for_ever(reluctant: Reluctant, clock: Clock, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(kept_publication, "WAIT_SECONDS", 0.05)
    kept = KeptPublication(reluctant, clock)
    reluctant.let_go.clear()
    with pytest.raises(IssuerAway):
        kept.key("known")
    reluctant.let_go.set()
    monkeypatch.undo()
    assert kept.key("known")


def test_who_has_a_known_key_does_not_wait_for_an_issuer_that_was_away(reluctant: Reluctant, clock: Clock):
    kept = KeptPublication(reluctant, clock)
    assert kept.key("known")
    reluctant.fails = True
    clock.pass_(FRESH_SECONDS)
    assert kept.key("known")
    reluctant.let_go.clear()
    clock.pass_(PAUSE_SECONDS)
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(kept.key, "known").result(timeout=5)

"""Webhooks lead to the internet, and to nothing that only this service can reach."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infrastructure.webhooks.addresses import AddressRefused, require_permitted, require_url
from infrastructure.webhooks.sending import Attempt, Sender
from tests.issuer import own_certificate
from tests.receiver import Endpoint, Receiver

GOOD = [
    "https://example.org",
    "https://example.org/hooks/p2c?token=abc%20d",
    "https://example.org:443/",
    "https://example.org:8443/x",
    "https://xn--bcher-kva.example/",
    "https://93.184.215.14/",
    "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/x",
]

BAD = [
    "",
    "example.org",
    "http://example.org/",
    "ftp://example.org/",
    "file:///etc/passwd",
    "https://",
    "https:///x",
    "https://user@example.org/",
    "https://user:password@example.org/",
    "https://example.org/#x",
    "https://example.org:22/",
    "https://example.org:80/",
    "https://example.org:0/",
    "https://example.org:70000/",
    "https://example.org:x/",
    "https://example.org\\@127.0.0.1/",
    "https://example.org /",
    "https://example.org/\n",
    "https://bücher.example/",
    "https://example.org/" + "x" * 2_000,
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://017700000001/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://169.254.169.254/latest/meta-data",
    "https://10.0.0.1:8443/",
]

PUBLIC = ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:8.8.8.8", "64:ff9b::808:808"]

CLOSED = [
    "127.0.0.1",
    "127.255.255.254",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "::1",
    "fc00::1",
    "fd12:3456::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
]

NOBODYS = [
    "0.0.0.0",
    "0.1.2.3",
    "169.254.169.254",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "2001::1",
    "2002:7f00:1::",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "::7f00:1",
    "100::1",
]


@pytest.mark.parametrize("url", GOOD)
def test_https_addresses_of_the_internet_are_taken(url: str) -> None:
    for private in (True, False):
        assert str(require_url(url, private=private)).startswith(url[:19])


@pytest.mark.parametrize("url", BAD)
def test_no_other_address_is(url: str) -> None:
    with pytest.raises(AddressRefused, match=r"\.$"):
        require_url(url, private=False)


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "http://127.0.0.1:8080/x", "https://[fd00::1]/", "http://hooks/x"])
def test_where_it_is_allowed_they_may_lead_into_a_closed_network(url: str) -> None:
    require_url(url, private=True)
    with pytest.raises(AddressRefused):
        require_url(url, private=False)


@pytest.mark.parametrize("url", ["http://93.184.215.14/", "https://169.254.169.254/", "https://10.0.0.1:22/"])
def test_but_even_then_not_anywhere(url: str) -> None:
    with pytest.raises(AddressRefused):
        require_url(url, private=True)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_needs_https(address: str) -> None:
    require_permitted([address], "https", private=False)
    for private in (True, False):
        with pytest.raises(AddressRefused):
            require_permitted([address], "http", private=private)


@pytest.mark.parametrize("address", CLOSED)
def test_an_address_of_a_closed_network_is_for_those_who_allow_it(address: str) -> None:
    for scheme in ("http", "https"):
        require_permitted([address], scheme, private=True)
        with pytest.raises(AddressRefused, match="no public address"):
            require_permitted([address], scheme, private=False)


@pytest.mark.parametrize("address", NOBODYS)
def test_any_other_address_is_for_nobody(address: str) -> None:
    for scheme in ("http", "https"):
        for private in (True, False):
            with pytest.raises(AddressRefused):
                require_permitted([address], scheme, private=private)


def test_every_address_of_a_host_has_to_be_permitted() -> None:
    with pytest.raises(AddressRefused, match=r"127\.0\.0\.1"):
        require_permitted(["93.184.215.14", "127.0.0.1"], "https", private=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of `hooks.example`, signed by nobody else."""
    return own_certificate(tmp_path_factory.mktemp("receiver"), "hooks.example")


@pytest.fixture(scope="module")
def receiver(certificate: Path) -> Iterator[Receiver]:
    with Receiver(certificate) as receiver:
        yield receiver


@pytest.fixture
def lookups(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What names lead to, one look-up after the other; without more of them, nowhere."""
    answers: list[list[str]] = []
    real = socket.getaddrinfo

    def look_up(host: str, *more: Any, **named: Any) -> Any:
        if not host.endswith(".example") or named.get("flags") == socket.AI_NUMERICHOST:
            return real(host, *more, **named)
        return [found for address in answers.pop(0) for found in real(address, *more, **named)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return answers


def sent(endpoint: Endpoint, certificate: Path | None, *, private: bool = True) -> Attempt:
    tls = ssl.create_default_context(cafile=certificate)
    return asyncio.run(Sender(private=private, tls=tls).send(endpoint.url, {"webhook-id": "msg_1"}, b"{}"))


def test_it_connects_to_the_address_that_was_checked_under_the_name(
    receiver: Receiver, certificate: Path, lookups: list[list[str]]
) -> None:
    endpoint = receiver.endpoint(host="hooks.example")
    lookups += [["127.0.0.1"]]

    assert sent(endpoint, certificate) == Attempt(status=204), "looked up once: what it leads to later does not count"
    [message] = endpoint.received
    assert message.headers["host"] == f"hooks.example:{receiver.port}"
    assert lookups == []


def test_a_name_that_leads_inside_is_not_followed(
    receiver: Receiver, certificate: Path, lookups: list[list[str]]
) -> None:
    endpoint = receiver.endpoint(host="hooks.example")
    lookups += [["93.184.215.14", "127.0.0.1"]]

    attempt = sent(endpoint, certificate, private=False)

    assert attempt.problem == "It leads to 127.0.0.1, which is no public address."
    assert endpoint.received == []


def test_where_one_address_does_not_answer_another_one_is_tried(
    receiver: Receiver, certificate: Path, lookups: list[list[str]]
) -> None:
    endpoint = receiver.endpoint(host="hooks.example")
    lookups += [["127.0.0.9", "127.0.0.1"]]

    assert sent(endpoint, certificate).delivered


@pytest.mark.parametrize("trusted", [True, False], ids=["another name", "a signer nobody trusts"])
def test_the_certificate_has_to_be_that_of_the_name(
    receiver: Receiver, certificate: Path, lookups: list[list[str]], trusted: bool
) -> None:
    endpoint = receiver.endpoint(host="other.example" if trusted else "hooks.example")
    lookups += [["127.0.0.1"]]

    attempt = sent(endpoint, certificate if trusted else None)

    assert "certificate verify failed" in str(attempt.problem).lower()
    assert endpoint.received == []


def test_a_name_that_nobody_knows_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    attempt = asyncio.run(Sender().send("https://nowhere.example/", {}, b"{}"))
    assert attempt.problem == "The name of its host cannot be resolved: Name or service not known."


def test_an_endpoint_that_does_not_listen_is_said_so() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        attempt = asyncio.run(Sender(private=True).send(f"http://127.0.0.1:{nobody.getsockname()[1]}/", {}, b"{}"))

    assert str(attempt.problem).startswith("There was no connection, or it broke: ")


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with Receiver() as receiver:
        endpoint = receiver.endpoint()
        assert asyncio.run(Sender(private=True).send(endpoint.url, {}, b"{}")).delivered

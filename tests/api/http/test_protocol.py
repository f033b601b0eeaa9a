"""What is no request, too large for one, or never becomes one: answered where that helps, and cut off in any case."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import repeat
from typing import Any
from urllib.parse import urlsplit

import pytest

from api.http import protocol
from domain.vocabulary import Role
from infrastructure.bootstrap import Service

KIB = 1024
ENDLESS = 200_000
"""Parts to send of what has no end: far more than any bound lets through."""

CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
CHUNK = b"3e8\r\n" + b"x" * 1000 + b"\r\n"
GET = b"GET /livez HTTP/1.1\r\n"
POST = b"POST /v1/organisations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
BODY = json.dumps({"name": "Raw (sample)", "sector": "other"}).encode()


class Connection:
    """A connection on which anything can be sent."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._socket = socket.create_connection((str(parts.hostname), parts.port or 0), timeout=20)

    def send(self, *parts: bytes) -> int:
        """Send the parts until the other side has had enough; how many bytes were sent."""
        return self.send_all(parts)

    def send_all(self, parts: Iterable[bytes]) -> int:
        sent = 0
        with suppress(ConnectionError):
            for part in parts:
                self._socket.sendall(part)
                sent += len(part)
        return sent

    def half_close(self) -> None:
        self._socket.shutdown(socket.SHUT_WR)

    def everything(self) -> bytes:
        """What is answered until the other side closes. Raises TimeoutError where it does not."""
        received = b""
        with suppress(ConnectionError):
            while part := self._socket.recv(65_536):
                received += part
        return received

    def answer(self) -> tuple[int, dict[str, Any]]:
        """Status and document of the one answer there is before the other side closes."""
        head, _, body = self.everything().partition(b"\r\n\r\n")
        return int(head.split()[1]), json.loads(body)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def connection(server: str) -> Iterator[Connection]:
    connection = Connection(server)
    yield connection
    connection.close()


@pytest.fixture
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second for what may usually take thirty."""
    monkeypatch.setattr(protocol, "COMPLETE_WITHIN_SECONDS", 0.5)


def require_problem(connection: Connection, status: int, name: str) -> None:
    found, document = connection.answer()
    assert (found, document["type"]) == (status, f"/problems/{name}")


def test_an_address_and_headers_of_less_than_32_kib_are_read(connection: Connection) -> None:
    connection.send(
        b"GET /livez?", b"x" * 10 * KIB, b" HTTP/1.1\r\nA: ", b"x" * 20 * KIB, b"\r\nConnection: close\r\n\r\n"
    )

    assert connection.everything().startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "head",
    [
        [b"GET /livez?", b"x" * 33 * KIB, b" HTTP/1.1\r\n\r\n"],
        [b"GET /livez HTTP/1.1\r\nA: ", b"x" * 33 * KIB, b"\r\n\r\n"],
        [b"GET /livez HTTP/1.1\r\n", b"A: b\r\n" * 17 * KIB, b"\r\n"],
    ],
    ids=["address", "one header", "many headers"],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_more_is_refused(connection: Connection, head: list[bytes], at_once: bool) -> None:
    connection.send(*([b"".join(head)] if at_once else head))

    require_problem(connection, 431, "headers-too-large")


@pytest.mark.parametrize(
    "endless",
    [
        [b"GET /", *repeat(b"x" * 100, ENDLESS)],
        [b"GET /livez HTTP/1.1\r\nA: ", *repeat(b"x" * 100, ENDLESS)],
        [b"GET /livez HTTP/1.1\r\n", *repeat(b"A: b\r\n", ENDLESS)],
    ],
    ids=["address", "one header", "many headers"],
)
def test_what_never_ends_is_cut_off_soon(connection: Connection, endless: list[bytes]) -> None:
    sent = connection.send_all(endless)

    connection.everything()
    assert sent < sum(map(len, endless))


@pytest.mark.parametrize(
    "endless",
    [
        [POST, CHUNKED, *repeat(CHUNK, 20_000)],
        [
            b"GET /livez HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
            *repeat(CHUNK, 20_000),
        ],
        [b"DELETE /v1/pledges HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", *repeat(b"x" * 1000, 20_000)],
        [POST, CHUNKED, b"1;", *repeat(b"x" * 1000, 20_000)],
        [POST, CHUNKED, b"0\r\n", *repeat(b"A: " + b"x" * 1000 + b"\r\n", 20_000)],
        [b"\r\n" * 500] * 20_000,
    ],
    ids=["body", "body of GET", "body of DELETE", "chunk extension", "trailers", "nothing"],
)
def test_no_more_than_a_mebibyte_is_read_of_a_request_that_never_ends(
    connection: Connection, endless: list[bytes]
) -> None:
    sent = connection.send_all(endless)

    connection.everything()
    assert sent < 16 * KIB * KIB, "a mebibyte, and what was under way"


def test_a_body_larger_than_64_kib_is_refused_whatever_its_length_is_said_to_be(connection: Connection) -> None:
    chunks = [b"%x\r\n" % (9 * KIB) + b" " * 9 * KIB + b"\r\n" for _ in range(8)]
    connection.send(POST, b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n", *chunks, b"0\r\n\r\n")

    require_problem(connection, 413, "body-too-large")


@pytest.mark.parametrize("length", [b"Content-Length: 65537", b"Content-Length: 999999999999999999"])
def test_a_length_that_is_too_large_is_refused_before_the_body_comes(connection: Connection, length: bytes) -> None:
    connection.send(POST, b"Connection: close\r\n", length, b"\r\n\r\n")

    require_problem(connection, 413, "body-too-large")


@pytest.mark.parametrize(
    "lie",
    [
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: 5, 6\r\n\r\n",
        b"Content-Length: 99999999999999999999999\r\n\r\n",
        b"Content-Length: 60\r\nContent-Length: 61\r\n\r\n",
        b"Content-Length: 60\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"Transfer-Encoding: chunked, identity\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
    ],
    ids=str,
)
def test_lengths_that_contradict_themselves_are_no_request(
    connection: Connection, service: Service, lie: bytes
) -> None:
    before = service.ledger.position
    connection.send(POST, b"Authorization: Bearer ", token(service), b"\r\n", lie, BODY)

    require_problem(connection, 400, "bad-request")
    assert service.ledger.position == before


def test_a_body_shorter_than_it_is_said_to_be_is_no_command(connection: Connection, service: Service) -> None:
    before = service.ledger.position
    connection.send(POST, b"Authorization: Bearer ", token(service), b"\r\nContent-Length: 1000\r\n\r\n", BODY)
    connection.half_close()

    assert b" 201 " not in connection.everything()
    assert service.ledger.position == before


def test_what_comes_after_the_length_that_was_said_is_another_request(connection: Connection) -> None:
    connection.send(POST + b"Content-Length: 2\r\n\r\n{}nonsense\r\n\r\n")

    assert connection.everything().startswith(b"HTTP/1.1 401 "), "the one before it is answered, and nothing else"


def test_a_header_after_the_body_is_none(connection: Connection, service: Service) -> None:
    trailer = b"Authorization: Bearer " + token(service)
    body = b"%x\r\n" % len(BODY) + BODY + b"\r\n0\r\n" + trailer + b"\r\n\r\n"
    connection.send(POST, b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n", body)

    require_problem(connection, 401, "not-authenticated")


@pytest.mark.usefixtures("in_a_hurry")
@pytest.mark.parametrize(
    "beginning",
    [b"GET /livez HT", b"GET /livez HTTP/1.1\r\nA: b\r\n", POST + b"Content-Length: 10\r\n\r\n{"],
    ids=["first line", "headers", "body"],
)
def test_a_request_that_does_not_come_whole_in_time_is_told_so(connection: Connection, beginning: bytes) -> None:
    connection.send(beginning)

    require_problem(connection, 408, "request-incomplete")


@pytest.mark.usefixtures("in_a_hurry")
def test_time_runs_from_the_beginning_however_often_something_comes(connection: Connection) -> None:
    def trickle() -> Iterator[bytes]:
        yield b"GET /livez HTTP/1.1\r\n"
        for _ in range(50):
            time.sleep(0.1)
            yield b"A: b\r\n"

    connection.send_all(trickle())

    assert b" 200 " not in connection.everything()


@pytest.mark.usefixtures("in_a_hurry")
@pytest.mark.parametrize(
    "said", [b"", b"\r\n", b"GET /livez HTTP/1.1\r\n\r\n\r\n"], ids=["nothing", "an empty line", "a request before it"]
)
def test_a_connection_on_which_nothing_comes_is_closed(connection: Connection, said: bytes) -> None:
    connection.send(said)

    connection.everything()


@pytest.mark.usefixtures("in_a_hurry")
def test_a_request_that_is_answered_slowly_keeps_its_connection(connection: Connection, server: str) -> None:
    connection.send(b"GET /v1/pledges HTTP/1.1\r\nHost: x\r\nLedger-Position: 999999\r\nConnection: close\r\n\r\n")
    time.sleep(1)

    require_problem(connection, 422, "position-beyond-ledger")


@pytest.mark.parametrize(
    "nonsense", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"HELLO\r\n\r\n", b"GET / HTTP/9\r\n\r\n"]
)
def test_what_is_no_request_is_told_so(connection: Connection, nonsense: bytes) -> None:
    connection.send(nonsense)

    require_problem(connection, 400, "bad-request")


def test_requests_sent_at_once_are_answered_in_their_order(connection: Connection) -> None:
    connection.send(
        b"GET /livez HTTP/1.1\r\n\r\nGET /nowhere HTTP/1.1\r\n\r\n"
        + b"GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n"
    )

    statuses = [int(part.split()[0]) for part in connection.everything().split(b"HTTP/1.1 ")[1:]]
    assert statuses == [200, 404, 200]


def token(service: Service) -> bytes:
    return service.credentials.issue(Role.BDT)[1].encode()

"""SIGTERM under load: what is in flight is finished, nothing is cut, and nothing new is begun.

Clients write as fast as they can; others read, and take note of an answer that ends before its end. Once more, the
ledger's lock is held by another session while the signal comes, so that everybody is in the middle of a command.

Streams have no end of their own: they end at once, whether they are read or not.

Where the database is away there is nothing to finish: the service ends within fifteen seconds, whether the database
refuses or hangs.

It passes when the service ends with exit code 0; when every command that is stored was acknowledged, and the other way
round, so that whoever found the connection closed can send the command again; and when no answer that had begun was
cut off.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from infrastructure.bootstrap import open_on
from infrastructure.locks import APPEND_LOCK
from infrastructure.settings import Settings
from tests.api.http.listening import Listener, everything
from tests.faults.load import clients_at_work, prepared
from tests.faults.serving import require_ends_well, serving
from tests.faults.verdict import everything_in, require_everything_once
from tests.postgres_server import PostgresServer
from tests.service_process import data_folder

CLIENTS = 8
READERS = 2
PROGRESS_WITHIN_SECONDS = 20
HELD_SECONDS = 1.5
NOTICED_WITHIN_SECONDS = 10
ENDS_WITHIN_SECONDS = 15


@pytest.fixture
def folder() -> Iterator[Path]:
    with data_folder() as folder:
        yield folder


@contextmanager
def everybody_waiting(database: str) -> Iterator[None]:
    """Hold the ledger's lock, and for a while after the signal has come."""
    with psycopg.connect(database) as session:
        session.execute("SELECT pg_advisory_xact_lock(%s)", (APPEND_LOCK,))
        time.sleep(0.3)
        yield
        time.sleep(HELD_SECONDS)


def nobody_waiting(_: str) -> AbstractContextManager[None]:
    return nullcontext()


class Reader(threading.Thread):
    """Reads again and again until nobody answers; tells which answers were cut off."""

    def __init__(self, address: str) -> None:
        super().__init__(daemon=True)
        self._address = address
        self.read = 0
        self.cut: list[str] = []

    def run(self) -> None:
        begun = False
        try:
            with httpx.Client(base_url=self._address) as http:
                while True:
                    with http.stream("GET", "/v1/vocabulary") as answer:
                        begun = True
                        answer.read()
                    begun = False
                    self.read += 1
        except httpx.TransportError as ended:
            if begun:
                self.cut.append(repr(ended))


@pytest.mark.parametrize("crowd", [nobody_waiting, everybody_waiting])
def test_what_was_begun_is_answered_and_what_was_not_is_not_stored(
    crowd: Callable[[str], AbstractContextManager[None]], folder: Path, empty_ledger: str
) -> None:
    settings = Settings(data_dir=folder, database_url=empty_ledger)
    target = prepared(settings)
    with (
        serving(settings) as service,
        clients_at_work(service.address, target, clients=CLIENTS, insist=False, pause=0) as load,
    ):
        readers = [Reader(service.address) for _ in range(READERS)]
        for reader in readers:
            reader.start()
        load.require_progress_of_all(PROGRESS_WITHIN_SECONDS)
        with crowd(empty_ledger):
            load.stopping.set()
            service.process.terminate()
        exit_code, _, errors = service.wait()
        load.stop()
        for reader in readers:
            reader.join(timeout=10)

    assert exit_code == 0, errors
    assert {answer.status for answer in load.answers} == {201}
    assert all(reader.read for reader in readers)
    assert [reader.cut for reader in readers] == [[]] * READERS
    with open_on(empty_ledger) as reopened:
        require_everything_once(everything_in(reopened), load)


def test_streams_end_at_once_whether_they_are_read_or_not(folder: Path, empty_ledger: str) -> None:
    settings = Settings(data_dir=folder, database_url=empty_ledger)
    with serving(settings) as service, ExitStack() as stack:
        read = [stack.enter_context(Listener().connected(service.address)) for _ in range(3)]
        asleep = [stack.enter_context(unread(service.address)) for _ in range(3)]
        told = time.monotonic()
        require_ends_well(service)

        assert time.monotonic() - told < ENDS_WITHIN_SECONDS
        for listener in read:
            listener.wait_until(lambda heard: heard.has_ended)
            assert not listener.was_cut
        assert [said.count(b"200 OK") for said in map(everything, asleep)] == [1] * 3


@contextmanager
def unread(address: str) -> Iterator[socket.socket]:
    """A stream that has begun, and that nobody reads any further."""
    parts = urlsplit(address)
    with socket.create_connection((str(parts.hostname), parts.port or 0), timeout=NOTICED_WITHIN_SECONDS) as reader:
        reader.sendall(b"GET /v1/stream HTTP/1.1\r\nHost: x\r\n\r\n")
        reader.recv(1, socket.MSG_PEEK)
        yield reader


@contextmanager
def stopped(server: PostgresServer) -> Iterator[None]:
    server.stop("immediate")
    yield


hanging: Callable[[PostgresServer], AbstractContextManager[None]] = PostgresServer.silent


@pytest.mark.database
@pytest.mark.parametrize("away", [stopped, hanging], ids=["stopped", "hanging"])
def test_a_service_whose_database_is_away_ends_too(
    away: Callable[[PostgresServer], AbstractContextManager[None]], folder: Path
) -> None:
    with PostgresServer.create(folder / "external") as server:
        settings = Settings(data_dir=folder / "service", database_url=server.conninfo)
        with serving(settings) as service, away(server):
            wait_until_it_says_so(service.address)
            told = time.monotonic()
            require_ends_well(service)
            assert time.monotonic() - told < ENDS_WITHIN_SECONDS


def wait_until_it_says_so(address: str) -> None:
    deadline = time.monotonic() + NOTICED_WITHIN_SECONDS
    while httpx.get(f"{address}/readyz", timeout=NOTICED_WITHIN_SECONDS).status_code != 503:
        assert time.monotonic() < deadline, "it believes that it is ready"
        time.sleep(0.1)

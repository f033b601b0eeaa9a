"""The database is away for a minute: stopped, so that it refuses, or hanging, so that it does not even do that.

Sixty-four clients go on writing, each with two seconds between two tries.

It passes when `/livez` answers 200 all the time; when `/readyz` says 503 and names the database; when every write is
answered within five seconds, with a problem that says when to try again; when the service has no more threads, open
files and connections in the last ten seconds than in the first; when a write is acknowledged within ten seconds of the
database being back; and when nothing is lost, as for a service that is killed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import httpx
import psutil
import pytest

from infrastructure.settings import Settings
from tests.faults.load import Load, clients_at_work, prepared
from tests.faults.serving import require_ends_well, serving
from tests.faults.verdict import require_nothing_lost
from tests.postgres_server import PostgresServer
from tests.service_process import ServiceProcess, data_folder

pytestmark = pytest.mark.database
"""They start servers of their own."""

CLIENTS = 64
PLEDGES = 16
PAUSE_SECONDS = 2.0
EVERYBODY_WITHIN_SECONDS = 60.0

NOTICED_WITHIN_SECONDS = 4.0
"""A database that hangs is one that does not answer for two seconds; it is asked every second."""

ANSWERED_WITHIN_SECONDS = 5.0
SERVING_WITHIN_SECONDS = 10.0
WINDOW_SECONDS = 10.0


@dataclass(frozen=True)
class Sample:
    """What the service has, some seconds after the database went away."""

    after: float
    threads: int
    files: int
    connections: int


@contextmanager
def stopped(server: PostgresServer) -> Iterator[None]:
    server.stop("immediate")
    yield
    server.start()


hanging: Callable[[PostgresServer], AbstractContextManager[None]] = PostgresServer.silent


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    with data_folder() as folder, PostgresServer.create(folder / "external") as server:
        yield server


@pytest.mark.parametrize(("away", "seconds"), [(stopped, 60.0), (hanging, 15.0)], ids=["stopped", "hanging"])
def test_clients_are_told_in_time_and_served_as_soon_as_it_is_back(
    away: Callable[[PostgresServer], AbstractContextManager[None]], seconds: float, server: PostgresServer
) -> None:
    settings = Settings(data_dir=server.folder.parent, database_url=server.conninfo)
    target = prepared(settings, pledges=PLEDGES)
    with (
        serving(settings) as service,
        clients_at_work(service.address, target, clients=CLIENTS, pause=PAUSE_SECONDS) as load,
    ):
        load.require_progress_of_all(EVERYBODY_WITHIN_SECONDS)
        went = time.monotonic()
        with away(server):
            samples = list(probed(service, server, seconds))
            back = time.monotonic()
        load.require_progress(SERVING_WITHIN_SECONDS)
        service.wait_until_ready(SERVING_WITHIN_SECONDS)
        load.stop()
        require_ends_well(service)

    require_told_in_time(load, went, back)
    require_no_leak(samples, seconds)
    require_nothing_lost(settings, load)


def probed(service: ServiceProcess, server: PostgresServer, seconds: float) -> Iterator[Sample]:
    """Ask how it is, and look at what it has, for so long."""
    process, began = psutil.Process(service.process.pid), time.monotonic()
    # By one connection that stays: those that come and go may be counted, or not, while they are being closed.
    with httpx.Client(base_url=service.address, timeout=ANSWERED_WITHIN_SECONDS) as probe:
        while (after := time.monotonic() - began) < seconds:
            assert probe.get("/livez").status_code == 200
            readiness = probe.get("/readyz")
            assert readiness.status_code == 503, f"{after:.1f} s: {readiness.text}"
            assert [error["field"] for error in readiness.json()["errors"]] == ["database"], readiness.text
            if after >= NOTICED_WITHIN_SECONDS:
                to_server = [c for c in process.net_connections("tcp") if c.raddr[1:] == (server.port,)]
                yield Sample(after, process.num_threads(), process.num_fds(), len(to_server))
            time.sleep(0.5)


def require_told_in_time(load: Load, went: float, back: float) -> None:
    assert {answer.status for answer in load.answers} == {201, 503}
    assert load.unanswered == 0
    told = [answer for answer in load.answers if answer.status == 503 or went < answer.at < back]
    slowest = max(told, key=lambda answer: answer.seconds)
    assert slowest.seconds < ANSWERED_WITHIN_SECONDS, slowest


def require_no_leak(samples: list[Sample], seconds: float) -> None:
    first = [s for s in samples if s.after < NOTICED_WITHIN_SECONDS + WINDOW_SECONDS]
    last = [s for s in samples if s.after > seconds - WINDOW_SECONDS]
    for had in ("threads", "files", "connections"):
        before, after = (max(getattr(sample, had) for sample in window) for window in (first, last))
        assert after <= before, f"{had}: {before} in the first ten seconds, {after} in the last"

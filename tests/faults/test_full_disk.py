"""The disk is full: there is no room for the tables, or none for PostgreSQL's log of changes.

A small file system in memory holds the data; it is filled to the last byte while clients go on writing, and then
emptied. Without room for its tables PostgreSQL refuses to write and goes on reading; without room for its log it stops,
and does not start before there is room.

It passes when writes are answered with 507 `disk-full`, or with 503 where the server is down, and a problem that says
when to try again; when reading goes on as long as the server is up, and the process answers `/livez` all the time; when
a write is acknowledged, and the service says that it is ready, within ten seconds of there being room, without a hand;
and when nothing is lost, as for a service that is killed.

Only the superuser may mount a file system, and not in every container; elsewhere these tests are skipped.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from infrastructure.settings import Settings
from tests.faults.load import Load, clients_at_work, prepared
from tests.faults.serving import require_ends_well, serving
from tests.faults.verdict import require_nothing_lost
from tests.postgres_server import PostgresServer
from tests.service_process import ServiceProcess, data_folder

pytestmark = pytest.mark.database
"""They start servers of their own."""

SIZE = "192m"
FULL_WITHIN_SECONDS = 60
SERVING_WITHIN_SECONDS = 10
ANSWERED_WITHIN_SECONDS = 5


@pytest.fixture
def disk() -> Iterator[Path]:
    """A small file system, for a data folder."""
    with data_folder() as folder:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "p2c-tests", str(folder)]
        if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
            pytest.skip("mounting a file system is not permitted here")
        try:
            yield folder
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Leave no room on the disk."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (2**20, 2**12):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                pass
    try:
        yield
    finally:
        ballast.unlink()


def wait_for_answer(load: Load, status: int, meanwhile: Callable[[], None]) -> None:
    """Wait until somebody is answered so."""
    since, deadline = time.monotonic(), time.monotonic() + FULL_WITHIN_SECONDS
    while not any(answer.status == status and answer.at > since for answer in load.answers):
        assert time.monotonic() < deadline, f"nobody was told {status}"
        meanwhile()
        time.sleep(0.1)


def require_told_in_time(load: Load) -> None:
    assert {answer.status for answer in load.answers} <= {201, 503, 507}
    assert load.unanswered == 0
    slowest = max(load.answers, key=lambda answer: answer.seconds)
    assert slowest.seconds < ANSWERED_WITHIN_SECONDS, slowest


def test_without_room_for_tables_writes_are_refused_and_reading_goes_on(disk: Path) -> None:
    with data_folder() as elsewhere, PostgresServer.create(disk / "external", wal=elsewhere / "wal") as server:
        settings = Settings(data_dir=elsewhere / "service", database_url=server.conninfo)
        target = prepared(settings)
        with (
            serving(settings) as service,
            clients_at_work(service.address, target) as load,
            httpx.Client(base_url=service.address, headers={"Authorization": f"Bearer {target.token}"}) as reader,
        ):

            def read() -> None:
                for path in ("/livez", "/v1/pledges", f"/v1/pledges/{target.references[0]}", "/v1/organisations"):
                    assert reader.get(path).status_code == 200

            load.require_progress(SERVING_WITHIN_SECONDS)
            with full(disk):
                wait_for_answer(load, 507, read)
                for _ in range(5):
                    read()
                    time.sleep(0.1)
            load.require_progress(SERVING_WITHIN_SECONDS)
            service.wait_until_ready(SERVING_WITHIN_SECONDS)
            load.stop()
            require_ends_well(service)

        require_told_in_time(load)
        require_nothing_lost(settings, load)


def test_without_room_for_its_log_the_private_server_stops_and_comes_back_by_itself(disk: Path) -> None:
    settings = Settings(data_dir=disk)
    target = prepared(settings)
    with serving(settings) as service, clients_at_work(service.address, target) as load:

        def live() -> None:
            assert httpx.get(f"{service.address}/livez").status_code == 200

        load.require_progress(SERVING_WITHIN_SECONDS)
        with full(disk):
            server = PostgresServer(disk / "postgres")
            use_up_the_log(server)
            wait_for_answer(load, 503, live)
            wait_until_started_in_vain(service, server, live)
        load.require_progress(SERVING_WITHIN_SECONDS)
        service.wait_until_ready(SERVING_WITHIN_SECONDS)
        load.stop()
        require_ends_well(service)

    require_told_in_time(load)
    require_nothing_lost(settings, load)


def wait_until_started_in_vain(service: ServiceProcess, server: PostgresServer, meanwhile: Callable[[], None]) -> None:
    """Recovery may free the room of a segment that was begun, and serve until that is full; so it is filled, too."""
    deadline = time.monotonic() + FULL_WITHIN_SECONDS
    while "PostgreSQL does not start" not in service.errors:
        assert time.monotonic() < deadline, service.errors
        meanwhile()
        use_up_the_log(server)
        time.sleep(0.2)


def use_up_the_log(server: PostgresServer) -> None:
    """Begin one segment after the other until there is no room for the next, or the server does not serve anyway."""
    conninfo = make_conninfo("", host=str(server.folder), user="p2c", dbname="p2c")
    switch = "SELECT pg_logical_emit_message(false, 'test', 'fills the log'), pg_switch_wal()"
    with pytest.raises(psycopg.OperationalError), psycopg.connect(conninfo, autocommit=True) as connection:
        deque(map(connection.execute, repeat(switch)), maxlen=0)

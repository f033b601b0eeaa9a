"""PostgreSQL is killed, or stopped at once, again and again, while clients go on writing.

SIGKILL hits the server with all its children; the immediate stop is the one that leaves it a crash to recover from.
The private server is started again by the service, one of the operator's own by the operator, here the test.

It passes when a write is acknowledged within ten seconds of the server being back, without a restart of the service,
which then says that it is ready; and when nothing is lost: every acknowledged command is in the ledger once, with both
its events, and nothing else is, the read models are what a rebuild makes of the ledger, and the exported ledger
verifies.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from infrastructure.settings import Settings
from tests.faults.load import clients_at_work, prepared
from tests.faults.serving import require_ends_well, serving
from tests.faults.verdict import require_nothing_lost
from tests.postgres_server import PostgresServer
from tests.service_process import data_folder

pytestmark = pytest.mark.database
"""They start servers of their own."""

SERVING_WITHIN_SECONDS = 10
STARTED_WITHIN_SECONDS = 60

kill: Callable[[PostgresServer], None] = PostgresServer.kill


def stop_at_once(server: PostgresServer) -> None:
    server.stop("immediate")


FAULTS = (kill, stop_at_once, kill)


@pytest.fixture
def folder() -> Iterator[Path]:
    with data_folder() as folder:
        yield folder


def wait_until_it_answers(conninfo: str) -> None:
    deadline = time.monotonic() + STARTED_WITHIN_SECONDS
    while time.monotonic() < deadline:
        with suppress(psycopg.OperationalError), psycopg.connect(conninfo):
            return
        time.sleep(0.05)
    raise AssertionError("nobody started the server again")


def test_the_private_server_is_started_again_and_nothing_is_lost(folder: Path) -> None:
    settings = Settings(data_dir=folder)
    target = prepared(settings)
    server = PostgresServer(folder / "postgres")
    conninfo = make_conninfo("", host=str(server.folder), user="p2c", dbname="p2c")
    with serving(settings) as service, clients_at_work(service.address, target) as load:
        for break_it in FAULTS:
            load.require_progress(SERVING_WITHIN_SECONDS)
            break_it(server)
            wait_until_it_answers(conninfo)
            load.require_progress(SERVING_WITHIN_SECONDS)
        load.stop()
        service.wait_until_ready(SERVING_WITHIN_SECONDS)
        assert "runs again" in require_ends_well(service)

    assert not server.running
    require_nothing_lost(settings, load)


def test_an_operators_server_that_comes_back_is_used_again_and_nothing_is_lost(folder: Path) -> None:
    with PostgresServer.create(folder / "external") as server:
        settings = Settings(data_dir=folder / "service", database_url=server.conninfo)
        target = prepared(settings)
        with serving(settings) as service, clients_at_work(service.address, target) as load:
            for break_it in FAULTS:
                load.require_progress(SERVING_WITHIN_SECONDS)
                break_it(server)
                server.start()
                load.require_progress(SERVING_WITHIN_SECONDS)
            load.stop()
            service.wait_until_ready(SERVING_WITHIN_SECONDS)
            require_ends_well(service)

        require_nothing_lost(settings, load)

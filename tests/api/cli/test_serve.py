"""`p2c serve` as a process: it answers, drains, stops what it started, and says why it cannot serve."""

import json
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from application.commands import Request
from application.sample.story import BDT
from domain.organisation import Register
from domain.vocabulary import Role, Sector
from infrastructure.bootstrap import open_on
from infrastructure.locks import APPEND_LOCK
from tests.service_process import ServiceProcess, data_folder, free_port, p2c

pytestmark = pytest.mark.database
"""These start a server of their own."""


@pytest.fixture
def folder() -> Iterator[Path]:
    with data_folder() as folder:
        yield folder


def postmaster_of(folder: Path) -> int | None:
    """The process id of the private server in the folder, if one runs."""
    try:
        return int((folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    except FileNotFoundError:
        return None


def is_gone(process: int | None) -> bool:
    """Whether the process has ended; one that nobody has asked for its exit code has ended too."""
    assert process is not None
    try:
        return psutil.Process(process).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_it_gets_ready_on_its_own_server_and_leaves_nothing_running(folder: Path) -> None:
    service = ServiceProcess(free_port(), data_dir=folder)

    assert service.wait_until_ready()["status"] == "ready"
    server = postmaster_of(folder)
    exit_code, output, errors = service.terminate()

    assert exit_code == 0, errors
    assert f"listens on {service.address}" in output
    assert postmaster_of(folder) is None
    assert is_gone(server)


def test_ctrl_c_ends_it_as_well(folder: Path, empty_database: str) -> None:
    service = ServiceProcess(free_port(), data_dir=folder, database_url=empty_database)
    service.wait_until_ready()

    service.process.send_signal(signal.SIGINT)
    exit_code, _, errors = service.wait()

    assert exit_code == 0, errors
    assert "Traceback" not in errors


def test_told_to_stop_while_it_gets_ready_it_stops(folder: Path) -> None:
    service = ServiceProcess(free_port(), data_dir=folder)
    deadline = time.monotonic() + 60
    while not (folder / "postgres.turn").exists() and time.monotonic() < deadline:
        time.sleep(0.01)

    exit_code, output, errors = service.terminate()

    assert exit_code == 0, errors
    assert "listens" not in output
    assert "Traceback" not in errors
    assert postmaster_of(folder) is None


def test_what_is_in_flight_is_answered_before_it_stops(folder: Path, empty_database: str) -> None:
    service = ServiceProcess(free_port(), data_dir=folder, database_url=empty_database)
    service.wait_until_ready()
    sent = threading.Event()

    def held_up() -> httpx.Response:
        """A command that waits for the ledger's turn, which somebody else has."""
        sent.set()
        return httpx.post(
            f"{service.address}/v1/organisations",
            json={"name": "Patient (sample)", "sector": "other"},
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )

    with open_on(empty_database) as before:
        token = before.credentials.issue(Role.BDT)[1]
    with psycopg.connect(empty_database, autocommit=True) as other, ThreadPoolExecutor(1) as client:
        other.execute("SELECT pg_advisory_lock(%s)", (APPEND_LOCK,))
        answer = client.submit(held_up)
        sent.wait()
        time.sleep(0.5)
        service.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        other.execute("SELECT pg_advisory_unlock(%s)", (APPEND_LOCK,))
        acknowledged = answer.result()
    exit_code, _, errors = service.terminate()

    assert (acknowledged.status_code, exit_code) == (201, 0), errors
    with open_on(empty_database) as reopened:
        assert reopened.ledger.position == acknowledged.json()["events"][-1]["position"]


def test_a_port_in_use_is_told_before_anything_is_started(folder: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()

        answer = p2c("serve", "--port", str(other.getsockname()[1]), data_dir=folder)

    assert answer.returncode == 1
    assert "is in use by another program" in answer.stderr
    assert "--port" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert list(folder.iterdir()) == []


def test_what_is_no_address_is_refused(folder: Path) -> None:
    answer = p2c("serve", "--host", "ledger.example", data_dir=folder)

    assert answer.returncode == 1
    assert "not an address of this machine" in answer.stderr


def test_the_log_is_json_where_nobody_watches_and_honours_the_level(folder: Path, empty_database: str) -> None:
    service = ServiceProcess(free_port(), data_dir=folder, database_url=empty_database)
    service.wait_until_ready()
    _, _, errors = service.terminate()
    quiet = ServiceProcess(free_port(), data_dir=folder, database_url=empty_database, log_level="warning")
    quiet.wait_until_ready()

    lines = [json.loads(line) for line in errors.splitlines()]

    assert {"timestamp", "level", "logger", "message"} <= set(lines[0])
    assert "listening" in {line["message"] for line in lines}
    assert quiet.terminate()[2] == ""


def test_with_demo_an_empty_ledger_gets_the_sample_and_tokens_that_work(folder: Path, empty_database: str) -> None:
    service = ServiceProcess(free_port(), "--demo", data_dir=folder, database_url=empty_database)
    service.wait_until_ready()
    pledges = httpx.get(f"{service.address}/v1/pledges?limit=200", timeout=30).json()["items"]
    _, output, errors = service.terminate()
    tokens = re.findall(r"p2c_[\w-]{43}", output)

    assert "SAMPLE tokens" in output
    assert pledges
    assert all(pledge["title"].startswith("Sample: ") for pledge in pledges)
    assert [token in errors for token in tokens] == [False, False, False]
    with open_on(empty_database) as reopened:
        known = [reopened.credentials.authenticate(token) for token in tokens]
    assert [(c.role, c.note) for c in known if c] == [(role, "sample") for role in ("bdt", "stakeholder", "auditor")]


def test_with_demo_a_ledger_with_anything_else_is_left_alone_and_gets_no_token(
    folder: Path, empty_database: str
) -> None:
    with open_on(empty_database) as before:
        before.commands.register(Register(name="Somebody real", sector=Sector.OTHER), Request(actor=BDT))
    service = ServiceProcess(free_port(), "--demo", data_dir=folder, database_url=empty_database)
    service.wait_until_ready()
    _, output, _ = service.terminate()

    assert "left as it is" in output
    assert "p2c_" not in output
    with open_on(empty_database) as reopened:
        assert reopened.ledger.position == 1
        assert reopened.credentials.issued() == []

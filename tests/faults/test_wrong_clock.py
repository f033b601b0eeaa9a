"""Three servers on one database, one of them a day ahead, one a day behind, write in turn.

Pass: positions and recorded times keep their order and are those of the right clock; all servers go by the same day;
the wrong ones say so, to probes, to `p2c doctor` and in their log; a bundle of the ledger verifies.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from infrastructure.bootstrap import open_on
from tests.api.http.register import Client
from tests.api.http.signing_in import TheOneWhoMay
from tests.service_process import P2C, ServiceProcess, data_folder, free_port, p2c

A_DAY = 86_400
RIGHT = P2C
AHEAD, BEHIND = [("-m", "tests.at_another_time", str(off)) for off in (A_DAY, -A_DAY)]


@pytest.fixture
def settings(empty_ledger: str) -> Iterator[Mapping[str, Any]]:
    with data_folder() as folder:
        yield {"database_url": empty_ledger, "data_dir": folder, "log_level": "warning"}


@pytest.fixture
def whoever_may(empty_ledger: str) -> Iterator[TheOneWhoMay]:
    with open_on(empty_ledger) as service:
        yield TheOneWhoMay(service)


def test_servers_whose_clocks_are_wrong_harm_nothing_and_say_so(
    settings: Mapping[str, Any], whoever_may: TheOneWhoMay
) -> None:
    servers = {clock: ServiceProcess(free_port(), program=clock, **settings) for clock in (RIGHT, AHEAD, BEHIND)}
    with ExitStack() as stack:
        for server in servers.values():
            stack.callback(server.kill)
        for server in servers.values():
            server.wait_until_alive()

        require_one_order(servers.values(), whoever_may)
        require_one_day(servers.values(), whoever_may)

        for clock, server in servers.items():
            is_wrong = clock != RIGHT
            assert faults_of(server) == (["clock"] if is_wrong else [])
            assert clock_check(clock, settings) == ("error" if is_wrong else "ok")
            assert server.terminate()[2].count("differ by 86") == int(is_wrong)
    bundle = Path(settings["data_dir"]) / "bundle.zip"
    exported = p2c("export-bundle", str(bundle), **settings)
    assert exported.returncode == 0, exported.stderr
    verified = p2c("verify", str(bundle))
    assert verified.returncode == 0, verified.stdout + verified.stderr


def require_one_order(servers: Iterable[ServiceProcess], whoever_may: TheOneWhoMay) -> None:
    """What they write in turn stands in the order in which it was written, with the times at which it was."""
    began = datetime.now(UTC)
    written = []
    for n in range(10):
        for server in servers:
            with client_of(server, whoever_may) as client:
                answer = client.post("/v1/organisations", json={"name": f"Stakeholder {n}", "sector": "youth"})
                written += answer.json()["events"]
    ended = datetime.now(UTC)
    positions = [event["position"] for event in written]
    times = [datetime.fromisoformat(event["recorded_at"]) for event in written]
    assert positions == list(range(positions[0], positions[0] + 30))
    assert times == sorted(times)
    a_moment = timedelta(seconds=1)
    assert began - a_moment <= times[0] <= times[-1] <= ended + a_moment


def require_one_day(servers: Iterable[ServiceProcess], whoever_may: TheOneWhoMay) -> None:
    """What is decided, filled in and shown by the day is the same on all of them."""
    today = datetime.now(UTC).date()
    for server in servers:
        with client_of(server, whoever_may) as client:
            lead = client.register()
            tomorrow = client.announcement(lead=lead, announced_on=str(today + timedelta(days=1)))
            refused = client.post("/v1/pledges", json=tomorrow)
            assert refused.json()["type"] == "/problems/date-in-future"
            announced = client.post("/v1/pledges", json=client.announcement(lead=lead, announced_on=None))
            assert announced.json()["pledge"]["announced_on"] == str(today)
            assert client.read("/v1/pledges")["effective_on"] == str(today)


def client_of(server: ServiceProcess, whoever_may: TheOneWhoMay) -> Client:
    return Client(base_url=server.address, auth=whoever_may, timeout=30)


def faults_of(server: ServiceProcess) -> list[str]:
    answer = httpx.get(f"{server.address}/readyz")
    return [error["field"] for error in answer.json().get("errors", [])]


def clock_check(clock: tuple[str, ...], settings: Mapping[str, Any]) -> str:
    answer = p2c("doctor", "--json", program=clock, **settings)
    [found] = [check["verdict"] for check in json.loads(answer.stdout)["checks"] if check["check"] == "clock"]
    return str(found)

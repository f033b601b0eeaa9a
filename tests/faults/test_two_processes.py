"""Two services on one database: one of them keeps the read models up and signs, whichever ends or hangs.

Pass: exactly one leads; when it is killed under writes, the other leads within five seconds and signs with the same
key; when it hangs, within fifteen. Every event is applied exactly once: the read models equal a clean rebuild.
"""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from infrastructure.bootstrap import open_on
from infrastructure.settings import Settings
from tests.api.http.register import Client as Register
from tests.api.http.signing_in import TheOneWhoMay
from tests.faults.load import clients_at_work, prepared
from tests.faults.verdict import require_nothing_lost, require_read_models_as_rebuilt
from tests.service_process import ServiceProcess, data_folder, free_port


@pytest.fixture
def settings(empty_ledger: str) -> Iterator[Settings]:
    with data_folder() as folder:
        yield Settings(database_url=empty_ledger, data_dir=folder)


def test_when_the_leading_process_is_killed_the_other_takes_over(settings: Settings) -> None:
    target = prepared(settings)
    with ExitStack() as stack:
        services = [started(settings, stack) for _ in range(2)]
        leader, follower = leader_first(services)
        with clients_at_work([service.address for service in services], target, clients=8) as load:
            time.sleep(1)

            leader.kill()

            soon(5, lambda: leads(follower), "the other one leads")
            signed = ready(follower)["checkpoint"]["size"]
            soon(5, lambda: ready(follower)["checkpoint"]["size"] > signed, "and signs")
            replacement = started(settings, stack, port=int(leader.address.rpartition(":")[2]))
            replacement.wait_until_ready()
            load.stop()
        assert [ready(service)["leading"] for service in (follower, replacement)] == [True, False]
        for service in (follower, replacement):
            assert service.terminate()[0] == 0
    require_nothing_lost(settings, load)


def test_when_the_leading_process_hangs_the_other_takes_over(settings: Settings, empty_ledger: str) -> None:
    with ExitStack() as stack:
        whoever_may = TheOneWhoMay(stack.enter_context(open_on(empty_ledger)))
        leader, follower = leader_first([started(settings, stack) for _ in range(2)])
        leader.process.send_signal(signal.SIGSTOP)
        stack.callback(leader.process.send_signal, signal.SIGCONT)

        with register(follower, whoever_may) as client:
            announced = client.post("/v1/pledges", json=client.announcement())
            position = announced.headers["Ledger-Position"]
            assert client.get("/v1/pledges", headers={"Ledger-Position": position}).status_code == 503
            soon(15, lambda: leads(follower), "the other one leads")
            assert len(client.read("/v1/pledges", position)["items"]) == 1

        leader.process.send_signal(signal.SIGCONT)
        with register(leader, whoever_may) as client:
            position = client.post("/v1/pledges", json=client.announcement()).headers["Ledger-Position"]
            assert len(client.read("/v1/pledges", position)["items"]) == 2
        leader.wait_until_ready()  # it notices that it leads no longer, and stands for election again
        assert [ready(service)["leading"] for service in (leader, follower)] == [False, True]
        for service in (leader, follower):
            assert service.terminate()[0] == 0
    with open_on(empty_ledger) as reopened:
        require_read_models_as_rebuilt(reopened)


def started(settings: Settings, stack: ExitStack, port: int | None = None) -> ServiceProcess:
    how = settings.model_dump(include={"database_url", "data_dir"})
    service = ServiceProcess(port or free_port(), log_level="warning", **how)
    stack.callback(service.kill)
    return service


def leader_first(services: list[ServiceProcess]) -> list[ServiceProcess]:
    """Both, once they are ready and exactly one of them leads; that one first."""
    for service in services:
        service.wait_until_ready()
    soon(5, lambda: any(ready(service)["leading"] for service in services), "one of them leads")
    services = sorted(services, key=lambda service: not ready(service)["leading"])
    assert [ready(service)["leading"] for service in services] == [True, False]
    return services


def ready(service: ServiceProcess) -> dict[str, Any]:
    answer = httpx.get(f"{service.address}/readyz", timeout=10)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def leads(service: ServiceProcess) -> bool:
    """Whether it leads and is ready; while nobody leads it may fall behind, and say so."""
    answer = httpx.get(f"{service.address}/readyz", timeout=10)
    return answer.status_code == 200 and answer.json()["leading"] is True


def register(service: ServiceProcess, whoever_may: TheOneWhoMay) -> Register:
    return Register(base_url=service.address, auth=whoever_may, timeout=30)


def soon(seconds: float, so: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < deadline, f"not within {seconds} seconds: {what}"
        time.sleep(0.05)

"""A service that reads from a streaming standby: behind, away, and back.

Pass: reads come from the standby, and wait for it where they name a position; commands, proofs and receipts never
touch it; where it cannot be relied on, reads are answered by the primary, and nothing of it is an error to anybody.
While the primary is away, the public still reads lists.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from infrastructure.bootstrap import open_on
from tests.api.http.register import Client
from tests.api.http.signing_in import TheOneWhoMay
from tests.faults.serving import require_ends_well
from tests.faults.standby import ask, primary_and_standby
from tests.postgres_server import PostgresServer
from tests.service_process import ServiceProcess, data_folder, free_port, p2c

pytestmark = pytest.mark.database

USED_AGAIN_WITHIN_SECONDS = 30


@dataclass
class Replicated:
    """A service, a client of it, and the two servers that it knows."""

    service: ServiceProcess
    client: Client
    primary: PostgresServer
    standby: PostgresServer
    settings: Mapping[str, Any]

    def references(self, position: int | None = None) -> list[str]:
        """The pledges as they are read, as of a position at least."""
        return [item["reference"] for item in self.client.read("/v1/pledges", position)["items"]]

    def announce(self) -> tuple[str, int]:
        """Another pledge, and the position of its announcement."""
        answer = self.client.post("/v1/pledges", json=self.client.announcement())
        return answer.json()["pledge"]["reference"], int(answer.headers["Ledger-Position"])

    def is_in_use(self) -> bool:
        answer = httpx.get(f"{self.service.address}/readyz", timeout=10)
        assert answer.status_code == 200, answer.text
        return bool(answer.json()["replica_in_use"])

    def doctors_finding(self) -> str:
        checks = json.loads(p2c("doctor", "--json", **self.settings).stdout)["checks"]
        [message] = [check["message"] for check in checks if check["check"] == "read replica"]
        return str(message)


@pytest.fixture
def replicated() -> Iterator[Replicated]:
    with ExitStack() as stack:
        folder = stack.enter_context(data_folder())
        primary, standby = stack.enter_context(primary_and_standby(folder))
        whoever_may = TheOneWhoMay(stack.enter_context(open_on(primary.conninfo)))
        settings: dict[str, Any] = {
            "database_url": primary.conninfo,
            "read_replica_url": standby.conninfo,
            "data_dir": folder,
        }
        service = stack.enter_context(ServiceProcess(free_port(), log_level="warning", **settings))
        service.wait_until_ready()
        client = stack.enter_context(Client(base_url=service.address, auth=whoever_may, timeout=30))
        yield Replicated(service, client, primary, standby, settings)


def test_reads_come_from_the_standby_and_everything_else_from_the_primary(replicated: Replicated) -> None:
    first, position = replicated.announce()
    assert replicated.references(position) == [first], "its own writer's read waits for the standby"
    assert replicated.is_in_use()
    assert "p2c_replica_in_use 1.0" in httpx.get(f"{replicated.service.address}/metrics").text
    assert replicated.doctors_finding() == "a standby, up to date"

    ask(replicated.standby, "SELECT pg_wal_replay_pause()")
    soon(10, lambda: ask(replicated.standby, "SELECT pg_get_wal_replay_pause_state()") == "paused")
    second, position = replicated.announce()
    require_commands_and_proofs(replicated, second, position)
    assert replicated.references() == [first], "what the standby has"
    require_view_behind(replicated, position)
    assert replicated.references(position) == [first, second], "asked again, the primary answers"
    assert not replicated.is_in_use()

    ask(replicated.standby, "SELECT pg_wal_replay_resume()")
    soon(USED_AGAIN_WITHIN_SECONDS, lambda: replicated.references() and replicated.is_in_use())
    assert replicated.references(position) == [first, second]

    replicated.standby.kill()
    for _ in range(20):
        assert replicated.references(position) == [first, second]
    assert not replicated.is_in_use()
    assert "does not answer" in replicated.doctors_finding()

    replicated.standby.start()
    soon(USED_AGAIN_WITHIN_SECONDS, lambda: replicated.references() and replicated.is_in_use())
    replicated.primary.kill()
    public = httpx.get(f"{replicated.service.address}/v1/pledges", headers={"Ledger-Position": str(position)})
    assert [item["reference"] for item in public.json()["items"]] == [second], "the standby still tells what is public"
    errors = require_ends_well(replicated.service)
    assert errors.count("reads go to the primary") == 2, errors


def require_commands_and_proofs(replicated: Replicated, reference: str, position: int) -> None:
    """They know what the standby does not have yet."""
    client = replicated.client
    answers = [client.on(reference, "validation", {}, Idempotency_Key="once") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    proof = {"position": position}
    soon(10, lambda: client.get("/v1/ledger/proofs/inclusion", params=proof).status_code == 200)
    entries = client.get("/v1/ledger/entries", params={"after": position - 1})
    assert entries.headers["Ledger-Position"] == str(position + 1)
    assert replicated.is_in_use()


def require_view_behind(replicated: Replicated, position: int) -> None:
    """Whoever names a position waits, and is then told to come again."""
    answer = replicated.client.get("/v1/pledges", headers={"Ledger-Position": str(position)})
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/view-behind")
    assert answer.headers["Retry-After"] == "1"


def soon(seconds: float, so: Callable[[], object]) -> None:
    deadline = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < deadline, f"not within {seconds} seconds"
        time.sleep(0.05)

"""The network is cut right after COMMIT was forwarded, so that the service does not learn that it was carried out.

A proxy between the service, a real process, and PostgreSQL swallows the answer and hangs up.

It passes when the client gets its original 201, with or without an idempotency key, when the facts are stored exactly
once, and when the same command sent again under its key is answered with the same bytes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest

from infrastructure.settings import Settings
from tests.faults.cut import CuttingProxy, cutting_proxy
from tests.faults.load import Target, prepared
from tests.service_process import ServiceProcess, data_folder, free_port


@dataclass(frozen=True)
class Line:
    """A client of a service that reaches its database through the proxy."""

    http: httpx.Client
    proxy: CuttingProxy
    target: Target
    database: str

    def contribute(self, id: str, **headers: str) -> httpx.Response:
        return self.http.post(
            f"/v1/pledges/{self.target.references[0]}/contributions",
            json={
                "contributions": [{"id": id, "target": "schools", "quantity": "1", "effective_on": self.target.days[0]}]
            },
            headers={"Authorization": f"Bearer {self.target.token}", **headers},
        )

    def stored(self) -> list[int]:
        """The positions of all entries."""
        with psycopg.connect(self.database) as connection:
            rows = connection.execute("SELECT notification_id FROM ledger.events ORDER BY 1").fetchall()
        return [row[0] for row in rows]


@pytest.fixture
def line(empty_ledger: str) -> Iterator[Line]:
    target = prepared(Settings(database_url=empty_ledger))
    with (
        data_folder() as folder,
        tempfile.TemporaryDirectory(prefix="p2c-", dir="/tmp") as sockets,
        cutting_proxy(empty_ledger, Path(sockets)) as (proxy, through_proxy),
    ):
        service = ServiceProcess(free_port(), data_dir=folder, database_url=through_proxy)
        try:
            service.wait_until_ready()
            with httpx.Client(base_url=service.address, timeout=20) as http:
                yield Line(http, proxy, target, empty_ledger)
        finally:
            service.terminate()


def test_the_client_gets_its_original_answer_and_the_fact_is_stored_once(line: Line) -> None:
    for number, headers in enumerate([{}, {"Idempotency-Key": "k-1"}, {}, {"Idempotency-Key": "k-2"}], start=1):
        head = len(line.stored())
        line.proxy.arm()

        answer = line.contribute(f"c-{number}", **headers)

        assert line.proxy.cuts == number, "the line was not cut"
        assert answer.status_code == 201, answer.text
        assert "Idempotent-Replayed" not in answer.headers
        assert [event["position"] for event in answer.json()["events"]] == [head + 1]
        assert line.stored() == list(range(1, head + 2))
        if headers:
            again = line.contribute(f"c-{number}", **headers)
            assert (again.status_code, again.content) == (201, answer.content)
            assert again.headers["Idempotent-Replayed"] == "true"
            assert line.stored() == list(range(1, head + 2))


def test_what_is_new_gets_its_name_once(line: Line) -> None:
    caught_up = {"Ledger-Position": str(line.stored()[-1])}
    organisation = line.http.get("/v1/organisations", headers=caught_up).json()["items"][0]["id"]
    line.proxy.arm()
    answer = line.http.post(
        "/v1/pledges",
        json={
            "lead": organisation,
            "title": "Sample: more schools",
            "description": "A sample.",
            "type": "programmatic",
            "focus_area": "access",
            "announced_on": line.target.days[0],
            "targets": [{"id": "schools", "measure": "schools_connected", "value": "10"}],
        },
        headers={"Authorization": f"Bearer {line.target.token}"},
    )

    assert line.proxy.cuts == 1
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"].removeprefix("/v1/pledges/") not in line.target.references
    assert len(line.stored()) == 1 + len(line.target.references) + 1

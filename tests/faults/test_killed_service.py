"""A service that is killed again and again, while clients go on: nothing acknowledged is lost, nothing is half done.

The service is a real process on its own server; SIGKILL comes at random moments. A client that gets no answer sends
the same command again, as clients do, under the same idempotency key.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

import httpx
import psycopg
import pytest
from psycopg import sql

from application.commands import Request
from application.sample.story import BDT
from audit.envelope import Entry, Envelopes
from domain.commands import Announce, TargetStatement
from domain.events import PartiallyFulfilled
from domain.organisation import Register
from domain.pledge import Pledge
from domain.values import Actor
from domain.vocabulary import FocusArea, PledgeType, Role, Sector
from infrastructure.bootstrap import Service, database, open_on
from infrastructure.settings import Settings
from projections.catalogue import READ_MODELS
from tests.service_process import ServiceProcess, data_folder, free_port

pytestmark = pytest.mark.database
"""It starts a server of its own."""

KILLS = 6
CLIENTS = 4
PLEDGES = 3
"""Fewer than clients, so that some work on the same one and overtake each other."""


@dataclass
class Client:
    """Posts contributions, two days at a time, until it is told to stop; remembers what was acknowledged."""

    number: int
    address: str
    token: str
    reference: str
    days: tuple[str, str]
    stopping: threading.Event
    acknowledged: dict[str, list[int]] = field(default_factory=dict)
    unexpected: list[str] = field(default_factory=list)
    repeated: int = 0

    def work(self) -> None:
        with httpx.Client(base_url=self.address, headers={"Authorization": f"Bearer {self.token}"}) as http:
            count = 0
            while not self.stopping.is_set():
                count += 1
                self.contribute(http, f"{self.number}-{count}")

    def contribute(self, http: httpx.Client, key: str) -> None:
        """Send one command until it is answered, even after the others have stopped."""
        while True:
            try:
                answer = http.post(
                    f"/v1/pledges/{self.reference}/contributions",
                    json={"contributions": [self.contribution(f"{key}{half}", half) for half in "ab"]},
                    headers={"Idempotency-Key": key},
                    timeout=20,
                )
            except httpx.TransportError:
                self.repeated += 1
                time.sleep(0.05)
                continue
            if answer.status_code == 503:
                time.sleep(0.05)
                continue
            if answer.status_code == 201:
                self.acknowledged[key] = [event["position"] for event in answer.json()["events"]]
            else:
                self.unexpected.append(f"{key}: {answer.status_code} {answer.text}")
            return

    def contribution(self, id: str, half: str) -> dict[str, str]:
        return {"id": id, "target": "schools", "quantity": "1", "effective_on": self.days["ab".index(half)]}


@pytest.fixture
def settings() -> Iterator[Settings]:
    with data_folder() as folder:
        yield Settings(data_dir=folder)


def prepared(settings: Settings) -> tuple[str, list[Pledge]]:
    """A token, and pledges to contribute to, on the server that the service will find."""
    with database(settings) as conninfo, open_on(conninfo) as service:
        register = Register(name="Steadfast (sample)", sector=Sector.OTHER)
        lead = service.commands.register(register, Request(actor=BDT)).state.id
        today = service.commands.circumstances(Request(actor=BDT)).today
        promise = Announce(
            lead=lead,
            title="Sample: schools",
            description="A sample.",
            type=PledgeType.PROGRAMMATIC,
            focus_area=FocusArea.ACCESS,
            announced_on=today - timedelta(days=30),
            targets=(TargetStatement(id="schools", measure="schools_connected", value=Decimal(1000)),),
        )
        pledger = Request(actor=Actor(role=Role.STAKEHOLDER, organisation=lead))
        pledges = [service.commands.announce(promise, pledger).state for _ in range(PLEDGES)]
        return service.credentials.issue(Role.STAKEHOLDER, lead)[1], pledges


def clients_of(address: str, token: str, pledges: Sequence[Pledge], stopping: threading.Event) -> list[Client]:
    first = pledges[0].announced_on
    days = (str(first + timedelta(days=1)), str(first + timedelta(days=2)))
    return [
        Client(number, address, token, pledges[number % PLEDGES].reference, days, stopping) for number in range(CLIENTS)
    ]


def everything_in(service: Service) -> list[Entry]:
    stored = service.ledger.recorder.select_notifications(1, 1_000_000)
    return [Envelopes().read(s.state, s.id) for s in stored]


def contents(conninfo: str) -> dict[str, list[str]]:
    """Every row of every read model, in an order of its own."""
    tables = [(model.name, table) for model in READ_MODELS for table in sorted(model.table_names - {"tracking"})]
    with psycopg.connect(conninfo) as connection:
        return {
            f"{schema}.{table}": sorted(
                str(row)
                for row in connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, table)))
            )
            for schema, table in tables
        }


def test_a_killed_service_loses_nothing_it_acknowledged_and_does_nothing_by_halves(settings: Settings) -> None:
    token, pledges = prepared(settings)
    port, stopping, moments = free_port(), threading.Event(), random.Random()
    service = ServiceProcess(port, data_dir=settings.data_dir, log_level="warning")
    clients = clients_of(service.address, token, pledges, stopping)
    threads = [threading.Thread(target=client.work) for client in clients]
    service.wait_until_ready()
    for thread in threads:
        thread.start()

    for _ in range(KILLS):
        time.sleep(moments.uniform(0.2, 1.2))
        service.kill()
        service = ServiceProcess(port, data_dir=settings.data_dir, log_level="warning")
        service.wait_until_ready()
    stopping.set()
    for thread in threads:
        thread.join(timeout=60)
    exit_code, _, errors = service.terminate()

    assert exit_code == 0, errors
    assert [client.unexpected for client in clients] == [[]] * CLIENTS
    assert all(client.acknowledged for client in clients)
    assert sum(client.repeated for client in clients) > 0, "no kill hit a command in flight"
    with database(settings) as conninfo, open_on(conninfo) as reopened:
        entries = everything_in(reopened)
        require_everything_once(entries, clients)
        require_read_models_as_rebuilt(reopened, conninfo)


def require_everything_once(entries: Sequence[Entry], clients: Sequence[Client]) -> None:
    assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))
    assert [entry.recorded_at for entry in entries] == sorted(entry.recorded_at for entry in entries)
    delivered = Counter(
        contribution.id
        for entry in entries
        if isinstance(entry.event, PartiallyFulfilled)
        for contribution in entry.event.contributions
    )
    promised = [f"{key}{half}" for client in clients for key in client.acknowledged for half in "ab"]
    assert delivered == Counter(promised)
    at = {entry.position: entry.event.idempotency_key for entry in entries}
    for client in clients:
        for key, positions in client.acknowledged.items():
            assert [at[position] for position in positions] == [key, key]


def require_read_models_as_rebuilt(service: Service, conninfo: str) -> None:
    service.projections.catch_up()
    followed = contents(conninfo)
    for model in READ_MODELS:
        service.projections.rebuild(model.name, lambda position, head: None)
    assert contents(conninfo) == followed
    empty = {table for table, rows in followed.items() if not rows}
    assert empty == {"portfolio.ahead", "portfolio.members"}, "all is true when it is recorded, and nothing admitted"

"""Clients that go on whatever happens to the service or its database, and remember what they were told."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

import httpx

from application.commands import Request
from application.sample.story import BDT
from domain.commands import Announce, TargetStatement
from domain.organisation import Register
from domain.vocabulary import FocusArea, PledgeType, Role, Sector
from infrastructure.bootstrap import database, open_on
from infrastructure.settings import Settings

ANSWERED_WITHIN_SECONDS = 20
"""More than any answer may take; which ones took how long is for the tests to judge."""

TRY_AGAIN = (503, 507)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What clients contribute to: a token that may, the pledges, and two days on which something was delivered."""

    token: str
    references: Sequence[str]
    days: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """When an answer came (by the monotonic clock), its status, and after how many seconds."""

    at: float
    status: int
    seconds: float


@dataclass
class Client:
    """Posts contributions, two days at a time, until it is told to stop; remembers what was acknowledged.

    A client that gets no answer sends the same command again, as clients do, under the same idempotency key; one that
    does not `insist` gives up what was not answered when it was told to stop.
    """

    number: int
    address: str
    target: Target
    stopping: threading.Event
    insists: bool = True
    pause: float = 0.05
    acknowledged: dict[str, list[int]] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    unanswered: int = 0

    def work(self) -> None:
        with httpx.Client(
            base_url=self.address,
            headers={"Authorization": f"Bearer {self.target.token}"},
            timeout=ANSWERED_WITHIN_SECONDS,
        ) as http:
            count = 0
            while not self.stopping.is_set():
                count += 1
                self._contribute(http, f"{self.number}-{count}")

    def _contribute(self, http: httpx.Client, key: str) -> None:
        """Send one command until it is answered, even after the others have stopped."""
        while True:
            started = time.monotonic()
            try:
                answer = self._post(http, key)
            except httpx.TransportError:
                self.unanswered += 1
                if self.stopping.is_set() and not self.insists:
                    return
            else:
                now = time.monotonic()
                self.answers.append(Answer(now, answer.status_code, now - started))
                if answer.status_code not in TRY_AGAIN:
                    self._remember(key, answer)
                    return
                self._require_a_problem(answer)
            time.sleep(self.pause)

    def _post(self, http: httpx.Client, key: str) -> httpx.Response:
        reference = self.target.references[self.number % len(self.target.references)]
        return http.post(
            f"/v1/pledges/{reference}/contributions",
            json={"contributions": [self._contribution(f"{key}{half}", half) for half in "ab"]},
            headers={"Idempotency-Key": key},
        )

    def _contribution(self, id: str, half: str) -> dict[str, str]:
        return {"id": id, "target": "schools", "quantity": "1", "effective_on": self.target.days["ab".index(half)]}

    def _remember(self, key: str, answer: httpx.Response) -> None:
        if answer.status_code == 201:
            self.acknowledged[key] = [event["position"] for event in answer.json()["events"]]
        else:
            self.unexpected.append(f"{key}: {answer.status_code} {answer.text}")

    def _require_a_problem(self, answer: httpx.Response) -> None:
        if answer.headers["Content-Type"] != "application/problem+json" or "Retry-After" not in answer.headers:
            self.unexpected.append(f"no problem that says when to try again: {answer.status_code} {answer.text}")


@dataclass
class Load:
    """Clients at work, each in a thread."""

    clients: Sequence[Client]
    stopping: threading.Event
    threads: Sequence[threading.Thread]

    @property
    def acknowledged(self) -> int:
        """How many commands were acknowledged so far."""
        return sum(len(client.acknowledged) for client in self.clients)

    @property
    def answers(self) -> list[Answer]:
        """All answers so far, whatever they said."""
        return [answer for client in self.clients for answer in list(client.answers)]

    @property
    def unanswered(self) -> int:
        """How often the connection broke before there was an answer."""
        return sum(client.unanswered for client in self.clients)

    def require_progress(self, within: float) -> float:
        """Wait until one more command is acknowledged; after how many seconds that was."""
        before, started = self.acknowledged, time.monotonic()
        while self.acknowledged == before:
            assert time.monotonic() - started < within, f"nothing was acknowledged within {within:g} seconds"
            time.sleep(0.01)
        return time.monotonic() - started

    def require_progress_of_all(self, within: float) -> None:
        """Wait until everybody has had a command acknowledged."""
        deadline = time.monotonic() + within
        while not all(client.acknowledged for client in self.clients):
            assert time.monotonic() < deadline, f"somebody got nothing done within {within:g} seconds"
            time.sleep(0.01)

    def stop(self) -> None:
        """Let them finish what they have begun, and end."""
        self.stopping.set()
        for thread in self.threads:
            thread.join(timeout=60)
        assert not any(thread.is_alive() for thread in self.threads), "a client still waits for an answer"


def prepared(settings: Settings, *, pledges: int = 3) -> Target:
    """Somebody who promised something, on the server that the service will find."""
    with database(settings) as conninfo, open_on(conninfo) as service:
        register = Register(name="Steadfast (sample)", sector=Sector.OTHER)
        lead = service.commands.register(register, Request(actor=BDT)).state.id
        announced_on = service.commands.circumstances(Request(actor=BDT)).today - timedelta(days=30)
        promise = Announce(
            lead=lead,
            title="Sample: schools",
            description="A sample.",
            type=PledgeType.PROGRAMMATIC,
            focus_area=FocusArea.ACCESS,
            announced_on=announced_on,
            targets=(TargetStatement(id="schools", measure="schools_connected", value=Decimal(1000)),),
        )
        announced = [service.commands.announce(promise, Request(actor=BDT)).state for _ in range(pledges)]
        return Target(
            token=service.credentials.issue(Role.STAKEHOLDER, lead)[1],
            references=[pledge.reference for pledge in announced],
            days=(str(announced_on + timedelta(days=1)), str(announced_on + timedelta(days=2))),
        )


@contextmanager
def clients_at_work(
    address: str, target: Target, *, clients: int = 4, insist: bool = True, pause: float = 0.05
) -> Iterator[Load]:
    """Clients that contribute, more of them than pledges, so that some work on the same one; stopped in the end."""
    stopping = threading.Event()
    workers = [Client(number, address, target, stopping, insists=insist, pause=pause) for number in range(clients)]
    load = Load(workers, stopping, [threading.Thread(target=client.work, daemon=True) for client in workers])
    for thread in load.threads:
        thread.start()
    try:
        yield load
    finally:
        stopping.set()

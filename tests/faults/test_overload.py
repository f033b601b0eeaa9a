"""More to do than the service can, and a ledger whose turn somebody keeps.

Pass criterion: while the ledger's lock is held, commands get 503 with Retry-After within five seconds, reads that need
no lock are answered, and so are probes and metrics, even where every handler's thread is blocked; no more threads come
into being than there are turns; and when the lock is released, everything is answered at once. Nobody who is merely
slow, in sending, in reading or in waiting for a view, keeps others from their turn.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

import httpx
import psycopg
import pytest
from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import StreamingResponse

from api.http.app import create_app
from api.http.failures import handle_failures
from api.http.turns import TurnRoute, Turns
from domain.vocabulary import Role
from infrastructure.bootstrap import Service
from infrastructure.locks import APPEND_LOCK
from tests.api.http.serving import serving

WITHIN_SECONDS = 6.0
"""Five, and one for a machine that is busy with other tests."""

MANY = 40
"""More than there are turns."""


@pytest.fixture
def address(service: Service) -> Iterator[str]:
    with serving(create_app(service)) as address:
        yield address


@pytest.fixture
def bdt(address: str, service: Service) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {service.credentials.issue(Role.BDT)[1]}"}
    unlimited = httpx.Limits(max_connections=None)
    with httpx.Client(base_url=address, headers=headers, timeout=30, limits=unlimited) as client:
        yield client


@contextmanager
def lock_held(conninfo: str) -> Iterator[None]:
    with psycopg.connect(conninfo, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (APPEND_LOCK,))
        yield
        other.execute("SELECT pg_advisory_unlock(%s)", (APPEND_LOCK,))


def register(client: httpx.Client) -> httpx.Response:
    return client.post("/v1/organisations", json={"name": "Patient (sample)", "sector": "other"})


def read_an_instant(client: httpx.Client) -> httpx.Response:
    """A read that takes its turn after the appends."""
    return client.get("/v1/organisations", params={"as_of": datetime.now(UTC).isoformat()})


def told(answer: httpx.Response) -> str:
    """The status, and the problem if it is one."""
    problem = answer.headers["Content-Type"] == "application/problem+json"
    return (
        f"{answer.status_code} {answer.json()['type'].removeprefix('/problems/')}"
        if problem
        else str(answer.status_code)
    )


def figure(client: httpx.Client, line: str) -> float:
    lines = client.get("/metrics").text.splitlines()
    return next(float(found.removeprefix(line)) for found in lines if found.startswith(f"{line} "))


def test_while_the_lock_is_held_commands_are_refused_in_time_and_the_rest_is_answered(
    bdt: httpx.Client, empty_ledger: str
) -> None:
    assert register(bdt).status_code == 201
    with ThreadPoolExecutor(MANY) as senders:
        with lock_held(empty_ledger):
            commands = [senders.submit(register, bdt) for _ in range(MANY)]
            time.sleep(0.5)
            reads = [bdt.get(path) for path in ("/v1/pledges", "/v1/vocabulary", "/v1/organisations") for _ in range(3)]
            probes = [bdt.get(path) for path in ("/livez", "/readyz", "/metrics")]
            refused = [command.result() for command in commands]
        accepted = list(senders.map(lambda _: register(bdt), range(8)))

    assert {told(answer) for answer in refused} == {"503 ledger-busy", "503 overloaded"}
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)
    assert max(answer.elapsed.total_seconds() for answer in refused) < WITHIN_SECONDS
    assert Counter(map(told, reads)) == {"200": 9}
    assert Counter(map(told, probes)) == {"200": 3}
    assert Counter(map(told, accepted)) == {"201": 8}
    assert figure(bdt, 'p2c_http_requests_turned_away_total{limit="overload"}') > 0


def test_probes_answer_where_every_handler_is_blocked_and_threads_do_not_grow(
    bdt: httpx.Client, empty_ledger: str
) -> None:
    def round_of_blocked_requests() -> tuple[Counter[str], list[httpx.Response], int]:
        with lock_held(empty_ledger), ThreadPoolExecutor(2 * MANY) as senders:
            asked = [senders.submit(ask, bdt) for ask in (register, read_an_instant) for _ in range(MANY)]
            time.sleep(1.5)
            probes = [bdt.get(path) for path in ("/livez", "/readyz", "/metrics")]
            working = sum(thread.name.startswith("AnyIO") for thread in threading.enumerate())
            return Counter(told(one.result()) for one in asked), probes, working

    first, probes, before = round_of_blocked_requests()
    again, probes_again, after = round_of_blocked_requests()

    for answers in (first, again):
        assert set(answers) <= {"503 ledger-busy", "503 database-away", "503 overloaded"}
        assert answers["503 overloaded"] == 2 * MANY - 16, "sixteen have the turns, the others none"
    assert [told(probe) for probe in probes + probes_again] == ["200"] * 6
    assert after <= before
    assert [register(bdt).status_code, read_an_instant(bdt).status_code] == [201, 200]


def test_reads_that_wait_for_a_position_keep_nobody_from_a_turn(bdt: httpx.Client, service: Service) -> None:
    service.projections.stop()
    position = register(bdt).headers["Ledger-Position"]

    def wait(_: int) -> httpx.Response:
        return bdt.get("/v1/pledges", headers={"Ledger-Position": position})

    with ThreadPoolExecutor(MANY) as senders:
        waiting = [senders.submit(wait, number) for number in range(MANY)]
        time.sleep(0.5)
        others = [register(bdt), bdt.get("/v1/vocabulary")]
        answered = [one.result() for one in waiting]

    assert [answer.status_code for answer in others] == [201, 200]
    assert Counter(map(told, answered)) == {"503 view-behind": MANY}


def test_a_command_whose_body_is_on_its_way_keeps_nobody_from_a_turn(bdt: httpx.Client) -> None:
    with ExitStack() as stack:
        for _ in range(MANY):
            slow = stack.enter_context(socket.create_connection((bdt.base_url.host, bdt.base_url.port or 0)))
            slow.sendall(
                b"POST /v1/organisations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                b"Content-Length: 1000\r\n\r\n{"
            )
        time.sleep(0.5)

        assert register(bdt).status_code == 201


def test_an_answer_that_is_read_slowly_keeps_nobody_from_a_turn() -> None:
    router = APIRouter(route_class=TurnRoute)

    @router.get("/endless")
    def endless() -> Response:
        return StreamingResponse(iter(lambda: b"x" * 65_536, None))

    @router.get("/short")
    def short() -> Response:
        return Response(b"done")

    app = FastAPI()
    app.state.turns = Turns(2)
    app.include_router(router)
    handle_failures(app)
    with serving(app) as address, ExitStack() as stack:
        for _ in range(10):
            stream = stack.enter_context(httpx.stream("GET", f"{address}/endless", timeout=30))
            assert stream.status_code == 200

        assert httpx.get(f"{address}/short").text == "done"


def test_the_turn_of_a_request_that_fails_is_had_by_the_next() -> None:
    router = APIRouter(route_class=TurnRoute)

    @router.get("/fails")
    def fails() -> Response:
        raise RuntimeError("a fault of ours")

    app = FastAPI()
    app.state.turns = Turns(1)
    app.include_router(router)
    handle_failures(app)
    with serving(app) as address:
        assert [httpx.get(f"{address}/fails").status_code for _ in range(3)] == [500] * 3

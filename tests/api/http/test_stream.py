"""The stream: what happens is told once to everybody who may know of it, whoever comes and goes meanwhile."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from api.http import recent_events
from api.http.app import create_app
from api.http.streams import StreamBounds
from domain.vocabulary import Role
from infrastructure.bootstrap import Service, open_on
from tests.api.http.contract import Contract
from tests.api.http.listening import Listener, everything
from tests.api.http.register import Client, days_ago
from tests.api.http.serving import serving
from tests.api.http.signing_in import TheOneWhoMay

BOUNDS = StreamBounds(heartbeat=0.2, recheck=0.2, patience=0.5)
WRITERS, EACH = 4, 25
SOON_SECONDS = 20
LONG = "Fibre. " * 2_000


@pytest.fixture(scope="module")
def app(service: Service) -> FastAPI:
    return create_app(service, stream_bounds=BOUNDS)


@pytest.fixture
def bdt(service: Service) -> str:
    return service.credentials.issue(Role.BDT)[1]


def contribute(client: Client, reference: str, description: str = "Fibre.") -> int:
    """Record a contribution; its position."""
    given = {"target": "schools", "quantity": "1", "effective_on": days_ago(1), "description": description}
    answer = client.on(reference, "contributions", {"contributions": [given]})
    assert answer.status_code == 201, answer.text
    return int(answer.headers["Ledger-Position"])


def figure(server: str, name: str) -> float:
    lines = httpx.get(f"{server}/metrics", timeout=SOON_SECONDS).text.splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith(f"{name} ")))


def require_soon(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def kinds(listener: Listener, reference: str) -> list[str]:
    """What was told of a pledge."""
    return [event["type"].split(".")[1] for event in listener.events if event["reference"] == reference]


def test_what_happens_is_told_as_a_history_tells_it(client: Client, server: str, bdt: str, contract: Contract) -> None:
    with Listener().connected(server, bdt) as listener:
        lead = client.register()
        reference = client.announce(lead=lead)
        listener.wait_for(contribute(client, reference))

    assert listener.types == ["organisation.registered.v1", "pledge.announced.v1", "pledge.partially_fulfilled.v1"]
    history = client.read(f"/v1/pledges/{reference}/history")["items"]
    assert listener.events[1:] == [{**item, "reference": reference, "organisation": lead} for item in history]
    assert (listener.events[0]["reference"], listener.events[0]["organisation"]) == (None, lead)


def test_it_is_for_reading_as_it_comes_and_for_nobody_to_keep(server: str, service: Service) -> None:
    with Listener().connected(server) as listener:
        listener.wait_until(lambda heard: heard.comments >= 2)

    headers = listener.headers
    assert headers["Content-Type"].partition(";")[0] == "text/event-stream"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Accel-Buffering"] == "no"
    assert "Content-Length" not in headers
    assert headers["Ledger-Position"] == listener.last_id == str(service.ledger.position), "it begins now"
    assert 2_000 <= (listener.retry or 0) <= 5_000
    assert listener.events == []


def test_who_may_know_of_a_pledge_is_told_and_all_are_when_it_is_admitted(
    client: Client, server: str, service: Service, bdt: str
) -> None:
    lead, partner, other = (client.register(name) for name in ("Lead", "Partner", "Other"))
    before = service.ledger.position

    def of(organisation: str) -> str:
        return service.credentials.issue(Role.STAKEHOLDER, UUID(organisation))[1]

    tokens = {"nobody": None, "stranger": of(other), "lead": of(lead), "partner": of(partner), "bdt": bdt}
    with ExitStack() as stack:
        live = {who: stack.enter_context(Listener().connected(server, token)) for who, token in tokens.items()}
        reference = client.announce(lead=lead, partners=[{"organisation": partner, "share": "0.5"}])
        contribute(client, reference)
        client.on(reference, "validation", {})
        last = contribute(client, reference)
        for listener in live.values():
            listener.wait_for(last)

    public, known = ["validated", "partially_fulfilled"], ["announced", "partially_fulfilled"]
    for who, listener in live.items():
        assert kinds(listener, reference) == (public if who in {"nobody", "stranger"} else [*known, *public]), who
        later = Listener()
        with later.connected(server, tokens[who], after=before):
            later.wait_for(last)
        assert later.events == listener.events, "whoever reads it later reads the same"


@pytest.fixture(scope="module")
def other_server(conninfo: str, server: str) -> Iterator[str]:
    """Another process of the service, as it were: one of the two keeps the read models up."""
    with open_on(conninfo) as other, serving(create_app(other, stream_bounds=BOUNDS)) as address:
        yield address


@pytest.mark.parametrize("kept", [2, recent_events.MOST_KEPT], ids=["far behind", "near"])
def test_whoever_comes_back_misses_nothing_and_gets_nothing_twice(
    client: Client,
    server: str,
    other_server: str,
    service: Service,
    bdt: str,
    kept: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recent_events, "MOST_KEPT", kept)
    monkeypatch.setattr(recent_events, "READ_AT_ONCE", 7)
    references = [client.announce() for _ in range(WRITERS)]
    before = service.ledger.position

    def write(reference: str) -> None:
        with Client(base_url=server, auth=TheOneWhoMay(service), timeout=30) as writer:
            for _ in range(EACH):
                contribute(writer, reference)

    patient, restless, writers = Listener(), Listener(), [threading.Thread(target=write, args=(r,)) for r in references]
    with patient.connected(other_server, bdt, after=before):
        for writer in writers:
            writer.start()
        for address in cycle((server, other_server)):
            with restless.connected(address, bdt, after=before):
                enough = len(restless.events) + 5
                restless.wait_until(lambda heard: len(heard.events) >= min(enough, WRITERS * EACH))  # noqa: B023
            if len(restless.events) >= WRITERS * EACH:
                break
        for writer in writers:
            writer.join()
        patient.wait_for(service.ledger.position)

    everything = list(range(before + 1, before + WRITERS * EACH + 1))
    assert restless.positions == everything
    assert patient.positions == everything


def test_the_last_id_counts_more_than_the_address(client: Client, server: str, bdt: str) -> None:
    first = contribute(client, reference := client.announce())
    last = contribute(client, reference)
    listener = Listener()
    listener.last_id = str(first)
    with listener.connected(server, bdt, after=0):
        listener.wait_for(last)

    assert listener.positions == [last]


@pytest.mark.parametrize("wrong", ["", "x", "-1", "1.5", "9" * 19, "\u0661"])
def test_what_is_no_id_is_refused(anybody: Client, wrong: str) -> None:
    answer = anybody.get("/v1/stream", headers=[(b"Last-Event-ID", wrong.encode())])

    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/malformed-header")


@pytest.mark.parametrize("place", ["header", "address"])
def test_a_position_that_was_never_given_is_refused(anybody: Client, service: Service, place: str) -> None:
    ahead = str(service.ledger.position + 1)
    answer = (
        anybody.get("/v1/stream", headers={"Last-Event-ID": ahead})
        if place == "header"
        else anybody.get("/v1/stream", params={"after": ahead})
    )

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/position-beyond-ledger")


@pytest.mark.parametrize("wrong", [{"after": "-1"}, {"after": "x"}, {"since": "1"}])
def test_what_cannot_be_asked_for_is_refused(anybody: Client, wrong: dict[str, str]) -> None:
    assert anybody.get("/v1/stream", params=wrong).status_code == 422


def test_a_token_that_is_none_is_refused(anybody: Client) -> None:
    assert anybody.get("/v1/stream", headers={"Authorization": "Bearer p2c_made-up"}).status_code == 401


def test_whoever_asks_for_the_head_gets_the_head(anybody: Client) -> None:
    answer = anybody.head("/v1/stream")

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Type"].partition(";")[0] == "text/event-stream"
    assert anybody.get("/livez").status_code == 200, "on the same connection"


@pytest.mark.parametrize("end", ["revoked", "expired"])
def test_a_stream_ends_with_its_token(server: str, service: Service, end: str) -> None:
    credential, token = service.credentials.issue(Role.AUDITOR)
    with Listener().connected(server, token) as listener, Listener().connected(server) as other:
        listener.wait_until(lambda heard: heard.comments >= 3)
        assert not listener.has_ended, "it was looked at meanwhile"
        if end == "revoked":
            service.credentials.revoke(credential.id)
        else:
            expire(service, credential.id)
        listener.wait_until(lambda heard: heard.has_ended)
        heard = other.comments
        other.wait_until(lambda still: still.comments > heard)


def expire(service: Service, id: UUID) -> None:
    with service.pool.connection() as connection:
        connection.execute("UPDATE ledger.credentials SET expires_at = clock_timestamp() WHERE id = %s", (id,))


def test_open_streams_hold_up_nobody_else(anybody: Client, server: str, service: Service) -> None:
    many = service.pool.max_size * 2
    with ExitStack() as stack:
        for _ in range(many):
            stack.enter_context(Listener().connected(server))
        assert figure(server, "p2c_streams_open") == many
        statuses = {anybody.get("/v1/pledges").status_code for _ in range(5)}
        assert statuses == {200}
        assert figure(server, "p2c_pool_connections") - figure(server, "p2c_pool_connections_available") < 5

    require_soon(lambda: figure(server, "p2c_streams_open") == 0)


def test_there_are_only_so_many_for_one_client_and_altogether(service: Service) -> None:
    app = create_app(service, stream_bounds=StreamBounds(most=3, most_for_one=2))
    token = service.credentials.issue(Role.AUDITOR)[1]
    with serving(app) as address, httpx.Client(base_url=address, timeout=SOON_SECONDS) as http, ExitStack() as stack:
        contract = Contract(app.openapi())

        def refused(**headers: str) -> str:
            answer = http.get("/v1/stream", headers=headers)
            contract.require(answer)
            assert (answer.status_code, answer.json()["type"]) == (503, "/problems/too-many-streams")
            assert int(answer.headers["Retry-After"]) > 0
            return str(answer.json()["detail"])

        with Listener().connected(address), Listener().connected(address):
            assert refused() == "2 streams are open from this address or with this token."
            stack.enter_context(Listener().connected(address, token))
            assert refused(Authorization=f"Bearer {token}").startswith("3 streams are open here")
            assert figure(address, 'p2c_http_requests_turned_away_total{limit="streams"}') == 2
        require_soon(lambda: figure(address, "p2c_streams_open") == 1)
        with Listener().connected(address), Listener().connected(address, token):
            pass


@contextmanager
def asleep(address: str, token: str, *, after: int) -> Iterator[socket.socket]:
    """Somebody who asks for a stream and does not read it."""
    parts = urlsplit(address)
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        reader.settimeout(SOON_SECONDS)
        reader.connect((str(parts.hostname), parts.port or 0))
        head = f"GET /v1/stream?after={after} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
        reader.sendall(head.encode())
        reader.recv(1, socket.MSG_PEEK)
        yield reader


@pytest.fixture(scope="module")
def long_read(service: Service, server: str) -> int:
    """The position after which there is more to read than the system keeps for anybody."""
    before = service.ledger.position
    with Client(base_url=server, auth=TheOneWhoMay(service), timeout=30) as client:
        reference = client.announce()
        for _ in range(20):
            contribute(client, reference, LONG)
    return before


def test_a_reader_that_does_not_read_is_dropped_and_can_come_back(service: Service, bdt: str, long_read: int) -> None:
    app = create_app(service, stream_bounds=BOUNDS)
    with serving(app, send_buffer=8_192) as address, asleep(address, bdt, after=long_read) as reader:
        require_soon(lambda: figure(address, "p2c_streams_dropped_total") == 1)
        require_soon(lambda: figure(address, "p2c_streams_open") == 0)
        assert not everything(reader).endswith(b"0\r\n\r\n"), "it can see that this is not the end"
        listener = Listener()
        with listener.connected(address, bdt, after=long_read):
            listener.wait_for(service.ledger.position)

    assert listener.positions == list(range(long_read + 1, service.ledger.position + 1))


def test_a_reader_that_does_not_read_does_not_keep_the_service_from_stopping(
    service: Service, bdt: str, long_read: int
) -> None:
    app = create_app(service, stream_bounds=StreamBounds(patience=600))
    with ExitStack() as stack, serving(app, send_buffer=8_192) as address:
        stack.enter_context(asleep(address, bdt, after=long_read))  # and stays, when the server is to stop
        require_soon(lambda: figure(address, "p2c_streams_open") == 1)


def test_streams_end_when_the_service_is_to_stop(service: Service) -> None:
    app = create_app(service, stream_bounds=StreamBounds(heartbeat=60))
    with ExitStack() as stack:
        with serving(app) as address:
            streams = [stack.enter_context(Listener().connected(address)) for _ in range(3)]
        for listener in streams:
            listener.wait_until(lambda heard: heard.has_ended)
            assert not listener.was_cut, "it ended by itself, before the server gave up on it"


def test_streams_outlive_the_sessions_of_the_database(
    client: Client, server: str, conninfo: str, service: Service, bdt: str
) -> None:
    reference = client.announce()
    with Listener().connected(server, bdt) as listener:
        with psycopg.connect(conninfo, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        require_soon(lambda: httpx.get(f"{server}/readyz", timeout=SOON_SECONDS).status_code == 200)
        listener.wait_for(contribute(client, reference))

    assert listener.types == ["pledge.partially_fulfilled.v1"]

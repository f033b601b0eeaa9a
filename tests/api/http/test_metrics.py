"""What Prometheus is told: figures that move as they should, in its own format, with or without the database."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import psycopg
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse
from psycopg import sql

from api.http.app import create_app
from infrastructure.bootstrap import Service, open_on
from infrastructure.database import LOCK_TIMEOUT_MS
from infrastructure.embedded_postgres import EmbeddedPostgres
from infrastructure.locks import APPEND_LOCK
from infrastructure.version import p2c_version
from tests.api.http.register import Client, days_ago
from tests.api.http.serving import serving
from tests.superuser import superuser

Figures = Mapping[tuple[str, frozenset[tuple[str, str]]], float]

LEDGER_ALONE = {"p2c_ledger_position", "p2c_read_model_lag", "p2c_unsigned_entries", "p2c_checkpoint_age_seconds"}


@pytest.fixture(scope="module")
def service(signing_service: Service) -> Service:
    """A service that signs."""
    return signing_service


def told(client: httpx.Client) -> Figures:
    """Every figure by its name and labels."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in parse(answer.text)
        for sample in family.samples
    }


def figure(client: httpx.Client, name: str, **labels: str) -> float:
    """One figure; nought, while there is none."""
    return told(client).get((name, frozenset(labels.items())), 0.0)


def require_soon(condition: Callable[[], bool]) -> None:
    """Figures that the database knows are a second old, and views and checkpoints follow the ledger."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@contextmanager
def unreachable(postgres: EmbeddedPostgres, conninfo: str) -> Iterator[None]:
    """A database that nobody gets into for a while."""
    name = str(psycopg.conninfo.conninfo_to_dict(conninfo)["dbname"])
    allow, forbid = (
        sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}").format(sql.Identifier(name), sql.Literal(whether))
        for whether in (True, False)
    )
    with psycopg.connect(postgres.conninfo, autocommit=True) as other:
        other.execute(forbid)
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        yield
        other.execute(allow)


def waiting_for_a_lock(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted", (APPEND_LOCK,)
    ).fetchone()
    assert row
    return int(row[0])


def contribute(client: Client, reference: str) -> httpx.Response:
    body = {"contributions": [{"target": "schools", "quantity": "1", "effective_on": days_ago(1)}]}
    return client.on(reference, "contributions", body)


def test_it_is_written_as_prometheus_reads_it(client: Client) -> None:
    client.announce()
    answer = client.get("/metrics")
    families = list(parse(answer.text))

    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert len({family.name for family in families}) == len(families)
    assert [family.name for family in families if not family.documentation] == []
    assert [family.name for family in families if family.type == "unknown"] == []
    samples = [(sample.name, *sorted(sample.labels.items())) for family in families for sample in family.samples]
    assert len(set(samples)) == len(samples)


def test_newer_prometheus_gets_its_newer_format(client: Client) -> None:
    answer = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})

    assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert "p2c_ledger_position" in {family.name for family in parse_openmetrics(answer.text)}


@pytest.mark.parametrize(
    "accept", ["", "*/*", "image/png", "text/plain; version=x.y", "application/openmetrics-text; version=, text/plain"]
)
def test_whoever_asks_for_anything_else_gets_one_of_them(anybody: Client, accept: str) -> None:
    assert anybody.get("/metrics", headers={"Accept": accept}).status_code == 200


def test_requests_are_counted_by_what_was_asked_not_by_its_address(client: Client) -> None:
    reference = client.announce()
    read = {"operation": "/v1/pledges/{reference}", "method": "GET", "status": "200"}
    nowhere = {"operation": "unknown", "method": "GET", "status": "404"}
    before = told(client)

    for _ in range(3):
        client.get(f"/v1/pledges/{reference}")
    client.head(f"/v1/pledges/{reference}")
    client.get("/v1/pledges/P2C-2026-999999")
    client.get("/nowhere/at/all")
    client.request("PROPFIND", "/v1/pledges")
    after = told(client)

    def grown(name: str, **labels: str) -> float:
        key = (name, frozenset(labels.items()))
        return after.get(key, 0.0) - before.get(key, 0.0)

    assert grown("p2c_http_requests_total", **read) == 3
    assert grown("p2c_http_request_duration_seconds_count", **read) == 3
    assert grown("p2c_http_requests_total", **{**read, "method": "HEAD"}) == 1
    assert grown("p2c_http_requests_total", **{**read, "status": "404"}) == 1
    assert grown("p2c_http_requests_total", **nowhere) == 1
    assert grown("p2c_http_requests_total", operation="/v1/pledges", method="other", status="405") == 1
    assert after["p2c_http_requests_in_flight", frozenset()] == 1, "the one that asks"


def test_nothing_is_told_of_what_the_register_holds(client: Client) -> None:
    reference = client.announce(title="Confidential until noon")
    client.get(f"/v1/pledges/{reference}")

    text = client.get("/metrics").text
    assert [word for word in ("P2C-2", "Confidential", "Hirondelle", "p2c_token", "127.0.0.1") if word in text] == []


def test_appends_are_counted_with_their_entries(client: Client) -> None:
    reference = client.announce()
    before = {name: figure(client, name) for name in ("p2c_appends_total", "p2c_appended_entries_total")}
    body = {
        "contributions": [{"target": "schools", "quantity": "1", "effective_on": days_ago(day)} for day in (1, 2, 3)]
    }
    assert client.on(reference, "contributions", body).status_code == 201

    assert figure(client, "p2c_appends_total") == before["p2c_appends_total"] + 1
    assert figure(client, "p2c_appended_entries_total") == before["p2c_appended_entries_total"] + 3
    assert figure(client, "p2c_append_duration_seconds_count") == before["p2c_appends_total"] + 1


def test_commands_that_overtake_each_other_are_conflicts(client: Client, service: Service) -> None:
    reference = client.announce()
    before = figure(client, "p2c_append_conflicts_total")
    with superuser(service, autocommit=True) as other, ThreadPoolExecutor(2) as senders:
        other.execute("SELECT pg_advisory_lock(%s)", (APPEND_LOCK,))
        sent = [senders.submit(contribute, client, reference)]
        require_soon(lambda: waiting_for_a_lock(other) == 1)
        sent.append(senders.submit(contribute, client, reference))
        require_soon(lambda: service.ledger.waiting == 1)  # both have decided on the same
        other.execute("SELECT pg_advisory_unlock(%s)", (APPEND_LOCK,))
        assert [one.result().status_code for one in sent] == [201, 201]

    assert figure(client, "p2c_append_conflicts_total") == before + 1


def test_commands_that_wait_are_committed_together(client: Client, service: Service) -> None:
    references = [client.announce() for _ in range(5)]
    commits, commands = "p2c_appends_committed_together_count", "p2c_appends_committed_together_sum"
    before = figure(client, commits), figure(client, commands)
    with superuser(service, autocommit=True) as other, ThreadPoolExecutor(5) as senders:
        other.execute("SELECT pg_advisory_lock(%s)", (APPEND_LOCK,))
        sent = [senders.submit(contribute, client, references[0])]
        require_soon(lambda: waiting_for_a_lock(other) == 1)
        sent += [senders.submit(contribute, client, reference) for reference in references[1:]]
        require_soon(lambda: service.ledger.waiting == 4)
        other.execute("SELECT pg_advisory_unlock(%s)", (APPEND_LOCK,))
        assert [one.result().status_code for one in sent] == [201] * 5

    assert (figure(client, commits), figure(client, commands)) == (before[0] + 2, before[1] + 5)


def test_an_append_without_a_turn_is_given_up(client: Client, service: Service) -> None:
    reference = client.announce()
    before = figure(client, "p2c_appends_given_up_total")
    with superuser(service, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (APPEND_LOCK,))
        assert contribute(client, reference).status_code == 503

    assert figure(client, "p2c_appends_given_up_total") == before + 1


def test_read_models_that_stand_still_fall_behind(client: Client, service: Service) -> None:
    require_soon(lambda: figure(client, "p2c_projections_leading") == 1)
    service.projections.stop()
    try:
        client.announce()
        assert figure(client, "p2c_projections_leading") == 0
        require_soon(lambda: figure(client, "p2c_read_model_lag", model="pledge_status") == 2)
    finally:
        service.projections.start()

    require_soon(lambda: figure(client, "p2c_read_model_lag", model="pledge_status") == 0)
    require_soon(
        lambda: figure(client, "p2c_read_model_position", model="timeline") == figure(client, "p2c_ledger_position")
    )


def test_the_age_of_a_checkpoint_is_told_and_what_it_does_not_sign(client: Client, service: Service) -> None:
    client.announce()
    require_soon(lambda: figure(client, "p2c_checkpoint_size") == service.ledger.position)
    assert 0 <= figure(client, "p2c_checkpoint_age_seconds") < 30
    assert figure(client, "p2c_unsigned_entries") == figure(client, "p2c_signing_problem") == 0
    assert abs(figure(client, "p2c_clock_skew_seconds")) < 1, "it is one machine"

    key_file = service.signer.key_file
    assert key_file
    away = key_file.path.rename(key_file.path.with_suffix(".away"))
    client.announce()
    require_soon(lambda: figure(client, "p2c_signing_problem") == 1)
    require_soon(lambda: figure(client, "p2c_unsigned_entries") == 2 and figure(client, "p2c_unsigned_seconds") > 0)
    away.rename(key_file.path)

    require_soon(lambda: figure(client, "p2c_signing_problem") == 0 and figure(client, "p2c_unsigned_entries") == 0)


def test_the_pool_and_the_process_tell_of_themselves(client: Client, service: Service) -> None:
    before = figure(client, "p2c_pool_requests_total")
    client.get("/v1/pledges")

    assert figure(client, "p2c_pool_requests_total") > before
    assert figure(client, "p2c_pool_connections_max") == service.pool.max_size
    assert 0 < figure(client, "p2c_pool_connections_available") <= figure(client, "p2c_pool_connections")
    assert figure(client, "process_resident_memory_bytes") > 0
    assert figure(client, "p2c_build_info", version=p2c_version()) == 1
    assert figure(client, "p2c_database_up") == 1


def test_two_services_count_apart(client: Client, service: Service, empty_ledger: str) -> None:
    client.announce()
    with (
        open_on(empty_ledger) as other,
        serving(create_app(other)) as address,
        httpx.Client(base_url=address, timeout=30) as its,
    ):
        assert figure(its, "p2c_appends_total") == 0
        assert figure(its, "p2c_http_requests_total", operation="/v1/pledges", method="POST", status="201") == 0


def test_a_question_that_is_held_up_keeps_nobody_waiting(client: Client, service: Service) -> None:
    with superuser(service) as other, ThreadPoolExecutor(20) as askers:
        other.execute("LOCK TABLE ledger.checkpoints IN ACCESS EXCLUSIVE MODE")
        time.sleep(1.1)  # what was known before is stale
        threads = threading.active_count()
        answers = list(askers.map(lambda _: client.get("/metrics"), range(40)))
        grown = threading.active_count() - threads - 20

    assert {answer.status_code for answer in answers} == {200}
    assert answers[0].elapsed.total_seconds() < LOCK_TIMEOUT_MS / 1_000, "not as long as the question is held up"
    assert "p2c_database_up 0.0" in answers[0].text
    assert grown < 10
    require_soon(lambda: figure(client, "p2c_database_up") == 1)


def test_without_the_database_it_says_so_and_tells_nothing_stale(postgres: EmbeddedPostgres, empty_ledger: str) -> None:
    with (
        open_on(empty_ledger) as service,
        serving(create_app(service)) as address,
        httpx.Client(base_url=address, timeout=30) as its,
    ):
        assert figure(its, "p2c_database_up") == 1
        with unreachable(postgres, empty_ledger):
            require_soon(lambda: figure(its, "p2c_database_up") == 0)
            names = {name for name, _ in told(its)}
            assert names & LEDGER_ALONE == set()
            assert "p2c_http_requests_total" in names
        require_soon(lambda: figure(its, "p2c_database_up") == 1)

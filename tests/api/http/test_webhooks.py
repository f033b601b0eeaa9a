"""Webhooks over HTTP: whoever made one is told, sees what arrived, and has it sent again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from application.access import Permission
from domain.vocabulary import Role
from infrastructure.bootstrap import Service, open_on
from infrastructure.webhooks.subscriptions import MOST_OF_ONE_OWNER
from tests.api.http.register import Client, Json
from tests.api.http.test_metrics import figure
from tests.receiver import Endpoint, Receiver, status


@pytest.fixture(scope="module")
def service(conninfo: str) -> Iterator[Service]:
    """A service that sends, to this machine too."""
    with open_on(conninfo, deliver=True, private_webhooks=True) as service:
        yield service


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def bdt(anybody: Client, token: str, service: Service) -> Iterator[Client]:
    """BDT, whose webhooks are removed in the end."""
    anybody.headers["Authorization"] = f"Bearer {token}"
    yield anybody
    for webhook in service.webhooks.all():
        service.webhooks.remove(None, webhook.id)


def made(client: Client, endpoint: Endpoint, **more: Any) -> tuple[str, str]:
    """The address of a new webhook, and its secret."""
    answer = client.post("/v1/webhooks", json={"url": endpoint.url, **more})
    assert answer.status_code == 201, answer.text
    return f"/v1/webhooks/{answer.json()['webhook']['id']}", answer.json()["secret"]


def soon(found: Callable[[], Any]) -> Any:
    """What is found as soon as it is: messages are sent within a second."""
    deadline = time.monotonic() + 20
    while not (result := found()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return result


def log_of(client: Client, webhook: str) -> list[Json]:
    items: list[Json] = client.get(f"{webhook}/deliveries").json()["items"]
    return items


def the_one(state: str, client: Client, webhook: str) -> Callable[[], Json | None]:
    """The only message in the log, once it is in this state."""

    def look() -> Json | None:
        [delivery] = log_of(client, webhook)
        return delivery if delivery["state"] == state else None

    return look


def test_a_pledger_is_told_what_bdt_decided(bdt: Client, client: Client, receiver: Receiver, service: Service) -> None:
    lead = client.register()
    pledger = service.credentials.issue(Role.STAKEHOLDER, UUID(lead))[1]
    bdt.headers["Authorization"] = f"Bearer {pledger}"
    endpoint = receiver.endpoint()
    webhook, secret = made(bdt, endpoint, event_types=["pledge.validated.v1"], description="Decisions")
    reference = client.announce(lead=lead)
    position = client.on(reference, "validation", {"note": "Well."}).headers["Ledger-Position"]

    delivery = soon(the_one("delivered", bdt, webhook)) if soon(lambda: endpoint.received) else None

    [message] = endpoint.received
    told = message.verified(secret)
    assert (told["type"], told["data"]["summary"]) == ("pledge.validated.v1", "Admitted to the register: Well.")
    history = bdt.read(f"/v1/pledges/{reference}/history", position)["items"][-1]
    assert {name: history[name] for name in told["data"].keys() & history.keys()} == {
        name: told["data"][name] for name in told["data"].keys() & history.keys()
    }
    assert told["timestamp"] == history["recorded_at"]
    assert bdt.get(told["data"]["href"]).json()["reference"] == reference
    assert delivery is not None
    assert (delivery["message"], delivery["position"], delivery["last_status"]) == (message.id, int(position), 204)


def test_the_secret_is_shown_once_and_again_only_when_it_is_replaced(bdt: Client, receiver: Receiver) -> None:
    answer = bdt.post("/v1/webhooks", json={"url": receiver.endpoint().url})
    webhook, first = f"/v1/webhooks/{answer.json()['webhook']['id']}", answer.json()["secret"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert first not in bdt.get(webhook).text + bdt.get("/v1/webhooks").text
    assert bdt.get(webhook).json()["former_secret_until"] is None

    rotated = bdt.post(f"{webhook}/secret")

    assert rotated.headers["Cache-Control"] == "no-store"
    assert rotated.json()["secret"] != first
    assert rotated.json()["webhook"]["former_secret_until"]
    assert rotated.json()["secret"] not in bdt.get(webhook).text


def test_what_is_named_changes_and_nothing_else(bdt: Client, receiver: Receiver) -> None:
    webhook, _ = made(bdt, receiver.endpoint(), event_types=["pledge.validated.v1"], description="First")
    before = bdt.get(webhook).json()

    for change in (
        {"description": "Second"},
        {"description": None},
        {"event_types": None},
        {"event_types": ["pledge.announced.v1"]},
        {"url": receiver.endpoint().url},
        {"enabled": False},
        {"enabled": True},
        {},
    ):
        after = bdt.patch(webhook, json=change).json()
        told = {"disabled_at", "disabled_reason"} if "enabled" in change else set()
        assert {name for name in after if after[name] != before[name]} <= change.keys() | told
        assert change.items() <= after.items()
        before = after


def test_a_test_message_is_sent_at_once_and_tried_once(bdt: Client, receiver: Receiver) -> None:
    endpoint = receiver.endpoint(status(404, b"No such hook"))
    webhook, secret = made(bdt, endpoint)
    before = figure(bdt, "p2c_webhook_attempts_total", outcome="given_up")

    queued = bdt.post(f"{webhook}/test")

    assert queued.status_code == 202
    delivery = soon(the_one("failed", bdt, webhook))
    assert delivery["message"] == queued.json()["message"]
    assert (delivery["type"], delivery["position"], delivery["attempts"]) == ("webhook.test", None, 1)
    assert delivery["last_error"] == "It answered 404: No such hook"
    [message] = endpoint.received
    assert message.verified(secret)["type"] == "webhook.test"
    assert figure(bdt, "p2c_webhook_attempts_total", outcome="given_up") == before + 1


def test_a_message_is_sent_again_whenever_its_owner_wants(bdt: Client, receiver: Receiver) -> None:
    endpoint = receiver.endpoint()
    webhook, _ = made(bdt, endpoint)
    message = bdt.post(f"{webhook}/test").json()["message"]
    soon(the_one("delivered", bdt, webhook))

    assert bdt.post(f"{webhook}/deliveries/{message}/retry").json()["state"] == "pending"

    delivery = soon(the_one("delivered", bdt, webhook))
    assert delivery["attempts"] == 2
    assert endpoint.ids == [message, message]


def test_nothing_is_sent_to_a_webhook_that_is_disabled(bdt: Client, client: Client, receiver: Receiver) -> None:
    endpoint = receiver.endpoint(status(410))
    webhook, _ = made(bdt, endpoint)
    message = bdt.post(f"{webhook}/test").json()["message"]
    disabled = soon(lambda: (found := bdt.get(webhook).json()) and not found["enabled"] and found)

    assert disabled["disabled_reason"] == "The endpoint answered 410 Gone: it wants no more messages."
    for refused in (f"{webhook}/test", f"{webhook}/deliveries/{message}/retry"):
        answer = bdt.post(refused)
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/webhook-disabled")
    soon(lambda: figure(bdt, "p2c_webhooks", state="disabled") == 1)

    endpoint.answers = []
    assert bdt.patch(webhook, json={"enabled": True}).json()["disabled_at"] is None
    client.register()
    soon(lambda: len(endpoint.received) == 2)


def test_the_log_comes_in_pages_the_newest_first(bdt: Client, receiver: Receiver) -> None:
    webhook, _ = made(bdt, receiver.endpoint())
    other, _ = made(bdt, receiver.endpoint())
    sent = [bdt.post(f"{webhook}/test").json()["message"] for _ in range(5)]
    found, address = [], f"{webhook}/deliveries?limit=2"
    while address:
        page = bdt.get(address)
        found += [delivery["message"] for delivery in page.json()["items"]]
        address = page.links.get("next", {}).get("url", "")

    assert found == sent[::-1]
    cursor = bdt.get(f"{webhook}/deliveries?limit=2").json()["next"]
    answer = bdt.get(f"{other}/deliveries", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-cursor")


def test_a_webhook_that_is_removed_is_no_more(bdt: Client, receiver: Receiver, service: Service) -> None:
    webhook, secret = made(bdt, receiver.endpoint())
    bdt.post(f"{webhook}/test")
    soon(the_one("delivered", bdt, webhook))

    assert bdt.delete(webhook).json() == {"removed": webhook.rpartition("/")[2]}

    for answer in (
        bdt.get(webhook),
        bdt.delete(webhook),
        bdt.get(f"{webhook}/deliveries"),
        bdt.post(f"{webhook}/test"),
    ):
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-such-webhook")
    with psycopg.connect(str(service.pool.conninfo)) as connection:
        kept = connection.execute("SELECT webhooks::text FROM ledger.webhooks").fetchall()
        kept += connection.execute("SELECT webhook_deliveries::text FROM ledger.webhook_deliveries").fetchall()
    assert [row for (row,) in kept if secret in row or webhook.rpartition("/")[2] in row] == []


@pytest.mark.parametrize(
    ("body", "problem", "field"),
    [
        ({}, "invalid-request", "/url"),
        ({"url": "hirondelle.example"}, "invalid-request", "/url"),
        ({"url": "ftp://hirondelle.example"}, "invalid-request", "/url"),
        ({"url": "http://8.8.8.8/x"}, "unsuitable-webhook", "/url"),
        ({"url": "https://u:p@hirondelle.example/x"}, "unsuitable-webhook", "/url"),
        ({"url": "https://169.254.169.254/x"}, "unsuitable-webhook", "/url"),
        ({"url": "https://hirondelle.example:22/x"}, "unsuitable-webhook", "/url"),
        ({"url": "https://hirondelle.example", "event_types": []}, "invalid-request", "/event_types"),
        ({"url": "https://hirondelle.example", "event_types": ["pledge.sold.v1"]}, "invalid-request", "/event_types/0"),
        ({"url": "https://hirondelle.example", "secret": "whsec_mine"}, "invalid-request", "/secret"),
        ({"url": "https://hirondelle.example", "description": "x" * 301}, "invalid-request", "/description"),
    ],
)
def test_a_webhook_that_makes_no_sense_is_refused(bdt: Client, body: Json, problem: str, field: str) -> None:
    answer = bdt.post("/v1/webhooks", json=body)

    assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{problem}")
    assert answer.json()["errors"][0]["field"] == field
    assert bdt.get("/v1/webhooks").json() == {"items": []}


def test_there_are_so_many_webhooks_and_no_more(bdt: Client) -> None:
    url = {"url": "https://hirondelle.example"}
    for _ in range(MOST_OF_ONE_OWNER):
        assert bdt.post("/v1/webhooks", json=url).status_code == 201

    answer = bdt.post("/v1/webhooks", json=url)

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/too-many-webhooks")


def test_a_message_that_never_was_is_not_sent_again(bdt: Client, receiver: Receiver) -> None:
    webhook, _ = made(bdt, receiver.endpoint())

    answer = bdt.post(f"{webhook}/deliveries/msg_{uuid4().hex}/retry")

    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-such-delivery")


def test_everybody_who_speaks_for_an_owner_looks_after_its_webhooks(
    bdt: Client, receiver: Receiver, service: Service
) -> None:
    webhook, _ = made(bdt, receiver.endpoint())
    scopes = [Permission.READ, Permission.WEBHOOKS]
    credential, colleague = service.credentials.issue(Role.BDT, scopes=scopes)
    bdt.headers["Authorization"] = f"Bearer {colleague}"

    assert bdt.get(webhook).json()["created_by"] != str(credential.id)
    assert bdt.patch(webhook, json={"description": "Ours"}).status_code == 200

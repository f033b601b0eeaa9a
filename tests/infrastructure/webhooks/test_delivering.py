"""Messages arrive signed, in order, once if all goes well, and again where it does not."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.server import BaseHTTPRequestHandler

import pytest
from standardwebhooks.webhooks import WebhookVerificationError

from audit.envelope import Envelopes
from infrastructure.bootstrap import Service
from infrastructure.webhooks import sending
from infrastructure.webhooks.deliveries import DeliveryState
from infrastructure.webhooks.outbox import Outbox
from infrastructure.webhooks.queue import GONE
from infrastructure.webhooks.schedule import JITTER, WAITS, Schedule
from infrastructure.webhooks.sending import LONGEST_EXCERPT, Sender
from infrastructure.webhooks.signatures import new_secret
from projections.ledger_entries import Batch
from tests.infrastructure.webhooks.conftest import AT_ONCE, BDT, delivering, log_of
from tests.receiver import Answer, Received, Receiver, status
from tests.service_process import ROOT
from tests.superuser import superuser

Happen = Callable[..., list[int]]

PENDING, DELIVERED, FAILED = DeliveryState.PENDING, DeliveryState.DELIVERED, DeliveryState.FAILED


def later(service: Service, **time: str) -> None:
    """Let what the database remembers of webhooks be older, column by column."""
    with superuser(service, autocommit=True) as connection:
        for column, interval in time.items():
            table = "webhook_deliveries" if column in ("created_at", "next_attempt_at") else "webhooks"
            connection.execute(f"UPDATE ledger.{table} SET {column} = {column} - interval '{interval}'".encode())


def refused(message: Received, secret: str) -> bool:
    """Whether the reference implementation does not take it for genuine."""
    with pytest.raises(WebhookVerificationError) as refusal:
        message.verified(secret)
    return "No matching signature" in str(refusal.value)


def test_the_reference_implementation_accepts_what_is_sent(
    service: Service, receiver: Receiver, happen: Happen
) -> None:
    endpoint = receiver.endpoint()
    webhook, secret = service.webhooks.add(BDT, endpoint.url)
    [position] = happen()

    delivering(service).deliver_due()

    [message] = endpoint.received
    told = message.verified(secret)
    assert told["type"] == "organisation.registered.v1"
    assert told["data"]["position"] == position
    assert told["data"]["summary"] == "Registered Somebody."
    assert message.headers["content-type"] == "application/json"
    assert message.id.startswith("msg_")
    [delivery] = log_of(service, webhook.id)
    assert (delivery.message, delivery.position, delivery.state) == (message.id, position, DELIVERED)
    assert (delivery.attempts, delivery.last_status, delivery.last_error) == (1, 204, None)


def test_and_nothing_that_is_signed_with_another_secret_or_was_changed(
    service: Service, receiver: Receiver, happen: Happen
) -> None:
    endpoint = receiver.endpoint()
    _, secret = service.webhooks.add(BDT, endpoint.url)
    happen()
    delivering(service).deliver_due()

    [message] = endpoint.received
    assert refused(message, new_secret())
    assert refused(Received(headers=message.headers, body=message.body + b" "), secret)
    assert refused(Received(headers={**message.headers, "webhook-id": "msg_other"}, body=message.body), secret)


def test_while_a_secret_changes_messages_are_signed_with_both(
    service: Service, receiver: Receiver, happen: Happen
) -> None:
    endpoint = receiver.endpoint()
    webhook, first = service.webhooks.add(BDT, endpoint.url)
    changed, second = service.webhooks.rotate_secret(BDT, webhook.id)
    assert changed.former_secret_until
    happen()
    delivering(service).deliver_due()
    assert endpoint.received[-1].verified(first) == endpoint.received[-1].verified(second)

    later(service, former_secret_until="24 hours")
    happen()
    delivering(service).deliver_due()

    assert endpoint.received[-1].verified(second)
    assert refused(endpoint.received[-1], first)


def test_a_secret_that_was_replaced_twice_signs_no_longer(service: Service, receiver: Receiver, happen: Happen) -> None:
    endpoint = receiver.endpoint()
    webhook, stolen = service.webhooks.add(BDT, endpoint.url)
    for _ in range(2):
        service.webhooks.rotate_secret(BDT, webhook.id)
    happen()

    delivering(service).deliver_due()

    assert refused(endpoint.received[0], stolen)


def test_a_message_that_does_not_arrive_is_sent_again_under_the_same_id(
    service: Service, receiver: Receiver, happen: Happen
) -> None:
    endpoint = receiver.endpoint(status(500), status(503), status(429), status(200, b"ok"))
    webhook, secret = service.webhooks.add(BDT, endpoint.url)
    happen()

    delivering(service).deliver_due()

    assert len(endpoint.ids) == 4
    assert len(set(endpoint.ids)) == 1
    assert {message.body for message in endpoint.received} == {endpoint.received[0].body}
    assert all(message.verified(secret) for message in endpoint.received)
    [delivery] = log_of(service, webhook.id)
    assert (delivery.state, delivery.attempts, delivery.last_status) == (DELIVERED, 4, 200)


def test_first_attempts_are_made_in_the_order_of_the_ledger_whatever_fails(
    service: Service, receiver: Receiver, happen: Happen
) -> None:
    endpoint = receiver.endpoint(status(500), status(500), status(204))
    _, secret = service.webhooks.add(BDT, endpoint.url)
    positions = happen(5)
    delivering(service, Schedule(waits=(3600.0,))).deliver_due()

    assert [message.verified(secret)["data"]["position"] for message in endpoint.received] == positions


def test_even_where_the_clock_went_back_in_between(service: Service, receiver: Receiver, happen: Happen) -> None:
    endpoint = receiver.endpoint(status(500))
    _, secret = service.webhooks.add(BDT, endpoint.url)
    first = happen()
    once = delivering(service, Schedule(waits=(3600.0,)))
    once._parts[0].fill()
    later_ones = happen(2)
    once._parts[0].fill()
    with superuser(service, autocommit=True) as connection:
        connection.execute(
            "UPDATE ledger.webhook_deliveries SET next_attempt_at = next_attempt_at - interval '1 second'"
            " WHERE position > %s",
            (first[0],),
        )

    once.deliver_due()

    told = [message.verified(secret)["data"]["position"] for message in endpoint.received]
    assert told == [*first, *later_ones]


def test_the_waits_are_those_of_the_specification_with_some_chance_and_have_an_end() -> None:
    assert [Schedule(chance=lambda: 0.0).wait_after(n) for n in range(1, 11)] == [*WAITS, None]
    assert [Schedule(chance=lambda: 1.0).wait_after(n) for n in range(1, 10)] == [w * (1 + JITTER) for w in WAITS]
    assert [wait / 3_600 for wait in WAITS[3:]] == [2, 5, 10, 14, 20, 24]


def test_an_endpoint_is_left_alone_for_as_long_as_it_asks_up_to_a_day() -> None:
    schedule = Schedule(chance=lambda: 0.0)

    assert schedule.wait_after(1, 120.0) == 120.0
    assert schedule.wait_after(2, 120.0) == 300.0
    assert schedule.wait_after(1, 1e9) == 86_400.0


def test_when_it_is_tried_again_stands_in_the_log(service: Service, receiver: Receiver, happen: Happen) -> None:
    endpoint = receiver.endpoint(status(503, b"Down for\nmaintenance", Retry_After="120"))
    webhook, _ = service.webhooks.add(BDT, endpoint.url)
    happen()

    for _ in range(2):
        delivering(service, Schedule(chance=lambda: 0.0)).deliver_due()

    assert len(endpoint.received) == 1, "it is not time yet"
    [delivery] = log_of(service, webhook.id)
    assert delivery.next_attempt_at
    assert delivery.last_attempt_at
    assert delivery.next_attempt_at - delivery.last_attempt_at == pytest.approx(
        timedelta(seconds=120), abs=timedelta(seconds=1)
    )
    assert (delivery.state, delivery.last_error) == (PENDING, "It answered 503: Down for maintenance")
    later(service, next_attempt_at="121 seconds")
    delivering(service).deliver_due()
    assert endpoint.ids[0] == endpoint.ids[1]


def test_what_was_given_up_is_sent_again_where_its_owner_says_so(
    service: Service, receiver: Receiver, happen: Happen
) -> None:
    endpoint = receiver.endpoint(status(500))
    webhook, _ = service.webhooks.add(BDT, endpoint.url)
    happen()
    delivering(service).deliver_due()
    [given_up] = log_of(service, webhook.id)
    assert (given_up.state, given_up.attempts, given_up.next_attempt_at) == (FAILED, 4, None)

    endpoint.answers = []
    assert service.webhooks.deliveries.retry(BDT, webhook.id, given_up.message).state is PENDING
    delivering(service).deliver_due()

    [delivery] = log_of(service, webhook.id)
    assert (delivery.state, delivery.attempts, delivery.message) == (DELIVERED, 5, given_up.message)
    assert set(endpoint.ids) == {given_up.message}


def killing(process: list[subprocess.Popen[bytes]]) -> Answer:
    """An endpoint that has the message when its sender is killed, and never answers."""

    def answer(_: BaseHTTPRequestHandler) -> None:
        process[0].send_signal(signal.SIGKILL)
        process[0].wait()

    return answer


def test_a_process_that_is_killed_before_it_recorded_what_it_sent_sends_it_again(
    service: Service, receiver: Receiver, happen: Happen
) -> None:
    processes: list[subprocess.Popen[bytes]] = []
    endpoint = receiver.endpoint(killing(processes), status(204))
    webhook, secret = service.webhooks.add(BDT, endpoint.url)
    happen(2)
    program = (
        "import sys\nfrom infrastructure.bootstrap import open_on\n"
        "with open_on(sys.argv[1], deliver=True, private_webhooks=True) as service:\n"
        "    sys.stdin.read(1)\n"
        "    service.deliverer.deliver_due()\n"
    )
    conninfo = superuser(service)
    arguments = [sys.executable, "-c", program, conninfo.info.dsn]
    conninfo.close()
    with subprocess.Popen(arguments, cwd=ROOT, stdin=subprocess.PIPE) as process:
        processes.append(process)
        process.communicate(b"!", timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert [delivery.state for delivery in log_of(service, webhook.id)] == [PENDING, PENDING]

    delivering(service).deliver_due()

    first, again, second = endpoint.received
    assert first.id == again.id != second.id
    assert first.verified(secret) == again.verified(secret)
    assert [delivery.state for delivery in log_of(service, webhook.id)] == [DELIVERED, DELIVERED]


def test_whoever_is_gone_is_sent_nothing_more_until_enabled_again(
    service: Service, receiver: Receiver, happen: Happen
) -> None:
    endpoint = receiver.endpoint(status(410))
    webhook, secret = service.webhooks.add(BDT, endpoint.url)
    positions = happen(2)
    for _ in range(2):
        delivering(service).deliver_due()
    assert len(endpoint.received) == 1
    disabled = service.webhooks.get(BDT, webhook.id)
    assert (disabled.enabled, disabled.disabled_reason) == (False, GONE)

    endpoint.answers = []
    positions += happen(2)
    delivering(service).deliver_due()
    assert len(endpoint.received) == 1
    assert service.webhooks.change(BDT, webhook.id, enabled=True).enabled
    delivering(service).deliver_due()

    missed = [message.verified(secret)["data"]["position"] for message in endpoint.received[1:]]
    assert sorted(missed) == positions


def test_whoever_is_enabled_again_after_longer_is_told_of_thirty_days(
    service: Service, receiver: Receiver, happen: Happen
) -> None:
    endpoint = receiver.endpoint()
    webhook, _ = service.webhooks.add(BDT, endpoint.url)
    service.webhooks.change(BDT, webhook.id, enabled=False)
    *_, last = happen(2)
    with superuser(service, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # past the guard of the ledger
        connection.execute("UPDATE ledger.events SET recorded_at = recorded_at - interval '31 days'")

    assert service.webhooks.change(BDT, webhook.id, enabled=True).position == last
    [new] = happen()
    delivering(service).deliver_due()

    assert [delivery.position for delivery in log_of(service, webhook.id)] == [new]


def test_an_endpoint_that_failed_for_five_days_is_left_alone(
    service: Service, receiver: Receiver, happen: Happen
) -> None:
    endpoint = receiver.endpoint(status(500, b"Out of order"))
    webhook, _ = service.webhooks.add(BDT, endpoint.url)
    happen()
    hourly = Schedule(waits=(3600.0,) * 9)
    delivering(service, hourly).deliver_due()
    later(service, failing_since="4 days 23 hours")
    happen()
    delivering(service, hourly).deliver_due()
    assert service.webhooks.get(BDT, webhook.id).enabled

    later(service, failing_since="2 hours")
    happen()
    delivering(service, hourly).deliver_due()

    disabled = service.webhooks.get(BDT, webhook.id)
    assert not disabled.enabled
    assert disabled.disabled_reason == "Every attempt failed for 5 days, the last one so: It answered 500: Out of order"


def test_a_failure_long_after_another_one_is_the_first_again(
    service: Service, receiver: Receiver, happen: Happen
) -> None:
    endpoint = receiver.endpoint(status(500))
    webhook, _ = service.webhooks.add(BDT, endpoint.url)
    happen()
    delivering(service).deliver_due()
    later(service, failing_since="10 days", last_failed_at="10 days")

    happen()
    delivering(service).deliver_due()

    assert service.webhooks.get(BDT, webhook.id).enabled


def test_a_success_ends_the_failing(service: Service, receiver: Receiver, happen: Happen) -> None:
    endpoint = receiver.endpoint(status(500), status(204))
    webhook, _ = service.webhooks.add(BDT, endpoint.url)
    happen()
    delivering(service, Schedule(waits=(3600.0,))).deliver_due()
    assert service.webhooks.get(BDT, webhook.id).failing_since

    happen()
    delivering(service).deliver_due()

    assert service.webhooks.get(BDT, webhook.id).failing_since is None


def test_a_slow_endpoint_keeps_nobody_waiting_and_no_connection_of_the_database(
    service: Service, receiver: Receiver, happen: Happen
) -> None:
    fast_has_all, in_use = threading.Event(), []

    def slow(request: BaseHTTPRequestHandler) -> None:
        assert fast_has_all.wait(20)
        status(204)(request)

    def count(request: BaseHTTPRequestHandler) -> None:
        stats = service.pool.get_stats()
        in_use.append(stats["pool_size"] - stats["pool_available"])
        status(204)(request)
        if len(fast.received) == 5:
            fast_has_all.set()

    slow_one, fast = receiver.endpoint(slow), receiver.endpoint(count)
    for endpoint in (slow_one, fast):
        service.webhooks.add(BDT, endpoint.url)
    happen(5)
    service.ledger.stop()  # a writer of appends keeps its connection for a moment

    delivering(service).deliver_due()

    assert fast_has_all.is_set()
    assert len(slow_one.received) == len(fast.received) == 5
    assert in_use[1:] == [0] * 4, "the first may come while the slow one is being looked up"


def dripping(request: BaseHTTPRequestHandler) -> None:
    """A header that never ends."""
    request.wfile.write(b"HTTP/1.1 204 No Content\r\nX-Slow: ")
    while True:
        request.wfile.write(b"x")
        threading.Event().wait(0.02)


def test_however_slowly_an_endpoint_answers_an_attempt_has_an_end(
    service: Service, receiver: Receiver, happen: Happen
) -> None:
    endpoint = receiver.endpoint(dripping)
    webhook, _ = service.webhooks.add(BDT, endpoint.url)
    happen()

    delivering(service, Schedule(waits=()), Sender(private=True, seconds=0.3)).deliver_due()

    [delivery] = log_of(service, webhook.id)
    assert (delivery.state, delivery.last_error) == (FAILED, "It did not answer within 0.3 seconds.")


def endless(request: BaseHTTPRequestHandler) -> None:
    request.send_response(500)
    request.end_headers()
    while True:
        request.wfile.write(b"\x1b[2Jno\n" * 10_000)


def test_of_an_answer_no_more_is_read_than_is_kept(
    service: Service, receiver: Receiver, happen: Happen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "EXCERPT_SECONDS", 60.0)
    endpoint = receiver.endpoint(endless)
    webhook, _ = service.webhooks.add(BDT, endpoint.url)
    happen()

    delivering(service, Schedule(waits=()), Sender(private=True, seconds=2.0)).deliver_due()

    [delivery] = log_of(service, webhook.id)
    assert delivery.last_error
    assert delivery.last_error.startswith("It answered 500: \\u001b[2Jno")
    assert len(delivery.last_error) < 3 * LONGEST_EXCERPT
    assert delivery.last_error.isprintable()


def falling_silent(request: BaseHTTPRequestHandler) -> None:
    request.send_response(410)
    request.send_header("Content-Length", "100")
    request.end_headers()
    request.wfile.write(b"Over")
    request.rfile.read(1)  # until the other side is gone


def test_a_status_counts_although_the_rest_of_the_answer_never_comes(
    service: Service, receiver: Receiver, happen: Happen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "EXCERPT_SECONDS", 0.05)
    endpoint = receiver.endpoint(falling_silent)
    webhook, _ = service.webhooks.add(BDT, endpoint.url)
    happen()

    delivering(service).deliver_due()

    assert not service.webhooks.get(BDT, webhook.id).enabled
    [delivery] = log_of(service, webhook.id)
    assert (delivery.last_status, delivery.last_error) == (410, "It answered 410: Over")


def test_a_redirect_is_not_followed(service: Service, receiver: Receiver, happen: Happen) -> None:
    elsewhere = receiver.endpoint()
    endpoint = receiver.endpoint(status(307, Location=elsewhere.url))
    webhook, _ = service.webhooks.add(BDT, endpoint.url)
    happen()

    delivering(service, Schedule(waits=())).deliver_due()

    assert elsewhere.received == []
    [delivery] = log_of(service, webhook.id)
    assert delivery.last_error == "It answered 307, a redirect, which is not followed."


def test_two_who_deliver_at_once_make_no_message_twice(service: Service, receiver: Receiver, happen: Happen) -> None:
    endpoint = receiver.endpoint()
    webhook, _ = service.webhooks.add(BDT, endpoint.url)
    positions = happen(20)

    with ThreadPoolExecutor(2) as both:
        for done in [both.submit(delivering(service).deliver_due) for _ in range(2)]:
            done.result()

    deliveries = log_of(service, webhook.id)
    assert [delivery.position for delivery in deliveries] == positions
    assert {(delivery.state, delivery.attempts) for delivery in deliveries} == {(DELIVERED, 1)}
    assert set(endpoint.ids) == {delivery.message for delivery in deliveries}


def test_no_message_is_made_for_a_webhook_that_is_disabled_meanwhile(service: Service, happen: Happen) -> None:
    webhook, _ = service.webhooks.add(BDT, "https://example.org/")
    happen()

    class Interrupted(Outbox):
        def _after(self, position: int) -> Batch:
            service.webhooks.change(BDT, webhook.id, enabled=False)
            return super()._after(position)

    Interrupted(service.pool, service.ledger, Envelopes()).fill()

    assert log_of(service, webhook.id) == []
    assert service.webhooks.get(BDT, webhook.id).position == webhook.position, "so that it is told when enabled again"


def test_only_the_process_that_leads_sends(service: Service, receiver: Receiver, happen: Happen) -> None:
    endpoint, arrived, asked = receiver.endpoint(), threading.Event(), threading.Semaphore(0)
    leads = threading.Event()

    def take(request: BaseHTTPRequestHandler) -> None:
        status(204)(request)
        arrived.set()

    def is_ours() -> bool:
        asked.release()
        return leads.is_set()

    endpoint.answers = [take]
    webhook, _ = service.webhooks.add(BDT, endpoint.url)
    happen()
    deliverer = delivering(service)
    deliverer.start(is_ours, lambda: 0)
    try:
        for _ in range(2):
            assert asked.acquire(timeout=20)
        assert endpoint.received == []
        assert log_of(service, webhook.id) == []
        leads.set()
        assert arrived.wait(20)
    finally:
        deliverer.stop()


def test_what_keeps_messages_from_being_sent_is_told_once_and_they_are_sent_when_it_is_over(
    service: Service, receiver: Receiver, happen: Happen, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint, arrived, asked = receiver.endpoint(), threading.Event(), threading.Semaphore(0)

    def take(request: BaseHTTPRequestHandler) -> None:
        status(204)(request)
        arrived.set()

    def is_ours() -> bool:
        asked.release()
        return True

    endpoint.answers = [take]
    webhook, secret = service.webhooks.add(BDT, endpoint.url)
    with superuser(service, autocommit=True) as connection:
        change = "UPDATE ledger.webhooks SET secret = %s WHERE id = %s"
        connection.execute(change, ("whsec_no", webhook.id))
        happen()
        deliverer = delivering(service)
        with caplog.at_level("WARNING", logger="infrastructure.webhooks"):
            deliverer.start(is_ours, lambda: 0)
            try:
                for _ in range(6):
                    assert asked.acquire(timeout=20)
                connection.execute(change, (secret, webhook.id))
                assert arrived.wait(20)
            finally:
                deliverer.stop()

    assert [record.getMessage() for record in caplog.records if record.name.startswith("infrastructure")] == [
        "webhooks are not delivered; trying until they are: Incorrect padding"
    ]


def test_it_ends_when_it_is_told_to_although_an_endpoint_does_not_answer(
    service: Service, receiver: Receiver, happen: Happen
) -> None:
    asked, over = threading.Event(), threading.Event()

    def silent(_: BaseHTTPRequestHandler) -> None:
        asked.set()
        over.wait(30)

    endpoint = receiver.endpoint(silent)
    webhook, _ = service.webhooks.add(BDT, endpoint.url)
    happen()
    deliverer = delivering(service)
    deliverer.start(lambda: True, lambda: 0)
    assert asked.wait(20)

    deliverer.stop()

    over.set()
    [delivery] = log_of(service, webhook.id)
    assert (delivery.state, delivery.attempts) == (PENDING, 0)


def test_what_is_older_than_thirty_days_is_forgotten(service: Service, receiver: Receiver, happen: Happen) -> None:
    endpoint = receiver.endpoint()
    webhook, _ = service.webhooks.add(BDT, endpoint.url)
    happen()
    delivering(service).deliver_due()
    later(service, created_at="31 days")
    [new] = happen()
    deliverer = delivering(service)
    deliverer.deliver_due()

    assert deliverer._parts[1].forget_old() == 1
    assert [delivery.position for delivery in log_of(service, webhook.id)] == [new]


def test_neither_secrets_nor_whole_addresses_are_logged(
    service: Service, receiver: Receiver, happen: Happen, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint = receiver.endpoint(status(500), status(410))
    _, secret = service.webhooks.add(BDT, endpoint.url)
    happen()

    with caplog.at_level("INFO", logger="infrastructure.webhooks"):
        delivering(service, AT_ONCE).deliver_due()

    said = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("infrastructure"))
    assert "did not take msg_" in said
    assert "is disabled: The endpoint answered 410 Gone" in said
    assert "/private-" not in said
    assert secret[:12] not in said


def test_the_receiver_that_the_guide_shows_works(service: Service, receiver: Receiver, happen: Happen) -> None:
    endpoint = receiver.endpoint(status(500), status(204))
    _, secret = service.webhooks.add(BDT, endpoint.url)
    happen()
    delivering(service).deliver_due()
    worked_on: list[object] = []
    seen: set[str] = set()
    guide = {"SECRET": secret, "work_on": worked_on.append}
    shown = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "webhooks.md").read_text("utf-8"), re.DOTALL)
    assert shown
    exec(shown[1], guide)
    receive: Callable[..., int] = guide["receive"]  # type: ignore[assignment]

    answers = [receive(message.headers, message.body, seen) for message in endpoint.received]

    assert answers == [204, 204]
    assert len(worked_on) == 1
    assert receive(endpoint.received[0].headers, b"{}", seen) == 401

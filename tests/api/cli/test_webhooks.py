"""`p2c webhook`: whoever runs the machine sees and looks after the webhooks of everybody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from uuid import uuid4

import pytest

from domain.vocabulary import Role
from infrastructure.bootstrap import Service, open_on
from infrastructure.webhooks.deliveries import DeliveryState
from infrastructure.webhooks.queue import Queue
from infrastructure.webhooks.sending import Attempt
from tests.api.cli.conftest import Run
from tests.projections.ledgers import append, registered

URL = "https://hooks.example/p2c"


@pytest.fixture
def service(empty_ledger: str) -> Iterator[Service]:
    """The service on the database that the commands work on."""
    with open_on(empty_ledger) as service:
        yield service


def added(run: Run, *more: str) -> str:
    """The id of a new webhook."""
    answer = run("webhook", "add", URL, *more, "--json")
    assert answer.exit_code == 0, answer.output
    return str(json.loads(answer.stdout)["id"])


def given_up(service: Service) -> list[str]:
    """The ids of test messages that failed, one for each webhook."""
    tests = [service.webhooks.deliveries.test(None, webhook.id) for webhook in service.webhooks.all()]
    queue = Queue(service.pool)
    for webhook in queue.due():
        due = queue.next_for(webhook)
        assert due
        queue.record(due, Attempt(status=500, problem="It answered 500: \x1b[2Jno"))
    return [test.message for test in tests]


def test_the_secret_alone_goes_to_standard_output(on_ledger: Run, service: Service) -> None:
    answer = on_ledger("webhook", "add", URL, "--role", "bdt", "--type", "pledge.announced.v1", "--description", "Ours")

    assert answer.exit_code == 0
    assert answer.stdout.startswith("whsec_")
    assert len(answer.stdout.split()) == 1
    [webhook] = service.webhooks.all()
    assert str(webhook.id) in answer.stderr
    assert (webhook.owner.role, webhook.url, webhook.description) == (Role.BDT, URL, "Ours")
    assert webhook.event_types == ("pledge.announced.v1",)


def test_webhooks_are_listed_with_whose_they_are_and_without_secrets(on_ledger: Run, service: Service) -> None:
    assert on_ledger("webhook", "list").stdout == "There are no webhooks.\n"
    [entry] = append(service, [[registered("Hirondelle")]])
    organisation = str(entry.event.originator_id)
    id = added(on_ledger, "--role", "stakeholder", "--organisation", organisation)

    listed = on_ledger("webhook", "list")
    assert "Hirondelle" in listed.stdout
    assert "enabled" in listed.stdout
    assert "whsec_" not in listed.stdout
    [document] = json.loads(on_ledger("webhook", "list", "--json").stdout)
    assert (document["id"], document["organisation"], document["event_types"]) == (id, organisation, None)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["http://hooks.example/", "--role", "bdt"], 2),
        ([URL, "--role", "bdt", "--type", "pledge.sold.v1"], 2),
        ([URL, "--role", "admin"], 2),
        ([URL, "--role", "stakeholder"], 2),
        ([URL, "--role", "bdt", "--organisation", str(uuid4())], 2),
        ([URL, "--role", "stakeholder", "--organisation", str(uuid4())], 1),
    ],
)
def test_no_webhook_is_made_that_makes_no_sense(
    on_ledger: Run, service: Service, arguments: list[str], code: int
) -> None:
    assert on_ledger("webhook", "add", *arguments).exit_code == code
    assert service.webhooks.all() == []


def test_one_is_removed_by_the_beginning_of_its_id(on_ledger: Run, service: Service) -> None:
    id = added(on_ledger, "--role", "auditor")

    assert on_ledger("webhook", "remove", id[:8]).stdout == f"Removed {id}.\n"
    assert service.webhooks.all() == []
    again = on_ledger("webhook", "remove", id)
    assert again.exit_code == 1
    assert "`p2c webhook list` shows the ids" in again.stderr


def test_what_was_given_up_is_shown_and_sent_again(on_ledger: Run, service: Service) -> None:
    id = added(on_ledger, "--role", "bdt")
    assert "no messages" in on_ledger("webhook", "deliveries", id).stdout
    [message] = given_up(service)

    shown = on_ledger("webhook", "deliveries", id[:8]).stdout
    assert "It answered 500: \\u001b[2Jno" in shown
    assert [d["message"] for d in json.loads(on_ledger("webhook", "deliveries", id, "--json").stdout)] == [message]
    assert on_ledger("webhook", "retry", id).stdout == "1 to be sent again.\n"
    [delivery] = service.webhooks.deliveries.page(None, service.webhooks.all()[0].id)
    assert delivery.state is DeliveryState.PENDING
    assert on_ledger("webhook", "retry", id).stdout == "No message was given up.\n"
    assert on_ledger("webhook", "retry", id, message).stdout == "1 to be sent again.\n"


def test_what_never_was_or_is_disabled_is_not_sent(on_ledger: Run, service: Service) -> None:
    id = added(on_ledger, "--role", "bdt")
    [message] = given_up(service)
    unknown = on_ledger("webhook", "retry", id, "msg_unknown")
    assert (unknown.exit_code, "no message msg_unknown" in unknown.stderr) == (1, True)

    service.webhooks.change(None, service.webhooks.all()[0].id, enabled=False)
    disabled = on_ledger("webhook", "retry", id, message)
    assert (disabled.exit_code, "Its owner disabled it" in disabled.stderr) == (1, True)
    assert "disabled: Its owner disabled it." in on_ledger("webhook", "list").stdout

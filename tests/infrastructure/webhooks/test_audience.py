"""Who is told of what: what they may know of, that they want, from when they said so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest

from application.access import Owner
from audit.envelope import TYPES
from domain.vocabulary import Role
from infrastructure.bootstrap import Service
from infrastructure.webhooks.faults import TooManyWebhooks, UnsuitableWebhook
from infrastructure.webhooks.subscriptions import MOST_OF_ONE_OWNER
from tests.given import announced, contributed, contribution, declined, organisation, party, schools, validated
from tests.infrastructure.webhooks.conftest import BDT, delivering
from tests.projections.ledgers import append, pledge, registered
from tests.receiver import Endpoint, Receiver

AUDITOR = Owner(role=Role.AUDITOR)
LEAD = Owner(role=Role.STAKEHOLDER, organisation=organisation("Lead").id)
PARTNER = Owner(role=Role.STAKEHOLDER, organisation=organisation("Partner").id)
STRANGER = Owner(role=Role.STAKEHOLDER, organisation=uuid4())
PARTIES, INSIDERS = (LEAD, PARTNER), (BDT, AUDITOR)


def told(endpoint: Endpoint, secret: str) -> list[dict[str, Any]]:
    return [message.verified(secret) for message in endpoint.received]


def types_told(service: Service, receiver: Receiver, owner: Owner, history: Sequence[Any], **wanted: Any) -> list[str]:
    """What an owner is told of a history that begins after the webhook was made."""
    endpoint = receiver.endpoint()
    _, secret = service.webhooks.add(owner, endpoint.url, **wanted)
    append(service, [[event] for event in history])
    delivering(service).deliver_due()
    return [message["type"].removeprefix("pledge.") for message in told(endpoint, secret)]


def admitted_later() -> Sequence[Any]:
    delivered = contributed(contribution("c1", 3))
    return pledge("P2C-2026-000001", announced(schools(10), partners=(party("Partner"),)), delivered, validated())


ALL = ["announced.v1", "partially_fulfilled.v1", "validated.v1"]


@pytest.mark.parametrize("owner", [*PARTIES, *INSIDERS], ids=["lead", "partner", "bdt", "auditor"])
def test_parties_and_insiders_are_told_of_a_pledge_before_it_is_admitted(
    service: Service, receiver: Receiver, owner: Owner
) -> None:
    assert types_told(service, receiver, owner, admitted_later()) == ALL


def test_everybody_else_is_told_from_its_admission_on(service: Service, receiver: Receiver) -> None:
    assert types_told(service, receiver, STRANGER, admitted_later()) == ["validated.v1"]


def test_and_never_of_one_that_was_declined(service: Service, receiver: Receiver) -> None:
    history = pledge("P2C-2026-000002", announced(schools(10)), declined())

    assert types_told(service, receiver, STRANGER, history) == []
    assert types_told(service, receiver, LEAD, pledge("P2C-2026-000003", announced(), declined())) == [
        "announced.v1",
        "declined.v1",
    ]


def test_only_what_is_wanted_is_told(service: Service, receiver: Receiver) -> None:
    wanted = ["pledge.validated.v1", "pledge.declined.v1"]

    assert types_told(service, receiver, BDT, admitted_later(), event_types=wanted) == ["validated.v1"]


def test_nothing_is_told_of_what_was_before(service: Service, receiver: Receiver) -> None:
    append(service, [[registered("Before")]])
    endpoint = receiver.endpoint()
    webhook, secret = service.webhooks.add(BDT, endpoint.url)
    [after] = append(service, [[registered("After")]])
    delivering(service).deliver_due()

    assert webhook.position == after.position - 1
    assert [message["data"]["summary"] for message in told(endpoint, secret)] == ["Registered After."]


def test_a_message_says_what_the_history_says_and_where_more_is(service: Service, receiver: Receiver) -> None:
    endpoint = receiver.endpoint()
    _, secret = service.webhooks.add(STRANGER, endpoint.url)
    entries = append(service, [[event] for event in admitted_later()])
    delivering(service).deliver_due()

    [message] = told(endpoint, secret)
    validation = entries[-1]
    assert message == {
        "type": "pledge.validated.v1",
        "timestamp": validation.recorded_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "data": {
            "position": validation.position,
            "reference": "P2C-2026-000001",
            "version": 3,
            "effective_on": validation.event.effective_on.isoformat(),
            "actor": {"role": "stakeholder", "organisation": str(LEAD.organisation)},
            "summary": "Admitted to the register.",
            "href": "/v1/pledges/P2C-2026-000001",
            "proof": f"/v1/ledger/proofs/inclusion?position={validation.position}",
        },
    }


def test_the_same_event_has_another_id_for_another_webhook_and_always_the_same_for_one(
    service: Service, receiver: Receiver
) -> None:
    endpoints = [receiver.endpoint() for _ in range(2)]
    webhooks = [service.webhooks.add(BDT, endpoint.url)[0] for endpoint in endpoints]
    append(service, [[registered("Somebody")]])
    delivering(service).deliver_due()
    # As after the restore of a backup from before: the webhooks have not been told yet.
    with service.pool.connection() as connection:
        connection.execute("DELETE FROM ledger.webhook_deliveries")
        connection.execute("UPDATE ledger.webhooks SET position = position - 1")
    delivering(service).deliver_due()

    assert [len(endpoint.ids) for endpoint in endpoints] == [2, 2]
    assert [len(set(endpoint.ids)) for endpoint in endpoints] == [1, 1]
    assert endpoints[0].ids[0] != endpoints[1].ids[0]
    assert {webhook.position for webhook in service.webhooks.of(BDT)} == {webhooks[0].position + 1}


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("url", {"url": "http://example.org/x#fragment"}),
        ("event_types", {"event_types": ["pledge.scaled_sideways.v1"]}),
        ("event_types", {"event_types": []}),
        ("description", {"description": " "}),
        ("description", {"description": "x" * 301}),
        ("description", {"description": "\u202eno"}),
    ],
)
def test_a_webhook_that_makes_no_sense_is_refused(service: Service, field: str, wrong: dict[str, Any]) -> None:
    good: dict[str, Any] = {"url": "https://example.org/x", "event_types": sorted(TYPES), "description": "Well"}
    webhook, _ = service.webhooks.add(BDT, **good)

    with pytest.raises(UnsuitableWebhook) as refusal:
        service.webhooks.add(BDT, **{**good, **wrong})
    assert refusal.value.field == field
    with pytest.raises(UnsuitableWebhook):
        service.webhooks.change(BDT, webhook.id, **wrong)
    assert service.webhooks.of(BDT) == [webhook]


def test_an_owner_has_no_more_than_it_can_look_after(service: Service) -> None:
    for _ in range(MOST_OF_ONE_OWNER):
        service.webhooks.add(BDT, "https://example.org/x")

    with pytest.raises(TooManyWebhooks):
        service.webhooks.add(BDT, "https://example.org/x")
    assert service.webhooks.add(AUDITOR, "https://example.org/x")

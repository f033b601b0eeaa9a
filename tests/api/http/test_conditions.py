"""Repeating, racing, and reading one's own writes."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from api.http.cursors import Cursor
from api.http.queries import HistoryCursor, OrganisationCursor, PledgeCursor
from infrastructure.bootstrap import Service
from tests.api.http.register import TODAY, Client, days_ago, insisting


def test_fifty_equal_commands_with_one_key_cause_one_fact_and_get_fifty_equal_answers(
    client: Client, service: Service
) -> None:
    body = client.announcement()
    before = service.ledger.position

    def announce(_: int) -> tuple[int, bytes]:
        answer = insisting(lambda: client.post("/v1/pledges", json=body, headers={"Idempotency-Key": "once"}))
        return answer.status_code, answer.content

    with ThreadPoolExecutor(50) as threads:
        answers = Counter(threads.map(announce, range(50)))

    assert list(answers.values()) == [50]
    assert next(iter(answers))[0] == 201
    assert service.ledger.position == before + 1


def test_of_fifty_commands_for_one_version_one_wins_and_the_others_are_told(client: Client) -> None:
    reference = client.announce()

    def contribute(n: int) -> int:
        body = {"contributions": [{"target": "schools", "quantity": f"{n + 1}", "effective_on": days_ago(1)}]}
        return insisting(lambda: client.on(reference, "contributions", body, If_Match='"1"')).status_code

    with ThreadPoolExecutor(50) as threads:
        statuses = Counter(threads.map(contribute, range(50)))

    assert statuses == {201: 1, 412: 49}


def test_fifty_commands_without_a_version_are_all_carried_out(client: Client) -> None:
    reference = client.announce()

    def contribute(_: int) -> int:
        body = {"contributions": [{"target": "schools", "quantity": "1", "effective_on": days_ago(1)}]}
        return insisting(lambda: client.on(reference, "contributions", body)).status_code

    with ThreadPoolExecutor(50) as threads:
        statuses = Counter(threads.map(contribute, range(50)))

    assert statuses == {201: 50}


def test_a_repeated_command_is_answered_with_the_same_bytes_whatever_happened_since(client: Client) -> None:
    lead = client.register("Hirondelle Telecom")
    body = client.announcement(lead=lead)
    first = client.post("/v1/pledges", json=body, headers={"Idempotency-Key": "announced-once"})
    reference = first.json()["pledge"]["reference"]
    client.post(f"/v1/organisations/{lead}/renaming", json={"name": "Hirondelle Networks"})
    client.on(reference, "validation", {})

    again = client.post("/v1/pledges", json=body, headers={"Idempotency-Key": "announced-once"})

    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["ETag"] == first.headers["ETag"] == '"1"'
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Ledger-Position"] == first.headers["Ledger-Position"]


def test_a_repeated_correction_is_answered_with_the_same_bytes(client: Client) -> None:
    reference = client.announce()
    contribution = {"id": "c1", "target": "schools", "quantity": "50", "effective_on": days_ago(9)}
    client.on(reference, "contributions", {"contributions": [contribution]})
    moved = {"target": "schools", "quantity": "48", "effective_on": days_ago(8)}
    body = {"reason": "Miscounted.", "replacement": moved}

    answers = [
        client.on(reference, "contributions/c1/correction", body, Idempotency_Key="fix", If_Match='"2"')
        for _ in range(2)
    ]

    assert answers[0].status_code == 201
    assert len(answers[0].json()["events"]) == 2
    assert answers[1].content == answers[0].content


def test_white_space_and_the_order_of_fields_make_no_other_command(client: Client) -> None:
    reference = client.announce()
    headers = {"Idempotency-Key": "white-space", "Content-Type": "application/json"}
    address = f"/v1/pledges/{reference}/withdrawal"

    first = client.post(address, content='{"reason":"Gone.","superseded_by":null}', headers=headers)
    again = client.post(address, content='{ "superseded_by": null,\n "reason": "Gone." }', headers=headers)

    assert first.status_code == 201
    assert again.content == first.content


def test_a_key_used_for_another_body_is_refused(client: Client) -> None:
    reference = client.announce()
    client.on(reference, "validation", {"note": "One."}, Idempotency_Key="another-body")

    other = client.on(reference, "validation", {"note": "Another."}, Idempotency_Key="another-body")

    assert other.status_code == 422
    assert other.json()["type"] == "/problems/idempotency-key-reused"


@pytest.mark.parametrize("key", ["", "with space", "ü", "x" * 256])
def test_a_key_that_is_none_is_refused(client: Client, key: str) -> None:
    answer = client.post("/v1/organisations", json={}, headers=[(b"Idempotency-Key", key.encode("latin-1"))])

    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/malformed-header"


@pytest.mark.parametrize(
    ("tag", "status"),
    [
        ('"1"', 201),
        ("*", 201),
        ('"7", "1"', 201),
        ('"7" ,"1","x"', 201),
        ('W/"1"', 412),
        ('"2"', 412),
        ('"01"', 412),
        ('"one"', 412),
        ('"2", "3"', 412),
        ('""', 412),
        ("1", 400),
        ("", 400),
        ('"1" "2"', 400),
        ('"1', 400),
        ('*, "1"', 400),
    ],
)
def test_a_version_is_matched_as_http_says(client: Client, tag: str, status: int) -> None:
    answer = client.on(client.announce(), "validation", {}, If_Match=tag)

    assert answer.status_code == status
    if status == 412:
        assert answer.headers["ETag"] == '"1"'


def test_a_client_that_has_the_version_is_told_so(client: Client) -> None:
    reference = client.announce()
    address = f"/v1/pledges/{reference}"

    for tag in ('"1"', 'W/"1"', "*", '"0", "1"'):
        answer = client.get(address, headers={"If-None-Match": tag})
        assert answer.status_code == 304
        assert answer.content == b""
    assert client.get(address, headers={"If-None-Match": '"2"'}).status_code == 200
    assert client.get(address, headers={"If-None-Match": "2"}).status_code == 400


def test_a_read_with_the_position_of_a_write_includes_it(client: Client) -> None:
    lead = client.register()
    for n in range(20):
        announced = client.post("/v1/pledges", json=client.announcement(lead=lead))
        position = announced.headers["Ledger-Position"]

        answer = client.get("/v1/pledges", params={"lead": lead}, headers={"Ledger-Position": position})

        assert len(answer.json()["items"]) == n + 1
        assert int(answer.headers["Ledger-Position"]) >= int(position)


@pytest.mark.usefixtures("without_projections")
def test_a_pledge_can_be_read_right_after_its_announcement(client: Client) -> None:
    announced = client.post("/v1/pledges", json=client.announcement())
    reference = announced.json()["pledge"]["reference"]

    assert client.read(f"/v1/pledges/{reference}") == announced.json()["pledge"]
    assert client.read(f"/v1/organisations/{announced.json()['pledge']['lead']['id']}")["active"] is True


@pytest.mark.usefixtures("without_projections")
def test_a_read_that_waits_in_vain_is_told_to_come_again(client: Client) -> None:
    announced = client.post("/v1/pledges", json=client.announcement())

    answer = client.get("/v1/pledges", headers={"Ledger-Position": announced.headers["Ledger-Position"]})

    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/view-behind"
    assert answer.headers["Retry-After"] == "1"


@pytest.mark.usefixtures("without_projections")
def test_a_list_goes_on_at_its_position_or_not_at_all(client: Client) -> None:
    position = int(client.post("/v1/pledges", json=client.announcement()).headers["Ledger-Position"])
    cursor = PledgeCursor(position=position, on=TODAY, after="", criteria={})

    answer = client.get("/v1/pledges", params={"cursor": cursor.encode()})

    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/view-behind")


@pytest.mark.parametrize(
    ("address", "cursor"),
    [
        ("/v1/pledges", PledgeCursor(position=10**6, on=TODAY, after="", criteria={})),
        ("/v1/organisations", OrganisationCursor(position=10**6, on=TODAY, name="", id=uuid4(), criteria={})),
        ("/v1/pledges/P-1/history", HistoryCursor(position=10**6, on=TODAY, now=True, reference="P-1", version=0)),
    ],
)
def test_a_list_does_not_go_on_at_a_position_that_the_ledger_does_not_have(
    client: Client, address: str, cursor: Cursor
) -> None:
    answer = client.get(address, params={"cursor": cursor.encode()})

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/position-beyond-ledger")


def test_a_position_that_the_ledger_does_not_have_is_refused_at_once(client: Client) -> None:
    answer = client.get("/v1/pledges", headers={"Ledger-Position": "999999"})

    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/position-beyond-ledger"
    assert client.get("/v1/pledges", headers={"Ledger-Position": "-1"}).status_code == 400


def test_money_without_a_rate_takes_the_published_one(client: Client) -> None:
    rates = {"rates": [{"currency": "EUR", "month": days_ago(400)[:7], "rate": "1.10", "source": "UN"}]}
    euros = {"amount": "100.00", "currency": "EUR"}
    target = {"id": "money", "measure": "money", "value": euros}
    body = client.announcement(targets=[target])

    refused = client.post("/v1/pledges", json=body)
    published = client.post("/v1/exchange-rates", json=rates)
    announced = client.post("/v1/pledges", json=body)

    assert refused.json()["type"] == "/problems/exchange-rate-missing"
    assert refused.json()["errors"][0]["field"] == "/targets/0/value/usd_rate"
    assert published.status_code == 201
    assert announced.json()["pledge"]["value_usd"] == "110.00"
    assert announced.json()["pledge"]["targets"][0]["value"]["usd_rate"]["source"] == "UN"

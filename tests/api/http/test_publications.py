"""Published snapshots: on the record, open to everybody, and never another byte."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from domain.vocabulary import Role
from infrastructure.bootstrap import Service
from projections.catalogue import READ_MODELS
from tests.api.http.register import TODAY, Client, days_ago

TOMORROW = (TODAY + timedelta(days=1)).isoformat()


def admitted(client: Client, **more: object) -> str:
    """A pledge that BDT admitted."""
    reference = client.announce(**more)
    assert client.on(reference, "validation", {}).status_code == 201
    return reference


def publish(client: httpx.Client, title: str = "Progress of the pledges", **more: Any) -> httpx.Response:
    """Ask for a publication."""
    headers = {"Idempotency-Key": more.pop("key")} if "key" in more else {}
    return client.post("/v1/snapshots", json={"title": title, **more}, headers=headers)


def published(client: httpx.Client, **more: Any) -> dict[str, Any]:
    """Publish; what the answer says of it."""
    answer = publish(client, **more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json()["snapshot"])


def how_many(service: Service) -> tuple[int, int]:
    """The facts that a snapshot was published, and the stored bytes."""
    with service.pool.connection() as connection:
        facts = connection.execute(
            "SELECT count(*) FROM ledger.events WHERE topic = 'snapshot.published.v1'"
        ).fetchone()
        stored = connection.execute("SELECT count(*) FROM ledger.snapshots").fetchone()
    assert facts is not None
    assert stored is not None
    return facts["count"], stored["count"]


def test_what_was_published_stays_as_it_was_whatever_is_recorded_later(client: Client, anybody: Client) -> None:
    reference = admitted(client)
    contribution = {"id": "c1", "target": "schools", "quantity": "7", "effective_on": days_ago(9)}
    client.on(reference, "contributions", {"contributions": [contribution]})
    answer = publish(client, group_by=["focus_area", "type"], attribution="split")
    snapshot = answer.json()["snapshot"]
    first = anybody.get(answer.headers["Location"])
    corrected = client.on(reference, "contributions/c1/correction", {"reason": "A slip."})
    later = anybody.get(answer.headers["Location"])
    again = anybody.get(snapshot["regenerated"], headers={"Ledger-Position": corrected.headers["Ledger-Position"]})

    assert first.status_code == 200, first.text
    assert first.content == later.content == again.content
    assert first.json()["digest"] == snapshot["digest"]
    assert first.headers["ETag"] == answer.headers["ETag"] == f'"{snapshot["digest"]}"'
    assert "immutable" in first.headers["Cache-Control"]
    assert first.headers["Link"] == f'<{snapshot["regenerated"]}>; rel="alternate"'
    assert first.json()["group_by"] == ["focus_area", "type"]
    assert first.json()["attribution"] == "split"
    now = anybody.get("/v1/snapshots/status", params={"group_by": "focus_area,type", "attribution": "split"})
    assert now.content != first.content, "the correction is in no published figure, but it is in the register"


def test_who_has_the_bytes_is_not_sent_them_again(client: Client, anybody: Client) -> None:
    snapshot = published(client)
    answer = anybody.get(snapshot["bytes"], headers={"If-None-Match": f'"{snapshot["digest"]}"'})
    assert (answer.status_code, answer.content) == (304, b"")


def test_a_snapshot_names_its_own_exact_address_and_digest(client: Client, anybody: Client) -> None:
    reference = admitted(client)
    taken = anybody.get("/v1/snapshots/status", params={"group_by": "sdg"})
    address = taken.headers["Link"].partition("<")[2].partition(">")[0]
    client.on(reference, "amendments", {"reason": "Clearer.", "title": "Another title"})
    again = anybody.get(address)

    assert again.content == taken.content
    assert taken.headers["ETag"] == f'"{taken.json()["digest"]}"'
    known = anybody.get(address, headers={"If-None-Match": taken.headers["ETag"]})
    assert (known.status_code, known.content) == (304, b"")
    as_csv = anybody.get(address, headers={"If-None-Match": taken.headers["ETag"], "Accept": "text/csv"})
    assert as_csv.status_code == 200, "another form has other bytes"


def test_a_publication_is_itself_on_the_record(client: Client, service: Service) -> None:
    admitted(client)
    answer = publish(client, title="  The first half of the year  ", effective_on=days_ago(1))
    snapshot, [event] = answer.json()["snapshot"], answer.json()["events"]
    [entry] = service.ledger.entries(UUID(snapshot["id"]))

    assert event["type"] == entry.type == "snapshot.published.v1"
    assert event["position"] == entry.position == snapshot["published_position"] > snapshot["position"]
    assert "The first half of the year" in event["summary"]
    assert event["effective_on"] == TODAY.isoformat(), "it was published today, whatever day it is of"
    assert snapshot["effective_on"] == days_ago(1)
    assert entry.event.actor.role is Role.BDT


def test_a_past_moment_can_be_published(client: Client, anybody: Client) -> None:
    reference = admitted(client)
    position = client.read(f"/v1/pledges/{reference}")["position"]
    client.on(reference, "amendments", {"reason": "Clearer.", "title": "Another title"})
    document = anybody.get(published(client, as_of=str(position), effective_on=TODAY.isoformat())["bytes"]).json()

    assert document["position"] == position
    assert {row["reference"]: row["title"] for row in document["pledges"]}[reference] == "Connect 120 schools"


def test_a_repeated_command_publishes_once_and_is_answered_alike(client: Client, service: Service) -> None:
    key = str(uuid4())
    facts, stored = how_many(service)
    first = publish(client, key=key)
    admitted(client)
    again = publish(client, key=key)
    other = publish(client, title="Another title", key=key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert first.headers["ETag"] == again.headers["ETag"]
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert how_many(service) == (facts + 1, stored + 1)


def test_one_command_sent_at_once_by_many_publishes_once(client: Client, service: Service) -> None:
    key = str(uuid4())
    facts, stored = how_many(service)
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda _: publish(client, key=key), range(6)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert how_many(service) == (facts + 1, stored + 1)


@pytest.mark.parametrize("role", [Role.STAKEHOLDER, Role.AUDITOR, Role.ADMIN])
def test_only_bdt_publishes(client: Client, service: Service, role: Role) -> None:
    organisation = UUID(client.register()) if role is Role.STAKEHOLDER else None
    _, token = service.credentials.issue(role, organisation=organisation)
    before = how_many(service)
    answer = publish_as(client, token)

    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-permitted")
    assert how_many(service) == before
    assert publish_as(client, service.credentials.issue(Role.BDT)[1]).status_code == 201


def publish_as(client: Client, token: str) -> httpx.Response:
    """Ask for a publication with another token."""
    with httpx.Client(base_url=client.base_url, headers={"Authorization": f"Bearer {token}"}, timeout=30) as other:
        return publish(other)


def test_the_public_does_not_publish(anybody: Client) -> None:
    assert publish(anybody).status_code == 401


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"as_of": TOMORROW}, "moment-not-over"),
        ({"as_of": "999999999"}, "position-beyond-ledger"),
        ({"effective_on": TOMORROW}, "date-in-future"),
        ({"title": " "}, "invalid-request"),
        ({"title": "x" * 301}, "invalid-request"),
        ({"group_by": ["colour"]}, "invalid-request"),
        ({"group_by": ["sdg", "type", "year", "region", "country"]}, "invalid-request"),
        ({"as_of": "soon"}, "invalid-request"),
        ({"digest": "sha256:0"}, "invalid-request"),
    ],
)
def test_what_cannot_be_published_is_refused_and_leaves_no_trace(
    client: Client, service: Service, more: dict[str, Any], problem: str
) -> None:
    before = how_many(service)
    answer = publish(client, **more)

    assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{problem}")
    assert how_many(service) == before


def test_the_published_ones_are_listed_newest_first_page_by_page(client: Client, anybody: Client) -> None:
    wanted = [published(client, title=f"Number {n}") for n in range(3)]
    page = anybody.get("/v1/snapshots", params={"limit": 2})
    rest = anybody.get(page.headers["Link"].partition("<")[2].partition(">")[0])

    assert page.json()["items"] == [wanted[2], wanted[1]]
    assert rest.json()["items"][0] == wanted[0]
    assert anybody.get("/v1/snapshots", params={"cursor": "abc"}).json()["type"] == "/problems/invalid-cursor"


def test_an_id_that_nobody_published_is_unknown(anybody: Client) -> None:
    answer = anybody.get(f"/v1/snapshots/{uuid4()}")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-snapshot")
    assert anybody.get("/v1/snapshots/latest").status_code == 404


@pytest.mark.parametrize("statement", ["UPDATE ledger.snapshots SET bytes = ''", "DELETE FROM ledger.snapshots"])
def test_the_database_refuses_to_change_what_was_published(client: Client, service: Service, statement: str) -> None:
    published(client)
    with service.pool.connection() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


def test_a_publication_passes_through_every_read_model_without_a_mark(client: Client, service: Service) -> None:
    reference = admitted(client)
    before = client.read(f"/v1/pledges/{reference}/history")["items"]
    snapshot = published(client)
    for model in READ_MODELS:
        service.projections.rebuild(model.name, lambda done, total: None)
    status = service.projections.status()

    assert {told.error for told in status.values()} == {None}
    after = client.read(f"/v1/pledges/{reference}/history", snapshot["published_position"])
    assert after["items"] == before
    assert client.get(snapshot["regenerated"]).content == client.get(snapshot["bytes"]).content

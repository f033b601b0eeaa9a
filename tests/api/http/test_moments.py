"""What the register said then, and what was true by a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.api.http.register import TODAY, Client, days_ago, usd


def contribute(client: Client, reference: str, quantity: str, on: str, id: str | None = None) -> int:
    """Schools delivered on a day; the position of the fact."""
    contribution = {"target": "schools", "quantity": quantity, "effective_on": on, **({"id": id} if id else {})}
    answer = client.on(reference, "contributions", {"contributions": [contribution]})
    assert answer.status_code == 201, answer.text
    return int(answer.headers["Ledger-Position"])


def validate(client: Client, reference: str) -> int:
    """Let BDT admit a pledge; the position of the fact."""
    answer = client.on(reference, "validation", {})
    assert answer.status_code == 201, answer.text
    return int(answer.headers["Ledger-Position"])


def schools(document: dict[str, Any]) -> str:
    """How many are delivered."""
    return next(str(target["delivered"]) for target in document["targets"] if target["id"] == "schools")


def test_what_was_delivered_before_and_recorded_later_is_found_by_both_times(client: Client) -> None:
    reference = client.announce()
    validate(client, reference)
    first = contribute(client, reference, "10", days_ago(20))
    late = contribute(client, reference, "5", days_ago(300))

    def delivered(as_of: int, effective_on: str) -> str:
        return schools(client.read(f"/v1/pledges/{reference}", late, as_of=as_of, effective_on=effective_on))

    assert delivered(first, days_ago(0)) == "10", "what the register said, before the late news"
    assert delivered(late, days_ago(0)) == "15"
    assert delivered(first, days_ago(100)) == "0"
    assert delivered(late, days_ago(100)) == "5", "what was true by then, as is known now"
    assert delivered(late, days_ago(301)) == "0"


def test_a_correction_is_known_from_its_recording_on_whatever_the_day(client: Client) -> None:
    reference = client.announce()
    validate(client, reference)
    wrong = contribute(client, reference, "50", days_ago(200), id="c1")
    answer = client.on(
        reference,
        "contributions/c1/correction",
        {
            "reason": "Counted twice.",
            "replacement": {"target": "schools", "quantity": "25", "effective_on": days_ago(200)},
        },
    )
    corrected = int(answer.headers["Ledger-Position"])

    then = client.read(f"/v1/pledges/{reference}", corrected, as_of=wrong, effective_on=days_ago(150))
    now = client.read(f"/v1/pledges/{reference}", as_of=corrected, effective_on=days_ago(150))

    assert (schools(then), schools(now)) == ("50", "25")


def test_the_moment_is_echoed_and_the_same_one_has_the_same_bytes(client: Client) -> None:
    reference = client.announce()
    position = validate(client, reference)
    asked: dict[str, str | int] = {"as_of": position, "effective_on": days_ago(1)}
    client.read(f"/v1/pledges/{reference}", position)
    first = client.get(f"/v1/pledges/{reference}", params=asked)
    contribute(client, reference, "1", days_ago(2))
    again = client.get(f"/v1/pledges/{reference}", params=asked)

    moment = first.json()["moment"]
    assert (moment["position"], moment["effective_on"]) == (position, days_ago(1))
    assert again.content == first.content
    by_instant = client.get(f"/v1/pledges/{reference}", params={"as_of": moment["as_of"], "effective_on": days_ago(1)})
    assert by_instant.content == first.content
    assert (
        client.get(
            f"/v1/pledges/{reference}", params=asked, headers={"If-None-Match": first.headers["ETag"]}
        ).status_code
        == 304
    )


def test_without_an_effective_date_it_is_the_day_of_the_moment(client: Client) -> None:
    position = validate(client, client.announce())
    listed = client.read("/v1/pledges", position, as_of=position)
    assert listed["effective_on"] == TODAY.isoformat()
    yesterday = client.read("/v1/pledges", as_of=days_ago(1))
    assert (yesterday["items"], yesterday["position"], yesterday["as_of"]) == ([], 0, None)
    assert yesterday["effective_on"] == days_ago(1)


def test_a_day_that_is_not_over_counts_up_to_now(client: Client) -> None:
    position = validate(client, client.announce())
    assert client.read("/v1/pledges", position, as_of=TODAY.isoformat())["position"] == position


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({"as_of": (TODAY + timedelta(days=2)).isoformat()}, "moment-not-over"),
        ({"as_of": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}, "moment-not-over"),
        ({"as_of": "999999"}, "position-beyond-ledger"),
        ({"as_of": "yesterday"}, "invalid-request"),
        ({"as_of": "2026-02-30"}, "invalid-request"),
        ({"as_of": "2026-01-31T12:00:00"}, "invalid-request"),
        ({"effective_on": "2026"}, "invalid-request"),
    ],
)
@pytest.mark.parametrize("address", ["/v1/pledges", "/v1/organisations", "/v1/pledges/{}", "/v1/pledges/{}/history"])
def test_a_moment_that_cannot_be_meant_is_refused(
    client: Client, address: str, asked: dict[str, str], name: str
) -> None:
    reference = client.announce()
    answer = client.get(address.format(reference), params=asked)
    assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{name}")


def test_a_pledge_that_was_not_admitted_then_is_not_public_at_that_moment(client: Client, public: Client) -> None:
    lead = client.register()
    reference = client.announce(lead=lead)
    announced = client.read(f"/v1/pledges/{reference}")["position"]
    admitted = validate(client, reference)
    client.read(f"/v1/pledges/{reference}", admitted)

    def statuses(reader: Client, as_of: int) -> tuple[int, int, int]:
        pledge = reader.get(f"/v1/pledges/{reference}", params={"as_of": as_of})
        history = reader.get(f"/v1/pledges/{reference}/history", params={"as_of": as_of})
        listed = reader.get("/v1/pledges", params={"as_of": as_of, "organisation": lead})
        return pledge.status_code, history.status_code, len(listed.json()["items"])

    assert statuses(public, announced) == (404, 404, 0)
    assert statuses(client, announced) == (200, 200, 1)
    assert statuses(public, admitted) == (200, 200, 1)


def test_pages_of_an_earlier_moment_belong_together(client: Client, public: Client) -> None:
    lead = client.register()
    references = [client.announce(lead=lead) for _ in range(3)]
    position = max(validate(client, reference) for reference in references)
    client.on(references[2], "withdrawal", {"reason": "No money."})
    unadmitted = client.announce(lead=lead)
    client.read("/v1/pledges", client.read(f"/v1/pledges/{unadmitted}")["position"])

    first = public.read("/v1/pledges", as_of=position, organisation=lead, limit=2)
    rest = public.read("/v1/pledges", cursor=first["next"])

    assert [item["reference"] for item in (*first["items"], *rest["items"])] == references
    assert rest["items"][0]["lifecycle"] == "validated"
    assert (rest["position"], rest["next"]) == (position, None)
    both = public.get("/v1/pledges", params={"cursor": first["next"], "as_of": position})
    assert both.json()["type"] == "/problems/two-moments"


def test_a_history_ends_where_the_moment_is(client: Client) -> None:
    reference = client.announce()
    validate(client, reference)
    contribute(client, reference, "1", days_ago(100))
    last = contribute(client, reference, "2", days_ago(30))
    client.read(f"/v1/pledges/{reference}", last)

    def versions(**asked: Any) -> list[int]:
        return [item["version"] for item in client.read(f"/v1/pledges/{reference}/history", **asked)["items"]]

    assert versions() == [1, 2, 3, 4]
    assert versions(as_of=last - 1) == [1, 2, 3]
    assert versions(effective_on=days_ago(50)) == [1, 3], "it was admitted only today"
    page = client.read(f"/v1/pledges/{reference}/history", as_of=last - 1, limit=2)
    assert [
        item["version"] for item in client.read(f"/v1/pledges/{reference}/history", cursor=page["next"])["items"]
    ] == [3]


def test_an_organisation_had_its_former_name(client: Client) -> None:
    lead = client.register("Zebra Old Name")
    reference = client.announce(lead=lead)
    before = validate(client, reference)
    renamed = client.post(f"/v1/organisations/{lead}/renaming", json={"name": "Zebra"})
    after = int(renamed.headers["Ledger-Position"])

    def names(as_of: int) -> tuple[str, str, str]:
        one = client.read(f"/v1/organisations/{lead}", after, as_of=as_of)
        listed = client.read("/v1/organisations", as_of=as_of, q="zebra")["items"]
        return one["name"], listed[0]["name"], client.read(f"/v1/pledges/{reference}", as_of=as_of)["lead"]["name"]

    assert names(before) == ("Zebra Old Name",) * 3
    assert names(after) == ("Zebra",) * 3
    unknown: httpx.Response = client.get(f"/v1/organisations/{lead}", params={"as_of": 0})
    assert unknown.status_code == 404


def test_a_version_and_a_moment_are_not_both_meant(client: Client) -> None:
    reference = client.announce(targets=[{"id": "money", "measure": "money", "value": usd("1.00")}])
    answer = client.get(f"/v1/pledges/{reference}", params={"version": 1, "as_of": 1})
    assert answer.json()["type"] == "/problems/two-moments"


def test_a_token_that_is_not_valid_is_refused_also_for_reading(public: Client) -> None:
    answer = public.get("/v1/pledges", params={"as_of": 0}, headers={"Authorization": "Bearer p2c_nobody"})
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/not-authenticated")


def test_exchange_rates_are_those_published_by_then(client: Client) -> None:
    before = validate(client, client.announce())
    rate = {"currency": "XOF", "month": "2024-03", "rate": "0.00165", "source": "UN operational rate"}
    assert client.post("/v1/exchange-rates", json={"rates": [rate]}).status_code == 201
    after = validate(client, client.announce())

    def months(**asked: Any) -> list[str]:
        return [r["month"] for r in client.read("/v1/exchange-rates", after, currency="XOF", **asked)["rates"]]

    assert (months(as_of=before), months(as_of=after)) == ([], ["2024-03"])
    assert (months(as_of=days_ago(1)), months(as_of=TODAY.isoformat())) == ([], ["2024-03"])
    assert (months(effective_on="2024-02-29"), months(effective_on="2024-03-01")) == ([], ["2024-03"])

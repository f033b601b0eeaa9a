"""The difference between two moments, as clients get it."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.geography import memberships
from domain.vocabulary import CountryGroup
from tests.api.http.register import TODAY, Client, days_ago, usd


def head(client: Client) -> int:
    """The position of the latest fact."""
    return int(client.read("/v1/pledges", limit=1)["position"])


def pledged(amount: str) -> list[dict[str, Any]]:
    """A target in dollars, and schools."""
    return [{"id": "money", "measure": "money", "value": usd(amount)}]


def position_of(answer: Any) -> int:
    """Where a command's last fact is."""
    assert answer.status_code == 201, answer.text
    return int(answer.headers["Ledger-Position"])


def test_the_causes_and_the_movements_sum_to_the_change_of_every_figure(client: Client, public: Client) -> None:
    lead = client.register()
    before = head(client)
    reference = client.announce(lead=lead, targets=pledged("1000.00"), countries=["BGD"])
    client.on(reference, "validation", {})
    client.on(reference, "scale-ups", {"targets": [{"id": "money", "measure": "money", "value": usd("1500.00")}]})
    paid = {"id": "c1", "target": "money", "amount": usd("400.50"), "effective_on": days_ago(9)}
    client.on(reference, "contributions", {"contributions": [paid]})
    corrected = {"reason": "A slip.", "replacement": {**paid, "id": "c2", "amount": usd("300.25")}}
    last = position_of(client.on(reference, "contributions/c1/correction", corrected))
    waiting = client.announce(lead=lead, targets=pledged("70.00"))
    end = head(client)

    found = public.read("/v1/snapshots/difference", end, **{"from": before, "to": end})

    assert found["totals"]["validated_usd"] == "1500.00"
    assert found["totals"]["delivered_usd"] == "300.25"
    assert found["totals"]["announced_usd"] == "70.00"
    by_cause: defaultdict[str, Decimal] = defaultdict(Decimal)
    by_movement: defaultdict[str, Decimal] = defaultdict(Decimal)
    for cause in found["causes"]:
        by_cause[cause["measure"]] += Decimal(cause["change"])
    for movement in found["movements"]:
        by_movement[movement["measure"]] += Decimal(movement["change"])
    for measure, change in found["totals"].items():
        assert by_cause[measure] == by_movement[measure] == Decimal(change), measure
        assert Decimal(found["opening"][measure]) + Decimal(change) == Decimal(found["closing"][measure])
    [correction] = [m for m in found["movements"] if m["cause"] == "corrected" and m["measure"] == "delivered_usd"]
    assert (correction["reference"], correction["change"], correction["positions"]) == (reference, "-100.25", [last])
    assert waiting not in [movement["reference"] for movement in found["movements"]]
    assert any(movement["reference"] is None for movement in found["movements"]), "counted, and not named"
    named = client.read("/v1/snapshots/difference", **{"from": before, "to": end, "unpublished": True})
    assert waiting in [movement["reference"] for movement in named["movements"]]


def test_a_graduation_is_a_reclassification(client: Client, public: Client) -> None:
    leaving = next(
        stay for stay in memberships() if stay.group is CountryGroup.LDC and stay.until and stay.until > TODAY
    )
    assert leaving.until
    reference = client.announce(targets=pledged("5000.00"), countries=[leaving.iso3])
    position = position_of(client.on(reference, "validation", {}))
    asked = {
        "from": position,
        "to": position,
        "from_effective_on": leaving.until - timedelta(days=1),
        "to_effective_on": leaving.until,
    }
    found = public.read("/v1/snapshots/difference", position, **asked, group_by="target_group")

    moved = [movement for movement in found["movements"] if movement["reference"] == reference]
    assert {(m["cause"], m["measure"], str(m["change"])) for m in moved} == {
        ("reclassified", "ldc_pledges", "-1"),
        ("reclassified", "ldc_validated_usd", "-5000.00"),
    }
    assert moved[0]["countries"] == [leaving.iso3]
    assert {cause["cause"] for cause in found["causes"]} == {"reclassified"}
    ldc = next(group for group in found["groups"] if group["key"] == {"target_group": "ldc"})
    assert reference in [movement["reference"] for movement in ldc["movements"]]


def test_the_same_two_moments_have_the_same_bytes(client: Client, public: Client) -> None:
    reference = client.announce()
    position = position_of(client.on(reference, "validation", {}))
    asked: dict[str, str | int] = {"from": position - 1, "to": position, "group_by": "sdg,type"}
    client.read(f"/v1/pledges/{reference}", position)
    first = public.get("/v1/snapshots/difference", params=asked)
    client.on(reference, "withdrawal", {"reason": "No money."})
    assert public.get("/v1/snapshots/difference", params=asked).content == first.content


def test_csv_has_one_movement_a_line(client: Client, public: Client) -> None:
    reference = client.announce(targets=pledged("10.00"))
    position = position_of(client.on(reference, "validation", {}))
    asked: dict[str, str | int] = {"from": position - 1, "to": position}
    client.read(f"/v1/pledges/{reference}", position)
    document = public.read("/v1/snapshots/difference", **asked)
    lines = list(csv.DictReader(io.StringIO(public.get("/v1/snapshots/difference.csv", params=asked).text)))
    assert [(m["reference"], m["measure"], str(m["change"])) for m in document["movements"]] == [
        (line["reference"], line["measure"], line["change"]) for line in lines
    ]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({}, 422),
        ({"from": "0", "unpublished": "true"}, 401),
        ({"from": "tomorrow"}, 422),
        ({"from": "0", "to": "9999999"}, 422),
    ],
)
def test_what_cannot_be_compared_is_refused(public: Client, asked: dict[str, str], status: int) -> None:
    assert public.get("/v1/snapshots/difference", params=asked).status_code == status

"""Totals without pledges: those of the snapshot, whether they were kept running or are added up."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from itertools import product

import pytest
import rfc8785

from audit.snapshot import digest_of
from domain.dimensions import Attribution, Dimension, Division
from infrastructure.bootstrap import Service
from tests.api.http.register import Client, days_ago, usd


@pytest.fixture
def position(client: Client) -> int:
    """The position of a register with pledges at several points of their lives, recorded today."""
    admitted = client.announce(countries=["BGD", "KEN"], sdgs=[4, 9])
    client.on(admitted, "validation", {})
    given = {"id": "c1", "target": "money", "amount": usd("1250.50"), "effective_on": days_ago(3)}
    assert client.on(admitted, "contributions", {"contributions": [given]}).status_code == 201
    withdrawn = client.announce(countries=["KEN"])
    client.on(withdrawn, "validation", {})
    client.on(withdrawn, "withdrawal", {"reason": "Superseded."})
    return int(client.on(client.announce(), "decline", {"reason": "A test."}).headers["Ledger-Position"])


GROUPINGS = [((), Attribution.FULL), *(((dimension,), a) for dimension, a in product(Dimension, Attribution))]


@pytest.mark.parametrize(("by", "attribution"), [*GROUPINGS, ((Dimension.REGION, Dimension.SDG), Attribution.FULL)])
def test_they_are_those_of_the_snapshot_however_they_are_divided(
    client: Client, position: int, by: tuple[Dimension, ...], attribution: Attribution
) -> None:
    for as_of in (position, position - 1):
        asked = {"as_of": as_of, "group_by": ",".join(by), "attribution": attribution}
        totals = client.read(
            "/v1/snapshots/totals", position, **{name: value for name, value in asked.items() if value}
        )
        status = client.read(
            "/v1/snapshots/status", position, **{name: value for name, value in asked.items() if value}
        )

        assert {**totals, "digest": ""} == {**{name: status[name] for name in totals}, "digest": ""}
        assert totals["digest"] == digest_of(totals)


def test_no_instant_needs_a_pledge_to_be_looked_at(
    client: Client, position: int, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.read("/v1/snapshots/totals", position)
    monkeypatch.setattr(service.register, "statuses", None)

    for as_of in (None, position - 1, datetime.now(UTC)):
        at = service.register.resolve(as_of, None)
        assert service.snapshots.counted(at, Division(by=(Dimension.SDG,))).whole.pledges


def test_the_same_totals_are_not_sent_again(client: Client, position: int) -> None:
    first = client.get("/v1/snapshots/totals", params={"as_of": position})
    again = client.get(first.links["canonical"]["url"], headers={"If-None-Match": first.headers["ETag"]})

    assert first.content == rfc8785.dumps(json.loads(first.content))
    assert first.headers["ETag"] == f'"{first.json()["digest"]}"'
    assert again.status_code == 304


def test_csv_has_a_line_for_each_part_or_one_for_the_whole(client: Client, public: Client, position: int) -> None:
    whole = public.get("/v1/snapshots/totals.csv", params={"as_of": position})
    parts = client.get(
        "/v1/snapshots/totals", params={"as_of": position, "group_by": "lifecycle"}, headers={"Accept": "text/csv"}
    )

    totals = client.read("/v1/snapshots/totals", as_of=position, group_by="lifecycle")
    [line] = csv.DictReader(io.StringIO(whole.text))
    assert line["validated_usd"] == totals["totals"]["validated_usd"]
    assert line["lifecycle: withdrawn"] == str(totals["totals"]["lifecycle"]["withdrawn"])
    lines = {line["lifecycle"]: line for line in csv.DictReader(io.StringIO(parts.text))}
    assert {key: line["delivered_usd"] for key, line in lines.items()} == {
        group["key"]["lifecycle"]: group["delivered_usd"] for group in totals["groups"]
    }
    assert parts.headers["Content-Disposition"].endswith('.csv"')


def test_a_day_that_is_not_over_is_refused(client: Client) -> None:
    answer = client.get("/v1/snapshots/totals", params={"as_of": days_ago(-1)})

    assert answer.status_code == 422
    assert answer.json()["type"].endswith("moment-not-over")

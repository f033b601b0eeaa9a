"""Every field a client may state is taken and given back, exactly."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.representations import in_currency
from tests.api.http.register import Client, days_ago, usd


def test_every_field_of_an_announcement_is_given_back(client: Client) -> None:
    lead, partner = client.register(), client.register("Second", sector="academia", country="FRA")
    rate = {"rate": "1.0812", "on": days_ago(30), "source": "UN operational rate"}
    body = {
        "lead": lead,
        "title": "Cafe\u0301 numérique",
        "description": "Deux lignes\net une troisième.",
        "type": "programmatic",
        "focus_area": "adoption",
        "pillars": ["skills", "inclusion"],
        "targets": [
            {
                "id": "money",
                "measure": "money",
                "value": {"amount": "1250000.00", "currency": "EUR", "usd_rate": rate},
                "due_on": "2030-01-01",
            },
            {"id": "people", "measure": "people_trained", "value": "120", "baseline": "20.5"},
        ],
        "countries": ["SEN", "LAO"],
        "beneficiary_groups": ["youth"],
        "sdgs": [4, 17],
        "wsis_lines": ["C2", "C11"],
        "partners": [{"organisation": partner, "share": "0.25"}],
        "announced_on": days_ago(20),
        "starts_on": days_ago(10),
        "ends_on": "2030-12-31",
        "occasion": "WTDC-22",
        "additionality": "extension",
    }

    pledge = client.post("/v1/pledges", json=body).json()["pledge"]

    echoed = {name: pledge[name] for name in body if name not in {"lead", "partners", "targets", "title"}}
    assert echoed == {name: body[name] for name in echoed}
    assert pledge["title"] == "Café numérique"
    assert (pledge["lead"]["id"], pledge["lead"]["share"]) == (lead, "0.75")
    assert [(p["id"], p["share"], p["sector"], p["region"]) for p in pledge["partners"]] == [
        (partner, "0.25", "academia", "europe")
    ]
    money, people = pledge["targets"]
    assert money["value"] == {"amount": "1250000.00", "currency": "EUR", "usd": "1351500.00", "usd_rate": rate}
    assert (money["due_on"], money["delivered"]) == ("2030-01-01", {"amount": "0.00", "currency": "EUR"})
    assert (people["value"], people["baseline"], people["delivered"]) == ("120", "20.5", "0")
    assert pledge["regions"] == ["africa", "asia_pacific"]
    assert "ldc" in pledge["target_groups"]


def test_every_field_of_a_contribution_is_given_back(client: Client) -> None:
    reference = client.announce()
    contribution = {
        "id": "first",
        "target": "money",
        "amount": usd("12.50"),
        "effective_on": days_ago(3),
        "description": "First part",
        "evidence": [{"url": "https://example.org/a", "sha256": "a" * 64, "title": "Receipt"}],
        "country": "SEN",
    }

    answer = client.on(reference, "contributions", {"contributions": [contribution]})

    recorded = answer.json()["pledge"]["contributions"][0]
    assert recorded["amount"]["amount"] == "12.50"
    assert {name: recorded[name] for name in contribution if name != "amount"} == {
        name: value for name, value in contribution.items() if name != "amount"
    }
    assert (recorded["standing"], recorded["replaces"], recorded["quantity"]) == ("reported", None, None)


def test_what_is_said_in_reports_and_statements_stands_in_the_history(client: Client) -> None:
    reference = client.announce(targets=[])
    report = {
        "period_start": days_ago(300),
        "period_end": days_ago(200),
        "narrative": "Well under way.",
        "self_assessment": "at_risk",
        "challenges": "Rain.",
        "next_steps": "Wait.",
        "good_practices": [{"title": "Roofs", "text": "Build them first."}],
    }
    evidence = [{"url": "https://example.org/a", "sha256": "b" * 64, "title": "Photo"}]
    fulfilment = {"statement": "Done.", "effective_on": days_ago(1), "evidence": evidence}
    client.on(reference, "reports", report)
    position = client.on(reference, "fulfilment", fulfilment).headers["Ledger-Position"]

    reported, fulfilled = client.read(f"/v1/pledges/{reference}/history", position)["items"][1:]

    assert reported["data"] == report
    assert (fulfilled["data"]["statement"], fulfilled["data"]["evidence"]) == ("Done.", evidence)
    assert fulfilled["effective_on"] == days_ago(1)


def test_scaling_takes_every_field(client: Client) -> None:
    reference = client.announce(ends_on="2030-01-01")
    body = {
        "targets": [{"id": "schools", "measure": "schools_connected", "value": "130", "due_on": "2031-01-01"}],
        "new_targets": [{"id": "sites", "measure": "sites_built", "value": "3"}],
        "countries": ["GMB"],
        "ends_on": "2031-01-01",
        "effective_on": days_ago(5),
    }

    answer = client.on(reference, "scale-ups", body).json()

    assert answer["events"][0]["effective_on"] == days_ago(5)
    assert [target["id"] for target in answer["pledge"]["targets"]] == ["money", "schools", "sites"]
    assert answer["pledge"]["targets"][1]["due_on"] == "2031-01-01"
    assert answer["pledge"]["ends_on"] == "2031-01-01"


@pytest.mark.parametrize("field", ["reference", "recorded_at", "version", "source", "lifecycle"])
def test_what_only_the_service_knows_cannot_be_stated(client: Client, field: str) -> None:
    answer = client.post("/v1/pledges", json=client.announcement(**{field: "x"}))

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": f"/{field}", "detail": "There is no such field."}]


@pytest.mark.parametrize("amount", [5, 5.5, True, None, "5,5", "1e3", "", " 5", "٥", "0x5", "NaN", "--5", "5."])
def test_an_amount_is_a_plain_decimal_in_a_string(client: Client, amount: object) -> None:
    target = {"id": "m", "measure": "money", "value": {"amount": amount, "currency": "USD"}}

    answer = client.post("/v1/pledges", json=client.announcement(targets=[target]))

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "/targets/0/value/amount"


def test_a_contribution_is_either_money_or_a_quantity(client: Client) -> None:
    reference = client.announce()
    for figures in ({}, {"amount": usd("1"), "quantity": "1"}):
        contribution = {"target": "money", "effective_on": days_ago(1), **figures}

        answer = client.on(reference, "contributions", {"contributions": [contribution]})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "/contributions/0"


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2), st.sampled_from(["USD", "JPY", "KWD", "XDR"]))
def test_an_amount_in_words_is_the_same_amount(amount: Decimal, currency: str) -> None:
    assert Decimal(in_currency(amount, currency)) == amount

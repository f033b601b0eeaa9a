"""A pledge lives its whole life over HTTP, as the README tells it."""

from __future__ import annotations

from tests.api.http.register import TODAY, Client, days_ago, usd


def test_a_pledge_lives_its_whole_life(client: Client) -> None:
    lead = client.register()
    announced = client.post("/v1/pledges", json=client.announcement(lead=lead))
    reference = announced.json()["pledge"]["reference"]

    assert announced.status_code == 201
    assert announced.headers["Location"] == f"/v1/pledges/{reference}"
    assert announced.headers["ETag"] == '"1"'
    assert announced.json()["pledge"]["lead"]["name"] == "Hirondelle Telecom"
    assert announced.json()["pledge"]["reporting_health"] == "never_reported"
    assert [event["type"] for event in announced.json()["events"]] == ["pledge.announced.v1"]

    validated = client.on(reference, "validation", {"note": "Complete."})
    assert validated.json()["pledge"]["lifecycle"] == "validated"

    raised = {"id": "schools", "measure": "schools_connected", "value": "150"}
    scaled = client.on(reference, "scale-ups", {"targets": [raised], "countries": ["GMB"]})
    assert scaled.json()["pledge"]["scaled_up"] is True
    assert scaled.json()["pledge"]["countries"] == ["SEN", "GMB"]
    assert "from 120 to 150" in scaled.json()["events"][0]["summary"]

    money = {"id": "c1", "target": "money", "effective_on": days_ago(100), "amount": usd("250000.00")}
    schools = {"id": "c2", "target": "schools", "effective_on": days_ago(100), "quantity": "50"}
    assert client.on(reference, "contributions", {"contributions": [money]}).status_code == 201
    delivered = client.on(reference, "contributions", {"contributions": [schools]})
    assert delivered.json()["pledge"]["lifecycle"] == "in_progress"
    assert delivered.json()["pledge"]["delivered_usd"] == "250000.00"
    targets = {target["id"]: target for target in delivered.json()["pledge"]["targets"]}
    assert targets["money"]["delivered"] == usd("250000.00")
    assert targets["schools"]["share"] == "0.3333"

    report = {
        "period_start": days_ago(400),
        "period_end": days_ago(90),
        "narrative": "A third of the schools are connected.",
        "self_assessment": "on_track",
        "contributions": [{"target": "schools", "quantity": "20", "effective_on": days_ago(95)}],
    }
    reported = client.on(reference, "reports", report)
    assert [event["type"] for event in reported.json()["events"]] == [
        "pledge.reported.v1",
        "pledge.partially_fulfilled.v1",
    ]
    assert reported.json()["pledge"]["reporting_health"] == "not_due"

    asked = client.on(reference, "contributions/c2/query", {"question": "Which schools?"})
    assert asked.json()["pledge"]["contributions"][1]["standing"] == "queried"
    verified = client.on(reference, "contributions/c1/verification", {})
    assert verified.json()["pledge"]["verified_usd"] == "250000.00"

    replacement = {"target": "schools", "quantity": "48", "effective_on": days_ago(100)}
    corrected = client.on(
        reference, "contributions/c2/correction", {"reason": "Two counted twice.", "replacement": replacement}
    )
    assert corrected.status_code == 201
    assert [c["replaces"] for c in corrected.json()["pledge"]["contributions"]].count("c2") == 1

    amended = client.on(reference, "amendments", {"reason": "More schools.", "title": "Connect 150 schools"})
    assert amended.json()["pledge"]["title"] == "Connect 150 schools"

    too_early = client.on(reference, "fulfilment", {"statement": "All done."})
    assert too_early.status_code == 409
    assert too_early.json()["type"] == "/problems/targets-not-met"

    fewer = {"id": "schools", "measure": "schools_connected", "value": "130"}
    client.on(reference, "scale-downs", {"targets": [fewer], "reason": "Twenty schools closed."})
    last = [
        {"target": "money", "amount": usd("750000.00"), "effective_on": days_ago(2)},
        {"target": "schools", "quantity": "62", "effective_on": days_ago(2)},
    ]
    fulfilled = client.on(reference, "fulfilment", {"statement": "All done.", "contributions": last})
    assert fulfilled.json()["pledge"]["lifecycle"] == "fulfilled"
    assert fulfilled.json()["pledge"]["fulfilled_on"] == TODAY.isoformat()
    assert fulfilled.json()["pledge"]["next_report_due_on"] is None

    position = fulfilled.headers["Ledger-Position"]
    pledge = client.read(f"/v1/pledges/{reference}", position)
    assert pledge == fulfilled.json()["pledge"]
    history = client.read(f"/v1/pledges/{reference}/history", position)
    assert [item["version"] for item in history["items"]] == list(range(1, pledge["version"] + 1))
    assert all(item["summary"] for item in history["items"])
    assert client.read(f"/v1/pledges/{reference}", version=1)["lifecycle"] == "announced"


def test_a_pledge_can_be_declined(client: Client) -> None:
    declined = client.on(client.announce(), "decline", {"reason": "Announced twice."})

    assert declined.status_code == 201
    assert declined.json()["pledge"]["lifecycle"] == "declined"


def test_a_pledge_can_be_withdrawn_in_favour_of_another(client: Client) -> None:
    lead = client.register()
    first, second = client.announce(lead=lead), client.announce(lead=lead)

    withdrawn = client.on(first, "withdrawal", {"reason": "Merged.", "superseded_by": second})

    assert withdrawn.json()["pledge"]["lifecycle"] == "withdrawn"
    assert withdrawn.json()["pledge"]["superseded_by"] == second


def test_an_organisation_is_registered_renamed_and_deactivated(client: Client) -> None:
    registered = client.post("/v1/organisations", json={"name": "Ministère", "sector": "government", "country": "SEN"})
    address = registered.headers["Location"]

    assert registered.json()["organisation"]["region"] == "africa"
    assert client.post(f"{address}/renaming", json={"name": "Ministry"}).json()["organisation"]["version"] == 2
    deactivated = client.post(f"{address}/deactivation", json={"reason": "Merged."})

    assert deactivated.json()["organisation"]["active"] is False
    assert client.read(address, deactivated.headers["Ledger-Position"]) == deactivated.json()["organisation"]
    refused = client.post(f"{address}/renaming", json={"name": "Other"})
    assert refused.status_code == 409

"""The report on a period, who owes a report, and good practices, over HTTP."""

from __future__ import annotations

import csv
import hashlib
import io
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
import rfc8785

from infrastructure.bootstrap import Service
from tests.api.http.register import TODAY, Client, Json, days_ago, usd


def admitted(client: Client, **more: Any) -> str:
    reference = client.announce(**more)
    assert client.on(reference, "validation", {}).status_code == 201
    return reference


def telling(client: Client, reference: str, *practices: str, **more: Any) -> int:
    """A progress report on the last hundred days; the position of the fact."""
    body: Json = {
        "period_start": days_ago(100),
        "period_end": days_ago(1),
        "narrative": "The masts stand.",
        "self_assessment": "on_track",
        "good_practices": [{"title": title, "text": f"How {title} works"} for title in practices],
        **more,
    }
    answer = client.on(reference, "reports", body)
    assert answer.status_code == 201, answer.text
    return int(answer.headers["Ledger-Position"])


def period(days: int = 500) -> dict[str, str]:
    return {"from": days_ago(days), "to": TODAY.isoformat()}


def problem(answer: httpx.Response, status: int, name: str) -> Json:
    assert answer.status_code == status, answer.text
    document: Json = answer.json()
    assert document["type"] == f"/problems/{name}"
    return document


def test_the_same_position_has_the_same_report_after_more_was_recorded_and_after_a_rebuild(
    client: Client, public: Client, service: Service
) -> None:
    reference = admitted(client)
    position = telling(client, reference, "Sharing poles", challenges="Fuel is dear.")
    asked = {**period(), "as_of": str(position)}

    first = public.get("/v1/reports/progress", params=asked)
    client.on(
        reference,
        "contributions",
        {"contributions": [{"target": "money", "amount": usd("5.00"), "effective_on": days_ago(9)}]},
    )
    service.projections.rebuild("pledge_status", lambda done, total: None)
    second = public.get("/v1/reports/progress.json", params=asked)

    assert first.status_code == 200, first.text
    assert first.content == second.content
    assert int(first.headers["Ledger-Position"]) == position
    later = client.read("/v1/reports/progress", **period())
    assert later["closing"]["total"]["delivered_usd"] != first.json()["closing"]["total"]["delivered_usd"]


def test_a_report_tells_what_was_recorded_and_carries_its_digest(client: Client) -> None:
    reference = admitted(client)
    position = telling(client, reference, "Sharing poles", challenges="Fuel is dear.", next_steps="Solar.")

    report = client.read("/v1/reports/progress", **period(), as_of=position)

    assert any(v["reference"] == reference and v["text"] == "Fuel is dear." for v in report["challenges"])
    assert any(v["reference"] == reference and v["text"] == "Solar." for v in report["next_steps"])
    assert any(s["reference"] == reference and s["title"] == "Sharing poles" for s in report["good_practices"])
    assert report["responses"]["overall"]["part"] >= 1
    assert report["closing"]["on"] == TODAY.isoformat()
    digest = report.pop("digest")
    assert digest == f"sha256:{hashlib.sha256(rfc8785.dumps(report)).hexdigest()}"


def test_a_pledge_that_was_not_admitted_is_not_named_even_to_bdt(client: Client) -> None:
    title = "A promise nobody looked at yet"
    reference = client.announce(title=title)
    report = client.get("/v1/reports/progress", params=period())

    assert report.json()["unadmitted"]["pledges"] >= 1
    assert reference not in report.text
    assert title not in report.text
    assert reference not in client.get("/v1/reports/obligations", params={"effective_on": "2035-01-01"}).text


def test_a_period_that_ends_before_it_starts_is_refused_by_name(anybody: Client) -> None:
    answer = anybody.get("/v1/reports/progress", params={"from": "2025-01-02", "to": "2025-01-01"})

    (error,) = problem(answer, 422, "invalid-request")["errors"]
    assert error["field"] == "to"
    assert "2025-01-02" in error["detail"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"to": "2025-01-01"}, "from"),
        ({"from": "2025-01-01"}, "to"),
        ({"from": "0001-01-01", "to": "2025-01-01"}, "from"),
        ({"from": "2025-01-01", "to": "9999-12-31"}, "to"),
    ],
)
def test_a_period_has_two_days_that_a_report_can_reach(anybody: Client, given: dict[str, str], field: str) -> None:
    answer = anybody.get("/v1/reports/progress", params=given)

    assert field in {error["field"] for error in problem(answer, 422, "invalid-request")["errors"]}


def test_a_report_as_of_tomorrow_is_refused(anybody: Client) -> None:
    tomorrow = (TODAY + timedelta(days=2)).isoformat()

    problem(anybody.get("/v1/reports/progress", params={**period(), "as_of": tomorrow}), 422, "moment-not-over")


def test_a_report_has_no_other_form_than_those_it_is_offered_in(anybody: Client) -> None:
    answer = anybody.get("/v1/reports/progress", params=period(), headers={"Accept": "image/png"})

    problem(answer, 406, "not-acceptable")


def test_who_owes_a_report_is_listed_with_the_time_to_report_on(client: Client, public: Client) -> None:
    lead = client.register("Owing Telecom")
    reference = admitted(client, lead=lead)
    fresh = admitted(client, lead=lead, announced_on=days_ago(30))

    listed = public.get("/v1/reports/obligations", params={"lead": lead}).json()

    (owed,) = listed["items"]
    assert listed["effective_on"] == TODAY.isoformat()
    assert owed["reference"] == reference != fresh
    assert owed["lead_name"] == "Owing Telecom"
    assert owed["health"] == "never_reported"
    assert (owed["period_start"], owed["period_end"]) == (days_ago(400), TODAY.isoformat())
    assert owed["days_since_due"] == (TODAY - date.fromisoformat(owed["due_on"])).days


def test_a_report_that_came_is_owed_no_more_but_was_owed_before(client: Client) -> None:
    lead = client.register("Late Telecom")
    reference = admitted(client, lead=lead)
    before = int(client.on(reference, "scale-ups", {"countries": ["KEN"]}).headers["Ledger-Position"])
    after = telling(client, reference)

    assert client.read("/v1/reports/obligations", lead=lead, as_of=after)["items"] == []
    assert len(client.read("/v1/reports/obligations", lead=lead, as_of=before)["items"]) == 1


def test_obligations_are_found_by_sector_and_by_both_regions(client: Client) -> None:
    lead = client.register("Academy", sector="academia", country="FRA")
    admitted(client, lead=lead, countries=["KEN"])

    def found(**criteria: str) -> int:
        return len(client.read("/v1/reports/obligations", lead=lead, **criteria)["items"])

    assert found(sector="academia", region="africa", pledger_region="europe", health="overdue,never_reported") == 1
    assert found(sector="youth") == found(region="europe") == found(pledger_region="africa") == found(health="due") == 0


@pytest.mark.parametrize("address", ["/v1/reports/obligations.csv", "/v1/reports/obligations"])
def test_the_queue_of_reminders_is_csv_that_runs_nothing(client: Client, address: str) -> None:
    lead = client.register("=cmd|' /C calc'!A0")
    reference = admitted(client, lead=lead, title="+1 for schools")

    answer = client.get(address, params={"lead": lead}, headers={"Accept": "text/csv"})

    assert answer.headers["Content-Type"].startswith("text/csv")
    (line,) = csv.DictReader(io.StringIO(answer.text))
    assert line["reference"] == reference
    assert line["lead_name"] == "'=cmd|' /C calc'!A0"
    assert line["title"] == "'+1 for schools"
    assert line["mail_subject"] == f"Progress report due: {reference} +1 for schools"
    assert line["mail_text"].startswith("'=cmd"), "the text begins with the name"
    assert f"from {days_ago(400)} to {TODAY}" in line["mail_text"]


def test_good_practices_come_in_pages_that_belong_together(client: Client) -> None:
    lead = client.register("Sharing Telecom")
    references = [admitted(client, lead=lead) for _ in range(2)]
    for reference in references:
        telling(client, reference, "Sharing poles", "Sharing ducts")

    first = client.read("/v1/good-practices", lead=lead, limit=3)
    telling(client, admitted(client, lead=lead), "Told in between")
    second = client.read("/v1/good-practices", cursor=first["next"], limit=3)

    assert [(s["reference"], s["title"]) for s in (*first["items"], *second["items"])] == [
        (reference, title) for reference in references for title in ("Sharing poles", "Sharing ducts")
    ]
    assert second["next"] is None
    assert first["position"] == second["position"]


def test_good_practices_are_found_by_words_and_focus_area(client: Client) -> None:
    lead = client.register("Teaching Telecom")
    telling(client, admitted(client, lead=lead, focus_area="adoption"), "Radio lessons")

    def found(**criteria: str) -> list[str]:
        return [story["title"] for story in client.read("/v1/good-practices", lead=lead, **criteria)["items"]]

    assert found(q="LESSONS radio", focus_area="adoption,access") == ["Radio lessons"]
    assert found(q="television") == found(focus_area="access") == []


def test_good_practices_of_a_pledge_that_was_not_admitted_are_not_told(client: Client) -> None:
    lead = client.register("Hasty Telecom")
    reference = client.announce(lead=lead)
    client.on(
        reference,
        "reports",
        {
            "period_start": days_ago(100),
            "period_end": days_ago(1),
            "narrative": "Done.",
            "self_assessment": "on_track",
            "good_practices": [{"title": "Haste", "text": "Do not wait."}],
        },
    )

    assert client.read("/v1/good-practices", lead=lead)["items"] == []


def test_a_cursor_for_other_stories_is_refused(client: Client) -> None:
    lead = client.register("Two Tales")
    telling(client, admitted(client, lead=lead), "One", "Two")
    cursor = client.read("/v1/good-practices", lead=lead, limit=1)["next"]

    problem(client.get("/v1/good-practices", params={"cursor": cursor, "q": "Two"}), 422, "invalid-cursor")
    problem(client.get("/v1/good-practices", params={"cursor": cursor, "as_of": "1"}), 422, "two-moments")
    problem(client.get("/v1/good-practices", params={"cursor": "AAAA"}), 422, "invalid-cursor")

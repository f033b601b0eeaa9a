"""Lists with filters and pages, histories, vocabulary, rates and health."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from infrastructure import readiness
from infrastructure.bootstrap import Service
from infrastructure.version import p2c_version
from tests.api.http.register import TODAY, Client, days_ago


@pytest.fixture
def lead(client: Client) -> str:
    return client.register("Reader")


def announced(client: Client, lead: str, number: int, **more: Any) -> tuple[list[str], str]:
    """The references of some pledges, and the position that includes them."""
    answers = [client.post("/v1/pledges", json=client.announcement(lead=lead, **more)) for _ in range(number)]
    return [answer.json()["pledge"]["reference"] for answer in answers], answers[-1].headers["Ledger-Position"]


def test_pages_of_a_list_belong_together_while_writing_goes_on(client: Client, lead: str) -> None:
    references, position = announced(client, lead, 5)
    first = client.get("/v1/pledges", params={"lead": lead, "limit": 2}, headers={"Ledger-Position": position})
    later, _ = announced(client, lead, 1)
    client.on(references[4], "validation", {})

    seen = list(first.json()["items"])
    answer = first
    while "next" in answer.links:
        answer = client.get(answer.links["next"]["url"])
        assert answer.json()["position"] == first.json()["position"]
        assert answer.json()["as_of"] == first.json()["as_of"]
        seen += answer.json()["items"]

    assert [item["reference"] for item in seen] == references
    assert seen[4]["lifecycle"] == "announced"
    assert later[0] not in references
    assert answer.json()["next"] is None


def test_a_cursor_carries_its_filters_along(client: Client, lead: str) -> None:
    references, position = announced(client, lead, 3)
    page = client.read("/v1/pledges", position, lead=lead, limit=2)

    assert [i["reference"] for i in client.read("/v1/pledges", cursor=page["next"])["items"]] == references[2:]
    same = client.read("/v1/pledges", cursor=page["next"], lead=lead)
    assert [i["reference"] for i in same["items"]] == references[2:]
    other = client.get("/v1/pledges", params={"cursor": page["next"], "type": "policy"})
    assert other.status_code == 422
    assert other.json()["type"] == "/problems/invalid-cursor"


def test_a_cursor_that_was_changed_is_refused(client: Client, lead: str) -> None:
    _, position = announced(client, lead, 3)
    cursor = client.read("/v1/pledges", position, lead=lead, limit=2)["next"]
    forged = base64.urlsafe_b64encode(json.dumps({"position": 1, "after": "x"}).encode()).decode()

    for changed in ("", "x", "é", cursor[:-2], cursor + "AAAA", cursor[::-1], forged, "A" * 5_000):
        for address in ("/v1/pledges", "/v1/organisations", "/v1/pledges/P2C-1/history"):
            answer = client.get(address, params={"cursor": changed})
            assert answer.status_code in {422, 404} if changed == "" else answer.status_code == 422, changed


@pytest.mark.parametrize(
    ("parameter", "matching", "other"),
    [
        ("lifecycle", "announced", "fulfilled"),
        ("type", "financial", "policy"),
        ("focus_area", "access", "adoption"),
        ("pillar", "infrastructure", "skills"),
        ("sector", "private_sector", "youth"),
        ("region", "africa", "europe"),
        ("pledger_region", "africa", "cis"),
        ("country", "SEN", "FRA"),
        ("target_group", "ldc", "sids"),
        ("beneficiary_group", "youth", "children"),
        ("sdg", "4", "5"),
        ("wsis_line", "C2", "C3"),
        ("reporting", "never_reported", "silent"),
        ("scaled_up", "false", "true"),
        ("year", days_ago(400)[:4], "1999"),
        ("register", "", "another"),
        ("q", "fibre SCHOOLS", "submarine"),
    ],
)
def test_the_list_can_be_filtered(client: Client, lead: str, parameter: str, matching: str, other: str) -> None:
    described = {"pillars": ["infrastructure"], "sdgs": [4], "wsis_lines": ["C2"], "beneficiary_groups": ["youth"]}
    references, position = announced(client, lead, 1, **described)

    if matching:
        found = client.read("/v1/pledges", position, lead=lead, **{parameter: matching})
        assert [item["reference"] for item in found["items"]] == references
    if parameter not in {"scaled_up", "q", "register"}:
        both = client.read("/v1/pledges", position, organisation=lead, **{parameter: f"{other},{matching}"})
        assert [item["reference"] for item in both["items"]] == references
        repeated = client.read("/v1/pledges", position, lead=lead, **{parameter: [other, matching]})
        assert [item["reference"] for item in repeated["items"]] == references
    assert client.read("/v1/pledges", position, lead=lead, **{parameter: other})["items"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("colour=red", "colour"),
        ("lifecycle=dead", "lifecycle"),
        ("country=SEN,XXX", "country"),
        ("sdg=18", "sdg"),
        ("sdg=four", "sdg"),
        ("wsis_line=C12", "wsis_line"),
        ("lead=nobody", "lead"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=all", "limit"),
        ("scaled_up=perhaps", "scaled_up"),
        ("year=99999999999999999999", "year"),
        ("q=%00", "q"),
        ("register=%00", "register"),
    ],
)
def test_an_unknown_parameter_or_code_is_refused(client: Client, query: str, field: str) -> None:
    answer = client.get(f"/v1/pledges?{query}")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].split(".")[0] == field


def test_a_list_says_what_it_is_a_list_of(client: Client, lead: str) -> None:
    _, position = announced(client, lead, 1)

    page = client.read("/v1/pledges", position)

    assert page["position"] >= int(position)
    assert page["as_of"] >= page["items"][0]["recorded_at"]
    assert page["effective_on"] == TODAY.isoformat()


def test_a_history_comes_in_pages(client: Client, lead: str) -> None:
    (reference,), _ = announced(client, lead, 1)
    for n in range(4):
        client.on(reference, "amendments", {"reason": "Better.", "title": f"Title {n}"})
    position = client.on(reference, "validation", {}).headers["Ledger-Position"]

    answer = client.get(f"/v1/pledges/{reference}/history", params={"limit": 4}, headers={"Ledger-Position": position})
    following = client.get(answer.links["next"]["url"]).json()

    assert [item["version"] for item in answer.json()["items"]] == [1, 2, 3, 4]
    assert [item["version"] for item in following["items"]] == [5, 6]
    assert following["next"] is None
    assert [item["actor"]["role"] for item in following["items"]] == ["stakeholder", "bdt"]
    (another,), _ = announced(client, lead, 1)
    elsewhere = client.get(f"/v1/pledges/{another}/history", params={"cursor": answer.json()["next"]})
    assert elsewhere.json()["type"] == "/problems/invalid-cursor"


def test_a_pledge_is_called_by_the_name_its_lead_has_or_had(client: Client) -> None:
    lead = client.register("Before")
    reference = client.announce(lead=lead)
    renamed = client.post(f"/v1/organisations/{lead}/renaming", json={"name": "After"})

    now = client.read(f"/v1/pledges/{reference}", renamed.headers["Ledger-Position"])

    assert now["lead"]["name"] == "After"
    assert client.read(f"/v1/pledges/{reference}", version=1)["lead"]["name"] == "Before"


def test_of_a_pledge_that_was_admitted_everybody_can_read_the_versions_before_too(
    client: Client, anybody: Client, lead: str
) -> None:
    reference = client.announce(lead=lead)
    asked = f"/v1/pledges/{reference}"
    assert anybody.get(asked, params={"version": 1}).status_code == 404

    position = client.on(reference, "validation", {}).headers["Ledger-Position"]

    assert anybody.read(asked, position)["version"] == 2
    assert anybody.read(asked, position, version=1)["lifecycle"] == "announced"


def test_organisations_are_listed_by_name_in_pages(client: Client) -> None:
    client.register("Zebra unique", sector="youth")
    client.register("alpha unique", sector="youth")
    last = client.post("/v1/organisations", json={"name": "Beta unique", "sector": "youth", "country": "FRA"})
    position = last.headers["Ledger-Position"]

    answer = client.get("/v1/organisations", params={"q": "unique", "limit": 2}, headers={"Ledger-Position": position})
    following = client.get(answer.links["next"]["url"]).json()

    assert [item["name"] for item in answer.json()["items"]] == ["alpha unique", "Beta unique"]
    assert [item["name"] for item in following["items"]] == ["Zebra unique"]
    assert client.read("/v1/organisations", position, sector="academia", q="unique")["items"] == []
    assert client.get("/v1/organisations", params={"shape": "round"}).status_code == 422


def test_the_vocabulary_can_be_kept(anybody: Client) -> None:
    first = anybody.get("/v1/vocabulary")
    again = anybody.get("/v1/vocabulary", headers={"If-None-Match": first.headers["ETag"]})

    assert "max-age" in first.headers["Cache-Control"]
    assert again.status_code == 304
    vocabulary = first.json()
    assert {term["code"] for term in vocabulary["focus_area"]} == {"access", "adoption", "value_creation", "accelerate"}
    assert vocabulary["sdg"][0]["code"] == 1
    laos = next(country for country in vocabulary["countries"] if country["code"] == "LAO")
    assert {"group": "ldc", "since": None, "until": "2026-11-24"} in laos["groups"]
    assert next(c for c in vocabulary["currencies"] if c["code"] == "JPY")["minor_units"] == 0


def test_a_published_rate_stays(client: Client) -> None:
    def publish(*rates: tuple[str, str, str]) -> Any:
        listed = [{"currency": c, "month": m, "rate": r, "source": "UN"} for c, m, r in rates]
        return client.post("/v1/exchange-rates", json={"rates": listed})

    assert publish(("CHF", "2026-01", "1.2")).status_code == 201
    assert publish(("CHF", "2026-01", "1.20")).status_code == 201
    clash = publish(("XOF", "2026-01", "0.0017"), ("CHF", "2026-01", "1.3"))
    assert clash.status_code == 409
    assert clash.json()["errors"][0]["field"] == "/rates/1"
    assert client.read("/v1/exchange-rates", currency="XOF") == {"rates": []}
    assert client.read("/v1/exchange-rates", currency="CHF")["rates"][0]["month"] == "2026-01"
    for wrong in (("CHF", "2026-13", "1"), ("USD", "2026-01", "1"), ("XXX", "2026-01", "1"), ("CHF", "2026-02", "0")):
        assert publish(wrong).status_code == 422
    assert publish(("CHF", "2026-03", "1"), ("CHF", "2026-03", "2")).status_code == 422
    assert client.post("/v1/exchange-rates", json={"rates": []}).status_code == 422


def test_the_service_says_that_it_is_up_and_ready(client: Client) -> None:
    position = client.post("/v1/organisations", json={"name": "Up", "sector": "youth"}).headers["Ledger-Position"]
    client.read("/v1/pledges", position)

    assert client.read("/livez") == {"status": "alive", "version": p2c_version()}
    ready = client.read("/readyz")
    assert ready["position"] == int(position)
    assert {"pledge_status", "timeline", "organisations"} <= ready["read_models"].keys()


def test_what_keeps_the_service_from_being_ready_is_named(
    client: Client, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    monkeypatch.setattr(readiness, "LARGEST_LAG", -1)
    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/not-ready"
    assert {error["field"] for error in answer.json()["errors"]} >= {"pledge_status", "timeline"}
    assert service.pool.conninfo not in answer.text  # type: ignore[operator]


def test_the_documentation_is_a_page_without_scripts(anybody: Client) -> None:
    page = anybody.get("/docs")

    assert "Announce a pledge" in page.text
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_what_can_be_read_can_be_asked_about(anybody: Client) -> None:
    answer = anybody.head("/v1/vocabulary")

    assert answer.status_code == 200
    assert answer.content == b""


def test_who_just_wrote_sees_it_without_naming_a_position(client: Client, lead: str) -> None:
    (reference,), _ = announced(client, lead, 1)
    for version in range(2, 22):
        client.on(reference, "amendments", {"reason": "Better.", "title": f"Title {version}"})
        assert client.get(f"/v1/pledges/{reference}").json()["version"] == version
        history = client.get(f"/v1/pledges/{reference}/history", params={"limit": 200}).json()["items"]
        assert history[-1]["version"] == version


def test_a_read_that_names_no_position_is_answered_even_where_the_view_stands_still(
    client: Client, lead: str, without_projections: None
) -> None:
    (reference,), _ = announced(client, lead, 1)
    assert client.get("/v1/pledges").status_code == 200
    assert client.get(f"/v1/pledges/{reference}").status_code == 200

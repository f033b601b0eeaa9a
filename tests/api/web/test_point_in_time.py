"""The page of one moment and of two, and of what was published."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from api.web import snapshot_page
from domain.vocabulary import Role
from infrastructure.bootstrap import Service
from tests.api.web.pages import Page, Visitor, page_of
from tests.api.web.signed_in_visitors import signed_in

THEN, NOW = "2025-12-31", "2026-06-30"
HALF_A_YEAR = {"from_effective_on": THEN, "to_effective_on": NOW}


@pytest.fixture(scope="module")
def bdt(server: str, service: Service) -> Iterator[Visitor]:
    """An officer of BDT."""
    with signed_in(server, service, Role.BDT) as visitor:
        yield visitor


def dollars(amount: str) -> str:
    return f"USD\xa0{Decimal(amount):,.2f}"


def change(amount: str | int) -> str:
    number = Decimal(amount)
    if isinstance(amount, int):
        return f"{'+' if number > 0 else '−' if number else ''}{abs(number):,}"
    return f"{'+' if number > 0 else '−' if number else ''}USD\xa0{abs(number):,.2f}"


def rows(page: Page, labelled_by: str) -> list[list[str]]:
    """The cells of a table's body, each with what it says in one line."""
    found = page.all(f"//div[@aria-labelledby='{labelled_by}']//tbody/tr")
    return [[" ".join(cell.text_content().split(" ")).strip() for cell in row] for row in found]


def filled(page: Page, **fields: str) -> dict[str, Any]:
    """The fields of the form that publishes, some of them filled in."""
    [form] = page.all("//main//form[@method='post']")
    return {**dict(form.fields), **fields}


def test_a_moment_is_told_as_its_snapshot_tells_it(visitor: Visitor) -> None:
    page = visitor.page("/point-in-time", params={"effective_on": THEN})
    taken = visitor.get("/v1/snapshots/status", params={"effective_on": THEN}).json()

    assert [taken["digest"], taken["root"]] == [dd.text_content() for dd in page.all("//dd[@class='hash']")]
    assert f"USD {Decimal(taken['totals']['validated_usd']):,.0f}" in page.text
    shown = rows(page, "pledges")
    assert len(shown) == len(taken["pledges"]) > 30
    for cells, pledge in zip(shown, taken["pledges"], strict=True):
        assert pledge["reference"] in cells[0]
        assert (pledge["lead"]["name"] or "(sample)") in cells[0], "by its name, if only by a later one"
        assert pledge["lead"]["id"] not in cells[0]
        assert f"{Decimal(pledge['delivered_usd']):,.0f}" in cells[3]


def test_of_a_large_register_the_digest_is_left_to_the_snapshot(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot_page, "MOST_DIGESTED", 30)

    page = visitor.page("/point-in-time", params={"effective_on": THEN})

    taken = visitor.get("/v1/snapshots/status", params={"effective_on": THEN}).json()
    assert [dd.text_content() for dd in page.all("//dd[@class='hash']")] == [taken["root"]]
    assert len(rows(page, "pledges")) == len(taken["pledges"])


def test_the_data_of_a_moment_is_that_of_programs_byte_for_byte(visitor: Visitor) -> None:
    page = visitor.page("/point-in-time", params={"effective_on": THEN, "group_by": "region", "lang": "ru"})
    links = page.links("//p[@class='downloads']")

    taken = visitor.get(links["JSON"]).json()
    assert (taken["effective_on"], taken["group_by"]) == (THEN, ["region"])
    assert taken["digest"] in page.text
    assert visitor.get(links["CSV"]).text.startswith("reference,")
    assert visitor.get(links["XLSX"]).content.startswith(b"PK")
    elsewhere = visitor.get("/point-in-time.json", params={"effective_on": THEN, "group_by": "region"})
    assert visitor.get(elsewhere.headers["Location"]).json() == taken


@pytest.mark.parametrize("attribution", ["full", "split"])
def test_totals_are_divided_by_any_dimensions(visitor: Visitor, attribution: str) -> None:
    asked = {"group_by": ["target_group", "type"], "attribution": attribution}
    page = visitor.page("/point-in-time", params=asked)
    groups = visitor.get("/v1/snapshots/totals", params=asked).json()["groups"]

    assert [row[2] for row in rows(page, "parts")] == [
        f"USD\xa0{Decimal(g['validated_usd']):,.0f}" if Decimal(g["validated_usd"]) else "0" for g in groups
    ]
    assert ("is divided among them, to the cent" in page.text) == (attribution == "split")


def test_organisations_are_named_where_totals_are_divided_by_them(visitor: Visitor) -> None:
    names = [row[0] for row in rows(visitor.page("/point-in-time?group_by=organisation"), "parts")]

    assert "Lakeside Digital Authority (sample)" in names


def test_before_there_was_anything_there_is_nothing(visitor: Visitor) -> None:
    page = visitor.page("/point-in-time?as_of=0")

    assert "BDT had admitted no pledge by then." in page.text


def test_the_difference_tells_each_figure_then_and_now_and_every_cause_to_the_cent(visitor: Visitor) -> None:
    page = visitor.page("/point-in-time", params=HALF_A_YEAR)
    found = visitor.get("/v1/snapshots/difference", params=HALF_A_YEAR).json()

    figures = ["pledges", "announced_usd", "validated_usd", "delivered_usd", "verified_usd"]
    for name, cells in zip(figures, rows(page, "difference"), strict=True):
        opening, closing = found["opening"][name], found["closing"][name]
        said = [f"{n:,}" if isinstance(n, int) else dollars(n) for n in (opening, closing)]
        assert cells[1:] == [said[0], change(found["totals"][name]), said[1]]
        causes = [cause for cause in found["causes"] if cause["measure"] == name]
        assert [(row[1], row[3]) for row in rows(page, f"whole-{name}")] == [
            (change(cause["change"]), str(cause["pledges"])) for cause in causes
        ]
    assert len({cause["cause"] for cause in found["causes"]}) > 3
    assert found["digest"] in page.text
    moved = [name for name in found["totals"] if any(cause["measure"] == name for cause in found["causes"])]
    assert page.text.count("The causes add up to the change, exactly") == len(moved)
    assert "do not add up" not in page.text


def test_bars_go_to_the_side_that_the_sign_says(visitor: Visitor) -> None:
    page = visitor.page("/point-in-time", params=HALF_A_YEAR)

    for row in page.all("//table[contains(@class, 'causes')]/tbody/tr"):
        said = row.xpath("td[@class='figure']")[0].text_content()
        [bar] = row.xpath(".//rect[@class='more' or @class='less']")
        assert (bar.get("class") == "less") == said.startswith("−")
        assert (float(bar.get("x")) < 100) == said.startswith("−")


def test_every_movement_leads_to_its_pledge_and_to_the_facts_that_did_it(visitor: Visitor) -> None:
    page = visitor.page("/point-in-time", params=HALF_A_YEAR)
    found = visitor.get("/v1/snapshots/difference", params=HALF_A_YEAR).json()

    measures = {"pledges", "announced_usd", "validated_usd", "delivered_usd", "verified_usd"}
    moved = {(m["reference"], m["cause"]) for m in found["movements"] if m["measure"] in measures}
    assert len(rows(page, "movements")) == len(moved)
    [first] = page.all("//table[contains(@class, 'movements')]/tbody/tr[1]")
    pledge, event = first.xpath(".//a/@href")[:2]
    history = visitor.get(f"/v1{pledge}/history").json()["items"]
    position = int(first.xpath("td[last()]/a")[0].text_content().replace(",", ""))
    [item] = [item for item in history if item["position"] == position]
    assert event == f"{pledge}/events/{item['version']}"


def test_three_countries_leave_the_least_developed_ones_and_no_fact_did_it(visitor: Visitor) -> None:
    preset = visitor.page("/point-in-time").links()["24 November 2026: three countries leave the least developed ones"]
    page = visitor.page(preset)

    assert "Nothing moved the figures of all pledges together." in page.text
    assert "they differ by the day alone" in page.text
    assert {row[1] for row in rows(page, "scope-ldc-pledges")} == {"−11"}
    countries = {c for row in rows(page, "movements") for c in row[1].removeprefix("Reclassified").split(" · ")}
    assert {country.strip() for country in countries} == {
        "Bangladesh",
        "Nepal",
        "Laos",
    }


def test_a_difference_is_divided_as_a_snapshot_is(visitor: Visitor) -> None:
    page = visitor.page("/point-in-time", params={**HALF_A_YEAR, "group_by": "sector"})
    found = visitor.get("/v1/snapshots/difference", params={**HALF_A_YEAR, "group_by": "sector"}).json()

    assert len(rows(page, "parts")) == len(found["groups"])
    for cells, group in zip(rows(page, "parts"), found["groups"], strict=True):
        assert cells[3].startswith(change(group["totals"].get("delivered_usd", "0.00")))


def test_the_data_of_a_difference_is_that_of_programs_for_the_public(visitor: Visitor) -> None:
    links = visitor.page("/point-in-time", params=HALF_A_YEAR).links("//p[@class='downloads']")

    told = visitor.get("/v1/snapshots/difference", params=HALF_A_YEAR)
    assert visitor.get(links["JSON"]).content == told.content
    csv = visitor.get("/v1/snapshots/difference.csv", params=HALF_A_YEAR)
    assert visitor.get(links["CSV"]).content == csv.content


def test_pledges_that_bdt_has_not_admitted_are_named_to_those_alone_who_may_know(
    visitor: Visitor, bdt: Visitor
) -> None:
    autumn = {"from_effective_on": "2026-09-30", "to_effective_on": "2026-11-20"}

    assert "P2C-2026-000007" not in visitor.page("/point-in-time", params=autumn).answer.text
    assert "Pledges that are not public" in visitor.page("/point-in-time", params=autumn).text
    page = bdt.page("/point-in-time", params=autumn)
    assert "P2C-2026-000007 Sample: Fibre for the last island" in page.links("//div[@aria-labelledby='movements']")
    assert "P2C-2026-000007" in bdt.get(page.links("//p[@class='downloads']")["CSV"]).text


def test_a_later_moment_alone_is_asked_about_the_earlier_one(visitor: Visitor) -> None:
    page = visitor.page("/point-in-time?to_effective_on=2026-06-30", status=422)

    assert "Say which moment is the earlier one" in page.text
    assert page.all("//main//input[@name='to_effective_on']/@value") == ["2026-06-30"]


def test_only_who_may_publish_is_offered_to(visitor: Visitor, server: str, service: Service) -> None:
    with signed_in(server, service, Role.AUDITOR) as auditor:
        for somebody in (visitor, auditor):
            assert "Publish this snapshot" not in somebody.page("/point-in-time").text
        answer = auditor.post("/publications", data={"title": "Mine", "as_of": "1"})
        assert answer.status_code == 403


def test_a_day_to_come_is_not_offered_to_be_published(bdt: Visitor) -> None:
    assert "Publish this snapshot" not in bdt.page("/point-in-time?effective_on=2099-12-31").text


def test_a_snapshot_is_published_once_however_often_the_form_is_sent(bdt: Visitor, visitor: Visitor) -> None:
    title = f"The end of 2025 {uuid4()}"
    page = bdt.page("/point-in-time", params={"effective_on": THEN, "group_by": "sector"})
    form = filled(page, title=title)

    answers = [bdt.post("/publications", data=form) for _ in range(2)]

    assert {answer.status_code for answer in answers} == {303}
    [address] = {answer.headers["Location"].partition("?")[0] for answer in answers}
    listed = visitor.get("/v1/snapshots").json()["items"]
    [published] = [one for one in listed if one["title"] == title]
    assert published["effective_on"] == THEN
    assert published["group_by"] == ["sector"]
    shown = visitor.page(address)
    assert shown.heading == title
    assert published["digest"] in shown.text
    assert "Bureau" in shown.text or "BDT" in shown.text
    assert (
        visitor.get(shown.links()["What was published, as a document (JSON)"]).json()["digest"] == published["digest"]
    )
    assert title in visitor.page("/point-in-time").links()
    assert "has the same digest" in visitor.page(shown.links()["Take it again from the facts, and compare"]).text
    again = visitor.page(shown.links()["The register at this moment"])
    assert published["digest"] in again.text


@pytest.mark.parametrize(
    ("title", "error"), [("  ", "Give the snapshot a title."), ("x" * 301, "300"), ("a\u202eb", "U+202E")]
)
def test_a_title_that_will_not_do_comes_back_with_what_is_wrong_beside_it(bdt: Visitor, title: str, error: str) -> None:
    form = filled(bdt.page("/point-in-time", params={"effective_on": THEN}), title=title)
    count = len(bdt.get("/v1/snapshots").json()["items"])

    page = page_of(bdt.post("/publications?lang=en", data=form), status=422)

    [field] = page.all("//input[@id='publish-title']")
    assert field.get("value") == title.strip()
    [said] = page.all(f"//*[@id='{field.get('aria-describedby').split()[-1]}']")
    assert error in said.text_content()
    assert filled(page)["form_key"] == form["form_key"]
    assert filled(page)["effective_on"] == THEN
    assert len(bdt.get("/v1/snapshots").json()["items"]) == count


def test_a_snapshot_that_there_is_not_is_said_to_be_none(visitor: Visitor) -> None:
    page = visitor.page(f"/publications/{uuid4()}", status=404)

    assert "There is no published snapshot" in page.text

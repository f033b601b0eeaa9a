"""The first page: where the coalition stands, at any moment, in six languages, and as data."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest

from domain.progress.report import Period
from domain.vocabulary import LANGUAGES, Lifecycle
from infrastructure.bootstrap import Service
from infrastructure.register import point_of
from projections.pledge_status.filters import PledgeFilters
from tests.api.web.pages import Visitor

FIRST_PLEDGES = date(2022, 6, 8)


def test_the_ladder_and_the_headline_are_those_of_the_snapshot(visitor: Visitor) -> None:
    totals = visitor.get("/v1/snapshots/totals").json()["totals"]
    page = visitor.page("/")

    for rung in ("announced", "validated", "delivered", "verified"):
        assert f"USD {Decimal(totals[f'{rung}_usd']):,.0f}" in page.text
    assert f"{totals['reported']} of {totals['pledges']} pledges were ever reported on" in page.text


def test_every_part_leads_to_its_pledges(visitor: Visitor) -> None:
    links = visitor.page("/").links()

    assert links["Financial"] == "/pledges?type=financial"
    assert links["Africa"] == "/pledges?region=africa"


def test_a_moment_in_the_address_makes_the_page_that_moments_page(visitor: Visitor) -> None:
    page = visitor.page("/", params={"effective_on": "2023-12-31"})
    totals = visitor.get("/v1/snapshots/totals", params={"effective_on": "2023-12-31"}).json()["totals"]

    assert "31 December 2023" in page.root.xpath("//section[contains(@class, 'moment')]")[0].text_content()
    assert f"USD {Decimal(totals['validated_usd']):,.0f}" in page.text
    assert page.links()["Financial"] == "/pledges?effective_on=2023-12-31&type=financial"
    assert page.links("//header")["Pledges"] == "/pledges?effective_on=2023-12-31"


def test_before_the_first_event_the_page_says_that_there_is_nothing(visitor: Visitor) -> None:
    page = visitor.page("/", params={"as_of": "0"})

    assert page.all("//section[@class='headline']//dd")[0].text_content().startswith("USD\xa00")
    assert not page.all("//svg[contains(@class, 'burn-up')]")


def test_a_moment_to_come_is_refused_on_a_page_that_says_what_to_do(visitor: Visitor) -> None:
    page = visitor.page("/", params={"as_of": "2999-01-01"}, status=422)

    assert "has not come yet" in page.text
    assert visitor.page("/", params={"as_of": "soon"}, status=422).text.count("soon") == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_in_the_language_of_its_address_and_links_stay_in_it(visitor: Visitor, language: str) -> None:
    page = visitor.page("/", params={"lang": language}, headers={"Accept-Language": "fr"})

    assert page.root.get("lang") == language
    assert page.root.get("dir") == ("rtl" if language == "ar" else "ltr")
    assert f"/pledges?lang={language}&type=financial" in page.links().values()


def test_without_one_the_language_is_the_one_that_the_browser_likes(visitor: Visitor) -> None:
    assert visitor.page("/", headers={"Accept-Language": "ru"}).root.get("lang") == "ru"
    assert visitor.page("/", params={"lang": "de"}, status=422).root.get("lang") == "en"


def test_its_figures_are_there_as_data(visitor: Visitor) -> None:
    document = visitor.get("/overview.json").json()
    rows = list(csv.DictReader(io.StringIO(visitor.get("/overview.csv").text)))

    assert document["totals"]["validated_usd"] == rows[0]["validated_usd"]
    assert {row["dimension"] for row in rows} == {"all", "focus_area", "region", "type", "sector", "month"}
    assert len(document["groups"]["focus_area"]) == sum(row["dimension"] == "focus_area" for row in rows)


@pytest.mark.parametrize("until", [date(2023, 3, 15), date(2025, 12, 31)])
def test_the_way_towards_the_goal_is_that_of_the_progress_report(service: Service, until: date) -> None:
    report = service.progress_reports.make(Period(FIRST_PLEDGES, until))
    at = service.register.moment(report.position, until)
    course = dict(service.pledges.course(point_of(at)))

    told = {point.on: (point.validated, point.delivered, point.verified) for point in report.burn_up.points}
    reached = {day: (ladder.validated, ladder.delivered, ladder.verified) for day, ladder in course.items()}
    assert reached
    assert reached == {day: told[day] for day in reached}
    for before, day in pairwise(told):
        assert day in reached or told[day] == told[before]


def test_files_of_the_pages_are_kept_for_ever_at_addresses_that_change_with_them(visitor: Visitor) -> None:
    page = visitor.page("/")
    files = [*page.all("//link[@rel='stylesheet']/@href"), *page.all("//script/@src")]

    assert files
    for file in files:
        answer = visitor.get(file)
        assert (answer.status_code, "immutable" in answer.headers["Cache-Control"]) == (200, True)
    assert visitor.get("/assets/other.css").status_code == 404


def test_what_is_not_there_is_a_page_to_who_looks_and_a_problem_to_who_reads(visitor: Visitor) -> None:
    looked = visitor.page("/nothing", headers={"Accept": "text/html,*/*;q=0.8"}, status=404)
    read = visitor.get("/nothing")

    assert looked.links()["To the overview"] == "/"
    assert read.headers["Content-Type"] == "application/problem+json"
    assert visitor.get("/v1/nothing", headers={"Accept": "text/html"}).headers["Content-Type"] == (
        "application/problem+json"
    )


def test_the_page_says_how_far_it_reaches_and_how_far_that_is_signed(visitor: Visitor, service: Service) -> None:
    position = service.ledger.position
    service.projections.wait_until(position, 20)
    service.signer.sign()

    assert f"number {position} of the ledger" in visitor.page("/").text
    assert "has all of it." in visitor.page("/").text


def test_what_happened_last_is_told_in_words_as_of_the_moment(visitor: Visitor) -> None:
    told = visitor.page("/").all("//ol[@class='latest']/li")
    then = visitor.page("/", params={"effective_on": "2022-06-07"}).all("//ol[@class='latest']/li")

    assert len(told) == 8
    assert "Proof of position 404" in told[0].text_content()
    assert any("Promised" in item.text_content() or "Announced" in item.text_content() for item in then)
    assert not visitor.page("/", params={"as_of": "0"}).all("//ol[@class='latest']")


def test_what_bdt_has_not_admitted_is_not_among_what_happened_last(visitor: Visitor, service: Service) -> None:
    waiting = service.pledges.page(PledgeFilters(lifecycle=(Lifecycle.ANNOUNCED,)), on=service.today()).items
    assert waiting

    for row in waiting:
        assert row.pledge.reference not in visitor.page("/", params={"as_of": str(row.position)}).text

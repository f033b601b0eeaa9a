"""The list of pledges: what is looked for, what is found, and the same as data."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import openpyxl
import pytest

from application.access import Principal
from domain.values import Actor
from domain.vocabulary import Role
from infrastructure.embedded_postgres import EmbeddedPostgres
from projections.pledge_status.facets import Facet
from tests.api.web.visiting import Page, Site, site, words_of
from tests.varied_pledges import varied

BDT = Principal(actor=Actor(role=Role.BDT))
REFERENCES = "//tbody//*[@class='reference']"


@pytest.fixture(scope="module")
def pages(postgres: EmbeddedPostgres) -> Iterator[Site]:
    with site(postgres) as found:
        found.service.ledger.append(varied())
        yield found


def references(page: Page) -> list[str]:
    return page.texts(REFERENCES)


def found(page: Page) -> int:
    return int(page.text("//*[@id='results']/h2").split()[0])


def in_file(pages: Site, address: str) -> list[str]:
    answer = pages.web.get(address)
    assert answer.status_code == 200, answer.text
    return [row["reference"] for row in csv.DictReader(io.StringIO(answer.text, newline=""))]


def whole_list(pages: Site, address: str) -> Iterator[Page]:
    """The first page of a list, and those that follow."""
    while True:
        page = pages.read(address)
        yield page
        following = page.all("//nav[@class='pages']/a[@rel='next']")
        if not following:
            return
        address = following[0].get("href")


@pytest.mark.parametrize("facet", list(Facet))
def test_the_number_beside_a_filter_is_what_choosing_it_finds(pages: Site, facet: Facet):
    others = {"region": "africa"} if facet is not Facet.REGION else {"type": "programmatic"}
    page = pages.read("/pledges", others)
    choices = page.all(f"//*[@id='facet-{facet}']//label[input/@value != '']")
    assert choices

    for choice in choices[:2]:
        value = choice.xpath("input/@value")[0]
        number = int(choice.xpath("*[@class='number']")[0].text)
        assert found(pages.read("/pledges", {**others, facet.value: value})) == number


def test_pillars_are_those_of_the_focus_areas_that_are_chosen(pages: Site):
    def shown(**chosen: str) -> set[str]:
        return set(pages.read("/pledges", chosen).tree.xpath("//*[@id='facet-pillar']//input/@value"))

    assert {"infrastructure", "skills"} <= shown()
    assert "skills" not in shown(focus_area="access")
    assert {"skills", "infrastructure"} <= shown(focus_area="access", pillar="skills")


def test_chosen_filters_are_chips_that_can_be_taken_away(pages: Site):
    page = pages.read("/pledges?type=policy&type=advocacy&q=pledge&sort=value&lang=en")
    chips = {words_of(a): a.get("href") for a in page.all("//ul[@class='chips']//a")}

    assert len(chips) == 4
    without = next(address for words, address in chips.items() if words.startswith("Type of pledge: Policy"))
    rest = {"q": ["pledge"], "sort": ["value"], "lang": ["en"]}
    assert parse_qs(urlsplit(without).query) == {"type": ["advocacy"], **rest}
    assert found(pages.read(without)) <= found(page)
    everything = chips["Take all filters away"]
    assert parse_qs(urlsplit(everything).query) == {"sort": ["value"], "lang": ["en"]}


def test_fields_that_a_form_left_empty_and_parameters_of_others_say_nothing(pages: Site):
    assert found(pages.read("/pledges?q=&scaled_up=&sort=&utm_source=x")) == found(pages.read("/pledges"))


@pytest.mark.parametrize("sort", ["reference", "-value", "-delivered", "announced", "-changed"])
def test_the_pages_of_a_list_and_its_files_have_the_same_pledges_in_the_same_order(pages: Site, sort: str):
    told = [reference for page in whole_list(pages, f"/pledges?sort={sort}") for reference in references(page)]

    assert len(told) == len(set(told)) == found(pages.read("/pledges"))
    assert told == in_file(pages, f"/pledges.csv?sort={sort}")
    assert told == [p["reference"] for p in pages.web.get(f"/pledges.json?sort={sort}").json()["pledges"]]


def test_later_pages_belong_to_the_moment_of_the_first_while_writing_goes_on(pages: Site):
    before = in_file(pages, "/pledges.csv?sort=-changed")
    walk = whole_list(pages, "/pledges?sort=-changed")
    first = next(walk)

    changed = before[30]  # of the second page
    assert pages.client.on(changed, "amendments", {"reason": "x", "title": "Pledge that changed"}).status_code == 201

    assert references(first) + [reference for page in walk for reference in references(page)] == before
    assert pages.read("/pledges?sort=-changed").text(f"({REFERENCES})[1]") == changed


def test_links_of_a_later_page_lead_to_the_present(pages: Site):
    second = list(whole_list(pages, "/pledges"))[1]
    assert "as_of" not in second.all("//tbody//th/a")[0].get("href")
    assert "As the register stands on" in second.text("//section[contains(@class, 'moment')]")


def test_the_files_of_a_page_are_those_of_its_filters_order_and_moment(pages: Site):
    page = pages.read("/pledges?type=financial&sort=value&lang=fr")
    links = {a.text: a.get("href") for a in page.all("//p[@class='downloads']/a")}
    assert pages.client.on(pages.client.announce(), "validation", {}).status_code == 201

    assert in_file(pages, links["CSV"]) == references(page)
    document = pages.web.get(links["JSON"]).json()
    assert [pledge["reference"] for pledge in document["pledges"]] == references(page)
    assert document["filters"] == {"type": ["financial"]}
    assert document["totals"]["pledges"] == found_of(page)
    book = openpyxl.load_workbook(io.BytesIO(pages.web.get(links["XLSX"]).content))
    assert [row[0].value for row in book["pledges"].iter_rows(min_row=2)] == references(page)
    cover = {row[0].value: row[1].value for row in book["Cover"].iter_rows() if row[0].value}
    assert cover["Filter: type"] == "financial"
    assert cover["Position in the ledger"] == document["position"]


def found_of(page: Page) -> int:
    return len(references(page))


def test_totals_are_those_of_what_is_found(pages: Site):
    page = pages.read("/pledges?type=policy")
    document = pages.web.get("/pledges.json?type=policy").json()
    validated = sum(round(float(pledge["validated_usd"])) for pledge in document["pledges"])
    assert page.text("//dl[@class='sums']/div[dt='Validated']/dd") == f"USD {validated:,}"


def test_strangers_find_nothing_of_what_bdt_has_not_admitted(pages: Site):
    reference = pages.client.announce(title="Not to be seen yet")

    assert references(pages.read("/pledges?q=not+to+be+seen")) == []
    assert in_file(pages, "/pledges.csv?q=not+to+be+seen") == []
    with pages.signed_in(BDT):
        page = pages.read("/pledges?q=not+to+be+seen")
        assert references(page) == [reference]
        assert page.texts("//*[contains(@class, 'unpublished')]") == ["Not public"]
        assert page.answer.headers["Cache-Control"] == "no-store"
        assert in_file(pages, "/pledges.csv?q=not+to+be+seen") == [reference]


def test_where_nothing_is_found_it_is_said_what_to_do(pages: Site):
    page = pages.read("/pledges?q=nothinglikeit")
    assert found(page) == 0
    assert "Take one of them away" in page.text("//*[@id='results']")


def test_a_filter_with_an_unknown_value_is_answered_with_what_is_wrong(pages: Site):
    assert "type" in pages.read("/pledges?type=nonsense", status=422).text("//ul[@class='errors']")
    assert "sort" in pages.read("/pledges?sort=nonsense", status=422).text("//ul[@class='errors']")
    assert "page" in pages.read("/pledges?page=0", status=422).text("//ul[@class='errors']")


def test_a_page_after_the_last_one_is_the_last_one(pages: Site):
    last = list(whole_list(pages, "/pledges"))[-1]
    assert references(pages.read("/pledges?page=999")) == references(last)


def test_at_an_earlier_moment_the_list_is_that_of_the_moment(pages: Site):
    then = pages.read("/pledges?as_of=100&effective_on=2025-01-01")
    assert 0 < found(then) < found(pages.read("/pledges"))
    assert "as_of=100" in then.all("//tbody//th/a")[0].get("href")
    assert then.all("//input[@type='hidden'][@name='as_of'][@value='100']")


def test_the_language_goes_along_and_codes_are_labelled_in_it(pages: Site):
    page = pages.read("/pledges?lang=ar&type=policy")
    assert page.tree.get("dir") == "rtl"
    assert "سياساتي" in page.text("//ul[@class='chips']")
    assert all("lang=ar" in a.get("href") for a in page.all("//tbody//a"))


def test_nothing_on_the_page_is_in_the_way_of_the_policy(pages: Site):
    page = pages.read("/pledges?q=fibre")
    assert not page.all("//*[@style]")
    assert not page.all("//script[not(@src)]")


@pytest.mark.parametrize("at_once", [1, 2, 500])
@pytest.mark.parametrize("filters", ["", "?type=policy", "?q=nothing+is+called+so"])
def test_the_list_as_data_is_one_document_in_whatever_parts_it_is_told(
    pages: Site, monkeypatch: pytest.MonkeyPatch, at_once: int, filters: str
):
    monkeypatch.setattr("api.web.data.ITEMS_AT_ONCE", at_once)

    answer = pages.web.get(f"/pledges.json{filters}").text

    assert answer == json.dumps(json.loads(answer), ensure_ascii=False, indent=1)
    assert list(json.loads(answer))[-1] == "pledges"
    assert bool(json.loads(answer)["pledges"]) == ("nothing" not in filters)

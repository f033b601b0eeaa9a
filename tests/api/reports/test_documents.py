"""The progress report as a page and as a PDF: its figures, its letters, and nothing that a text could smuggle in."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from uuid import UUID

import pytest
from lxml import html as parser
from pypdf import PdfReader

from api.charts import drawing
from api.languages.texts import texts
from api.reports import html, pdf
from api.reports.contents import contents
from audit.progress_report import report_document
from domain.events import Announced, PledgeEvent
from domain.progress.making import progress_report
from domain.progress.report import Period, ProgressReport
from domain.values import GoodPractice
from tests.given import (
    ANNOUNCED_ON,
    TODAY,
    announced,
    contributed,
    contribution,
    given,
    money,
    reported,
    schools,
    usd,
    validated,
)

DANGEROUS = '<script>alert(1)</script> #eval("1") $x$ *bold* @ref \\u{41}'


def lives() -> Iterator[tuple[PledgeEvent, ...]]:
    """Some pledges, one with a title that would be code anywhere else."""
    practices = (GoodPractice(title=DANGEROUS, text="Ask first."),)
    told = replace(reported(ANNOUNCED_ON, TODAY), good_practices=practices)
    yield given(
        announced(money(usd("123456789012345.67")), title=DANGEROUS, countries=("BGD", "SEN"), sdgs=(4, 9)),
        validated(),
        contributed(contribution("c1", usd("2500000.00"), target="money")),
        told,
    ).history
    yield given(announced(schools(10), title="Школы и 学校"), validated()).history
    yield given(announced(money(usd(5000)))).history


@cache
def report() -> ProgressReport:
    """The report on 2026."""
    facts = {UUID(int=n): list(history) for n, history in enumerate(lives(), start=1)}
    leads = [event.lead.organisation for history in lives() for event in history if isinstance(event, Announced)]
    names = dict.fromkeys(leads, "Lead & <Sons>")
    period = Period(ANNOUNCED_ON, TODAY)
    return progress_report(period, facts, names, position=17, recorded_at=None, rules_version=1)


def page(language: str = "en") -> parser.HtmlElement:
    """The page, as a browser reads it."""
    return parser.fromstring(html.page(contents(report(), texts(language), font=html.FONT)))


def document(language: str = "en") -> PdfReader:
    """The PDF, as a reader opens it."""
    return PdfReader(io.BytesIO(pdf.pdf(contents(report(), texts(language), font=pdf.FONT))))


def text_of(read: PdfReader) -> str:
    """All that stands in it, without what its lines break it into."""
    return " ".join(" ".join(found.extract_text() for found in read.pages).split())


def test_texts_are_shown_and_never_run():
    found = page()
    assert found.xpath("//script") == []
    assert DANGEROUS in [heading.text_content() for heading in found.iter("h3")]
    assert "Lead & <Sons>" in found.text_content()
    assert not any(element.get("src") or element.get("href", "#")[0] != "#" for element in found.iter())


def test_the_page_says_its_language_and_direction():
    assert (page("ru").get("lang"), page("ru").get("dir")) == ("ru", "ltr")
    arabic = page("ar")
    assert (arabic.get("lang"), arabic.get("dir")) == ("ar", "rtl")


def test_a_document_is_in_one_language_or_says_that_it_is_not(monkeypatch: pytest.MonkeyPatch):
    assert page("ar").find_class("notice") == []
    monkeypatch.setattr("api.reports.contents.is_complete", lambda language: False)
    [notice] = page("ar").find_class("notice")
    assert notice.text_content() == texts("ar").say("This document is partly in English.")


def test_every_table_says_what_it_is_and_every_figure_what_it_is_of():
    for table in page().iter("table"):
        assert table.findtext("caption")
        assert table.xpath(".//th[@scope='row']") or not table.xpath(".//tbody/tr")
    charts = page().xpath("//div[@role='img']")
    assert charts
    assert all(chart.get("aria-label") for chart in charts)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_both_forms_have_the_figures_and_name_the_moment_and_the_digest(language: str):
    digest = report_document(report())["digest"]
    for text in (page(language).text_content(), text_of(document(language))):
        assert texts(language).number(report().headline.pledges.to_date) in text
        assert digest in text.replace(" ", "")


def test_the_pdf_has_numbered_pages_and_says_what_it_is():
    read = document("ru")
    assert read.metadata
    assert read.metadata.title == "Ход выполнения обязательств Partner2Connect"
    for number, found in enumerate(read.pages, start=1):
        assert f"{number} / {len(read.pages)}" in " ".join(found.extract_text().split())
    assert "Передовой опыт" in text_of(read)
    assert "Ask first." in text_of(read)


def test_the_same_report_is_the_same_bytes():
    for form, font in ((html.page, html.FONT), (pdf.pdf, pdf.FONT)):
        first = form(contents(report(), texts("en"), font=font))
        for draw in (drawing._bars, drawing._lines):
            draw.cache_clear()  # so that each chart is drawn again, after others
        assert form(contents(report(), texts("en"), font=font)) == first


@pytest.mark.parametrize("language", ["ar", "zh"])
def test_a_pdf_is_refused_where_its_font_has_no_letters(language: str):
    with pytest.raises(pdf.NoLettersForLanguage, match="HTML"):
        document(language)
    assert page(language).text_content()

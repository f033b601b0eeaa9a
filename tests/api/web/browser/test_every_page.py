"""Every page, in every language: nothing keeps anybody out, and nothing is cut, covered or out of the window."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from playwright.sync_api import Page

from domain.vocabulary import LANGUAGES
from infrastructure.bootstrap import Service
from tests.api.http.every_route import page_paths
from tests.api.web.browser.barriers import Barriers, barriers_but_colours
from tests.api.web.browser.conftest import Opened
from tests.api.web.browser.looks import faults_of
from tests.api.web.browser.site_pages import every_page

WIDTHS = (1920, 1280, 360)
LOOKED_AT_IN = ("en", "ru", "ar")
LEADING_ELSEWHERE = {"/sign-in/issuer", "/sign-in/callback"}

UNREADABLE_IN = """
scheme => document.styleSheets[0].insertRule(`@media (prefers-color-scheme: ${scheme}) {
  h1 { color: #777 !important; background-color: #888 !important; }
}`)
"""
"""Give the heading of a page a colour that is hardly another than what it lies on, in one colour scheme."""


def test_no_page_of_the_site_is_left_out(server: str, service: Service) -> None:
    data = (".json", ".csv", ".xlsx", ".zip")
    pages = {path for path in page_paths("GET") if not path.endswith(data)} - LEADING_ELSEWHERE

    assert {shown.route for shown in every_page(service)} == pages


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_keeps_anybody_out_and_nothing_is_cut_or_covered(
    opened: Opened, service: Service, tokens: Mapping[str, str], language: str
) -> None:
    pages = every_page(service)
    if language not in LOOKED_AT_IN:
        pages = list({shown.route: shown for shown in reversed(pages)}.values())  # each page once
    windows = {
        role: opened(token=tokens[role] if role else None, language=language) for role in {p.role for p in pages}
    }
    # Colours are the same in every language.
    barriers_of = Barriers().of if language == "en" else barriers_but_colours
    found: dict[str, list[str]] = {}
    for shown in pages:
        window = windows[shown.role]
        answer = window.goto(f"{shown.address}{'&' if '?' in shown.address else '?'}lang={language}")
        assert answer
        assert answer.status == 200, shown
        if faults := [*barriers_of(window), *(_faults(window) if language in LOOKED_AT_IN else [])]:
            found[shown.name] = faults

    assert found == {}


@pytest.mark.parametrize(("scheme", "told"), [("light", "color-contrast"), ("dark", "in the dark: color-contrast")])
def test_what_cannot_be_read_is_told_though_it_could_be_elsewhere(opened: Opened, scheme: str, told: str) -> None:
    window, barriers = opened("/verify"), Barriers()
    assert barriers.of(window) == []

    window.evaluate(UNREADABLE_IN, scheme)

    [barrier] = barriers.of(window)
    assert barrier.startswith(f"{told}: ['<h1")


def _faults(window: Page) -> list[str]:
    """What is wrong with how the page looks, at each width."""
    faults: list[str] = []
    for width in WIDTHS:
        window.set_viewport_size({"width": width, "height": 900})
        faults += [f"{width} px: {fault}" for fault in faults_of(window)]
    return faults

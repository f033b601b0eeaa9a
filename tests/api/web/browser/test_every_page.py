"""Every page, in every language: nothing keeps anybody out, and nothing is cut, covered or out of the window."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi.routing import iter_route_contexts
from playwright.sync_api import Page

from api.http.app import with_routes
from api.web.page_route import PageRoute
from domain.vocabulary import LANGUAGES
from infrastructure.bootstrap import Service
from tests.api.web.browser.conftest import Opened
from tests.api.web.browser.looks import faults_of
from tests.api.web.browser.site_pages import every_page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Reports of what passed take several times as long to make as the checks themselves.
VIOLATIONS: dict[str, Any] = {"resultTypes": ["violations"]}
EVERY_RULE = VIOLATIONS | {"runOnly": {"type": "tag", "values": TAGS}}
COLOURS = VIOLATIONS | {"runOnly": ["color-contrast"]}
ALL_BUT_COLOURS = EVERY_RULE | {"rules": {"color-contrast": {"enabled": False}}}
WIDTHS = (1920, 1280, 360)
LOOKED_AT_IN = ("en", "ru", "ar")
LEADING_ELSEWHERE = {"/sign-in/issuer", "/sign-in/callback"}


def test_no_page_of_the_site_is_left_out(server: str, service: Service) -> None:
    routes = [r for r in iter_route_contexts(with_routes().routes) if isinstance(r.original_route, PageRoute)]
    read = {r.path for r in routes if "GET" in (r.methods or ())}
    pages = {
        path for path in read if path and not path.endswith((".json", ".csv", ".xlsx", ".zip"))
    } - LEADING_ELSEWHERE

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
    found: dict[str, list[str]] = {}
    for shown in pages:
        window = windows[shown.role]
        answer = window.goto(f"{shown.address}{'&' if '?' in shown.address else '?'}lang={language}")
        assert answer
        assert answer.status == 200, shown
        if faults := [*_barriers(window, language), *(_faults(window) if language in LOOKED_AT_IN else [])]:
            found[shown.name] = faults

    assert found == {}


def _barriers(window: Page, language: str) -> list[str]:
    """What keeps people out, as far as a program can tell; colours are the same in every language."""
    if language != "en":
        return _violations(window, ALL_BUT_COLOURS)
    by_light = _violations(window, EVERY_RULE)
    window.emulate_media(color_scheme="dark")
    in_the_dark = _violations(window, COLOURS)
    window.emulate_media(color_scheme="light")
    return [*by_light, *(f"in the dark: {violation}" for violation in in_the_dark)]


def _violations(window: Page, options: dict[str, Any]) -> list[str]:
    found = Axe().run(window, options=options).response["violations"]
    return [f"{violation['id']}: {[node['html'][:200] for node in violation['nodes'][:3]]}" for violation in found]


def _faults(window: Page) -> list[str]:
    """What is wrong with how the page looks, at each width."""
    faults: list[str] = []
    for width in WIDTHS:
        window.set_viewport_size({"width": width, "height": 900})
        faults += [f"{width} px: {fault}" for fault in faults_of(window)]
    return faults

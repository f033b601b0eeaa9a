"""A real Chromium, with scripts and without."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from domain.vocabulary import Role
from infrastructure.bootstrap import Service
from tests.api.web.browser.chromium import ARGUMENTS, chromium_program, sign_in
from tests.api.web.browser.site_pages import organisation_of_sample

Opened = Callable[..., Page]

PATIENCE_MS = 30_000
"""How long what comes about in a moment may take on a busy machine."""

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for the tests of a module; each test has a profile of its own in it."""
    program = chromium_program()
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("the build server needs a Chromium: apt-get install chromium")
        pytest.skip("no Chromium is installed; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium: Browser, server: str, service: Service) -> Iterator[Opened]:
    """Open a page in a browser of its own, signed in or not; what the browser complains about fails the test."""
    complaints: list[str] = []
    with ExitStack() as stack:

        def open_page(
            address: str = "/",
            *,
            scripts: bool = True,
            token: str | None = None,
            width: int = 1280,
            language: str = "en",
            **more: Any,
        ) -> Page:
            context = chromium.new_context(
                base_url=server,
                java_script_enabled=scripts,
                viewport={"width": width, "height": 900},
                locale=language,
                **more,
            )
            stack.callback(context.close)
            if token:
                sign_in(context, service, server, token)
            page = context.new_page()
            page.set_default_timeout(PATIENCE_MS)
            page.on("console", lambda message: _note(message, complaints))
            page.on("pageerror", lambda fault: complaints.append(str(fault)))
            page.goto(address)
            return page

        yield open_page
    assert complaints == []


def _note(message: ConsoleMessage, complaints: list[str]) -> None:
    # A page that says no is told in the console too; the test itself looks at that page.
    if message.type == "error" and "Failed to load resource" not in message.text:
        complaints.append(message.text)


@pytest.fixture(scope="module")
def tokens(service: Service) -> dict[str, str]:
    """A token of each role; the stakeholder's is of an organisation that leads pledges."""
    issue = service.credentials.issue
    return {
        "bdt": issue(Role.BDT)[1],
        "auditor": issue(Role.AUDITOR)[1],
        "admin": issue(Role.ADMIN)[1],
        "stakeholder": issue(Role.STAKEHOLDER, organisation_of_sample(service))[1],
    }

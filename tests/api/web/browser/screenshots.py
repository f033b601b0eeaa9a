"""Pictures of every page, to look at: `make screenshots`. They go to build/screenshots/<language>/."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from api.http.app import create_app
from application.sample.loading import load_sample
from domain.vocabulary import Role
from infrastructure.bootstrap import Service, open_on
from infrastructure.embedded_postgres import EmbeddedPostgres
from infrastructure.signing import Signing
from tests.api.http.serving import serving
from tests.api.web.browser.chromium import ARGUMENTS, chromium_program, sign_in
from tests.api.web.browser.site_pages import Shown, every_page, organisation_of_sample

FOLDER = Path("build/screenshots")
LANGUAGES = ("en", "ru", "ar")
WIDTHS = (360, 1280, 1920)


def main() -> None:
    """Take them."""
    program = chromium_program()
    if program is None:
        sys.exit("No Chromium is installed; on Debian: apt-get install chromium")
    shutil.rmtree(FOLDER, ignore_errors=True)
    with _site() as (service, server), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        for language in LANGUAGES:
            _take(browser, service, server, language)
        browser.close()
    pictures = sum(1 for _ in FOLDER.rglob("*.png"))
    sys.stdout.write(f"{pictures} pictures are in {FOLDER}\n")


@contextmanager
def _site() -> Iterator[tuple[Service, str]]:
    """The sample portfolio, served."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres.start(Path(folder) / "data") as postgres:
        signing = Signing(folder=Path(folder) / "keys", origin="example.org/v1/ledger")
        with open_on(postgres.conninfo, signing=signing) as service:
            load_sample(service.ledger, service.commands)
            service.projections.catch_up()
            with serving(create_app(service)) as server:
                yield service, server


def _take(browser: Browser, service: Service, server: str, language: str) -> None:
    contexts: dict[str | None, BrowserContext] = {}
    for shown in every_page(service):
        if shown.role not in contexts:
            contexts[shown.role] = _context(browser, service, server, shown.role)
        _pictures(contexts[shown.role], shown, language)
    for context in contexts.values():
        context.close()


def _context(browser: Browser, service: Service, server: str, role: str | None) -> BrowserContext:
    context = browser.new_context(base_url=server)
    if role:
        organisation = organisation_of_sample(service) if role == Role.STAKEHOLDER else None
        sign_in(context, service, server, service.credentials.issue(Role(role), organisation)[1])
    return context


def _pictures(context: BrowserContext, shown: Shown, language: str) -> None:
    """Of one page: at each width, in the dark, and as it is printed."""
    page, folder = context.new_page(), FOLDER / language
    page.goto(f"{shown.address}{'&' if '?' in shown.address else '?'}lang={language}")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=folder / f"{shown.name}-{width}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="dark")
    page.screenshot(path=folder / f"{shown.name}-dark.png", full_page=True)
    page.emulate_media(color_scheme="light", media="print")
    page.screenshot(path=folder / f"{shown.name}-print.png", full_page=True)
    page.close()


if __name__ == "__main__":
    main()

"""The ways that people go, in a real browser: with scripts and without, and by the keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from playwright.sync_api import Page, Route, expect

from domain.identity import pledge_id
from domain.vocabulary import Lifecycle
from infrastructure.bootstrap import Service
from projections.pledge_status.filters import PledgeFilters
from tests.api.web.browser.conftest import Opened
from tests.api.web.browser.site_pages import PLEDGE, UNCHECKED

with_and_without_scripts = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])

SIGNED_WITHIN_MS = 20_000


@pytest.fixture(scope="module", autouse=True)
def _signed(server: str, service: Service) -> None:
    """The sample is signed, so that there is something to check."""
    assert service.projections.wait_until(service.ledger.position, 20)
    service.signer.sign()


def sign_in(page: Page, token: str, next: str = "/record") -> None:
    """As somebody does who has a token."""
    page.goto(f"/sign-in?next={next}")
    page.get_by_label("Token").fill(token)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile(f"^[^?]*{next}"))  # the address before names it after the question mark


@with_and_without_scripts
def test_a_visitor_finds_a_pledge_and_the_proof_of_what_happened_to_it(opened: Opened, scripts: bool) -> None:
    page = opened("/", scripts=scripts)
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Pledges").click()
    page.get_by_label("Words").fill("lake online")
    if not scripts:
        page.get_by_role("button", name="Show", exact=True).last.click()
    expect(page.locator("#results")).to_contain_text("1 pledge found")
    assert "q=lake" in page.url

    page.locator("#results").get_by_role("link", name="Every public school on the lake online").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Every public school on the lake online")
    page.get_by_role("link", name=re.compile("Proof of position")).nth(3).click()

    expect(page.get_by_role("main")).to_contain_text("Leaf hash", ignore_case=True)
    if scripts:
        page.get_by_role("button", name="Check it in this browser").click()
        expect(page.locator("[data-verdict], .verdict, [role=status]").first).to_be_visible()


def test_what_was_typed_before_the_script_was_there_is_looked_for(opened: Opened) -> None:
    page = opened("/")
    held: list[Route] = []
    page.route("**/pledges*.js", lambda route: held.append(route))  # noqa: PLW0108 - the library marks it
    with page.expect_request("**/pledges*.js"):
        page.goto("/pledges", wait_until="commit")
    page.get_by_label("Words").fill("lake online")
    for script in held:
        script.continue_()

    expect(page.locator("#results")).to_contain_text("1 pledge found")


@with_and_without_scripts
def test_the_slider_goes_through_the_life_of_a_pledge(opened: Opened, scripts: bool) -> None:
    page = opened("/pledges/P2C-2022-000001", scripts=scripts)
    if scripts:
        page.locator("#life input[type=range]").fill("5")
    else:
        page.goto("/pledges/P2C-2022-000001?version=5")
    expect(page.get_by_role("main")).to_contain_text(re.compile("version 5|step 5|5 of 17", re.IGNORECASE))


@with_and_without_scripts
def test_a_pledger_reports_and_has_a_receipt(
    opened: Opened, tokens: Mapping[str, str], scripts: bool, service: Service
) -> None:
    said = f"The last one, as agreed, {'with' if scripts else 'without'} scripts."
    page = opened(scripts=scripts)
    sign_in(page, tokens["stakeholder"])
    page.get_by_role("link", name=re.compile(f"Record what was delivered.*{PLEDGE}")).click()

    page.locator("[name='contributions.0.target']").select_option(index=1)
    page.locator("[name='contributions.0.amount.amount']").fill("many")
    page.get_by_role("button", name=re.compile("^Record")).last.click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was recorded yet")
    expect(page.locator("[aria-invalid=true]").first).to_have_value("many")

    page.locator("[name='contributions.0.amount.amount']").fill("1")
    page.locator("[name='contributions.0.effective_on']").fill(service.today().isoformat())
    page.locator("[name='contributions.0.description']").fill(said)
    page.get_by_role("button", name=re.compile("^Record")).last.dblclick()  # as people do

    expect(page.get_by_role("heading", level=1)).to_have_text("Recorded")
    page.get_by_role("link", name="To the pledge").click()
    expect(page.get_by_role("main").get_by_text(said).first).to_be_visible()
    pledge = service.ledger.pledge(pledge_id(PLEDGE))
    assert pledge
    assert sum(c.contribution.description == said for c in pledge.contributions.values()) == 1


@with_and_without_scripts
def test_bdt_admits_what_waits_and_verifies_what_was_delivered(
    opened: Opened, tokens: Mapping[str, str], scripts: bool, service: Service
) -> None:
    page = opened(scripts=scripts)
    sign_in(page, tokens["bdt"], "/reporting/queue")
    waiting = service.pledges.page(PledgeFilters(lifecycle=(Lifecycle.ANNOUNCED,)), on=service.today(), limit=1)
    reference = waiting.items[0].pledge.reference
    page.get_by_role("link", name=f"Admit {reference}").click()
    page.get_by_label("Note").fill("Measurable and dated.")
    page.get_by_role("main").get_by_role("button").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recorded")

    contribution = UNCHECKED if scripts else "c4"
    page.goto(f"/pledges/{PLEDGE}/contributions/{contribution}/verify")
    page.get_by_role("main").get_by_role("button").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recorded")
    pledge = service.ledger.pledge(waiting.items[0].pledge.id)
    assert pledge
    assert pledge.lifecycle is Lifecycle.VALIDATED


@with_and_without_scripts
def test_bdt_compares_two_moments_and_publishes_one(opened: Opened, tokens: Mapping[str, str], scripts: bool) -> None:
    page = opened(scripts=scripts)
    sign_in(page, tokens["bdt"], "/point-in-time")
    page.goto("/point-in-time?from_effective_on=2024-12-31&to_effective_on=2025-12-31")
    expect(page.get_by_role("main")).to_contain_text("Delivered")

    page.goto("/point-in-time?effective_on=2025-12-31")
    page.get_by_label("Title").fill("The register at the end of 2025")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("The register at the end of 2025")
    assert "/publications/" in page.url


@with_and_without_scripts
def test_an_auditor_sees_everything_and_records_nothing(
    opened: Opened, tokens: Mapping[str, str], scripts: bool, service: Service
) -> None:
    waiting = service.pledges.page(PledgeFilters(lifecycle=(Lifecycle.DECLINED,)), on=service.today(), limit=1)
    reference = waiting.items[0].pledge.reference
    page = opened(scripts=scripts)
    page.goto(f"/pledges/{reference}")
    expect(page.get_by_role("heading", level=1)).to_have_text("No pledge has this reference")

    sign_in(page, tokens["auditor"], "/verify")
    page.goto(f"/pledges/{reference}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Sample")
    assert page.get_by_role("link", name=re.compile("^(Scale up|Withdraw|Admit)")).count() == 0
    answer = page.goto(f"/pledges/{PLEDGE}/withdraw")
    assert answer
    assert answer.status == 403


def test_the_whole_ledger_is_checked_in_the_browser(opened: Opened, tokens: Mapping[str, str]) -> None:
    page = opened()
    sign_in(page, tokens["auditor"], "/verify")
    page.get_by_role("button", name="Check the whole ledger in this browser").click()

    expect(page.get_by_role("main")).to_contain_text(re.compile("holds|hold", re.IGNORECASE), timeout=SIGNED_WITHIN_MS)


def test_a_visitor_finds_a_pledge_by_the_keyboard_alone(opened: Opened) -> None:
    page = opened("/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    _enter(page, "Pledges")
    page.wait_for_url("**/pledges*")
    _tab_to_field(page, "q")
    page.keyboard.type("lake online")
    expect(page.locator("#results")).to_contain_text("1 pledge found")
    _enter(page, ".*Every public school on the lake online")
    page.wait_for_url("**/pledges/P2C-2022-000001*")
    _enter(page, "Proof of position [0-9]+")

    expect(page.get_by_role("main")).to_contain_text("Leaf hash", ignore_case=True)


def test_a_pledger_records_by_the_keyboard_alone(opened: Opened, tokens: Mapping[str, str], service: Service) -> None:
    page = opened("/sign-in")
    _sign_in_by_keyboard(page, tokens["stakeholder"])
    page.wait_for_url("**/record*")
    _enter(page, f"Record what was delivered.*{PLEDGE}")
    page.wait_for_url("**/contribute*")
    _tab_to_field(page, "contributions.0.target")
    page.keyboard.press("ArrowDown")
    _tab_to_field(page, "contributions.0.amount.amount")
    page.keyboard.type("1")
    _tab_to_field(page, "contributions.0.effective_on")
    page.keyboard.type(f"{service.today():%m%d%Y}")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Recorded")


def test_bdt_verifies_a_contribution_by_the_keyboard_alone(opened: Opened, tokens: Mapping[str, str]) -> None:
    page = opened("/sign-in?next=/reporting/queue")
    _sign_in_by_keyboard(page, tokens["bdt"])
    page.wait_for_url(re.compile(r"^[^?]*/reporting/queue"))
    _enter(page, "Mark as verified.*")
    page.wait_for_url("**/verify*")
    _tab_to_field(page, "note")
    page.keyboard.type("Seen on the map.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Recorded")


def test_an_auditor_checks_the_ledger_by_the_keyboard_alone(opened: Opened, tokens: Mapping[str, str]) -> None:
    page = opened("/sign-in?next=/verify")
    _sign_in_by_keyboard(page, tokens["auditor"])
    page.wait_for_url(re.compile(r"^[^?]*/verify"))
    _enter(page, "Check the whole ledger in this browser")

    expect(page.get_by_role("main")).to_contain_text(re.compile("It holds|holds"), timeout=SIGNED_WITHIN_MS)


def _sign_in_by_keyboard(page: Page, token: str) -> None:
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # past what is the same on every page
    page.keyboard.press("Tab")
    expect(page.get_by_label("Token")).to_be_focused()
    page.keyboard.type(token)
    page.keyboard.press("Enter")


@with_and_without_scripts
def test_the_language_and_the_moment_go_along_from_page_to_page(opened: Opened, scripts: bool) -> None:
    page = opened("/?effective_on=2024-12-31", scripts=scripts)
    page.locator("details.languages summary").click()
    page.get_by_role("link", name="العربية").click()
    assert page.locator("html").get_attribute("dir") == "rtl"
    page.locator("header nav a").nth(1).click()

    assert "effective_on=2024-12-31" in page.url
    assert "lang=ar" in page.url


def test_what_was_typed_survives_a_crash_of_the_browser_tab(opened: Opened, tokens: Mapping[str, str]) -> None:
    page = opened()
    sign_in(page, tokens["stakeholder"])
    page.goto(f"/pledges/{PLEDGE}/withdraw")
    page.locator("[name=reason]").fill("The funding ended.")
    page.reload()

    expect(page.locator("[name=reason]")).to_have_value("The funding ended.")


def _enter(page: Page, words: str) -> None:
    """Press Tab until something with these words is reached, and Enter there."""
    for _ in range(400):
        page.keyboard.press("Tab")
        reached = page.evaluate("document.activeElement.textContent.trim().replace(/\\s+/g, ' ')")
        if re.fullmatch(words, reached):
            expect(page.locator(":focus")).to_be_visible()
            page.keyboard.press("Enter")
            return
    pytest.fail(f"{words} is not reached")


def _tab_to_field(page: Page, name: str) -> None:
    for _ in range(400):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == name:
            return
    pytest.fail(f"{name} is not reached")

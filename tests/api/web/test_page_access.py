"""Who may look at which page: each of them is asked for by everybody, and so is what is behind it as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from uuid import uuid4

import pytest

from domain.vocabulary import Role
from infrastructure.bootstrap import Service
from tests.api.http.every_route import page_paths
from tests.api.web.browser.site_pages import Shown, every_page, organisation_of_sample
from tests.api.web.pages import Visitor
from tests.api.web.signed_in_visitors import signed_in

NOBODY, LEAD, STRANGER, BDT, AUDITOR, ADMIN = "nobody", "lead", "stranger", "bdt", "auditor", "admin"
EVERYBODY = frozenset({NOBODY, LEAD, STRANGER, BDT, AUDITOR, ADMIN})

ABOUT_A_CONTRIBUTION = "/pledges/{reference}/contributions/{contribution}"

FOR: Mapping[str, frozenset[str]] = {
    "/reporting/reminders": frozenset({BDT}),
    "/reporting/queue": frozenset({BDT, AUDITOR}),
    "/record/announce": frozenset({LEAD, STRANGER}),
    "/record/receipts/{key}": frozenset({LEAD}),
    "/webhooks": frozenset({LEAD, STRANGER, BDT, AUDITOR}),
    **{f"/webhooks/{{webhook:uuid}}{form}": frozenset({BDT}) for form in ("", "/change", "/remove")},
    **{
        f"/pledges/{{reference}}/{form}": frozenset({LEAD})
        for form in ("report", "contribute", "scale-up", "scale-down", "amend", "fulfil", "withdraw")
    },
    **{f"/pledges/{{reference}}/{form}": frozenset({BDT}) for form in ("validate", "decline")},
    **{f"{ABOUT_A_CONTRIBUTION}/{form}": frozenset({BDT}) for form in ("verify", "query")},
    f"{ABOUT_A_CONTRIBUTION}/correct": frozenset({LEAD, BDT}),
}
"""For whom a page is; one that is not named here is for everybody."""

REFUSED = frozenset({401, 403, 404})


@pytest.fixture(scope="module")
def shown(server: str, service: Service) -> Mapping[str, Shown]:
    """A page of each route."""
    return {page.route: page for page in reversed(every_page(service))}


@pytest.fixture(scope="module")
def visitors(service: Service, server: str) -> Iterator[Mapping[str, Visitor]]:
    """One of each kind, signed in."""
    roles = {
        LEAD: (Role.STAKEHOLDER, organisation_of_sample(service)),
        STRANGER: (Role.STAKEHOLDER, uuid4()),
        **{role: (Role(role), None) for role in (BDT, AUDITOR, ADMIN)},
    }
    with ExitStack() as stack:
        nobody = stack.enter_context(Visitor(base_url=server, timeout=30))
        known = {who: stack.enter_context(signed_in(server, service, *role)) for who, role in roles.items()}
        yield {NOBODY: nobody, **known}


def routes(method: str, *endings: str) -> list[str]:
    """The pages that take a method, by how their addresses end; without endings those that are no data."""
    data = (".json", ".csv", ".xlsx", ".zip")
    return sorted(
        path for path in page_paths(method) if (path.endswith(endings) if endings else not path.endswith(data))
    )


PAGES = [path for path in routes("GET") if path not in {"/sign-in/issuer", "/sign-in/callback"}]


@pytest.mark.parametrize("route", PAGES)
def test_a_page_is_for_whom_it_is_and_for_nobody_else(
    visitors: Mapping[str, Visitor], shown: Mapping[str, Shown], route: str
) -> None:
    statuses = {who: visitor.get(shown[route].address).status_code for who, visitor in visitors.items()}
    admitted = {who for who, status in statuses.items() if status == 200}

    assert admitted == FOR.get(route, EVERYBODY), statuses
    assert {status for who, status in statuses.items() if who not in admitted} <= REFUSED, statuses


@pytest.mark.parametrize("route", routes("GET", ".json", ".csv"))
def test_what_is_behind_a_page_is_for_whom_the_page_is(
    visitors: Mapping[str, Visitor], shown: Mapping[str, Shown], route: str
) -> None:
    stem, _, ending = route.rpartition(".")
    page = "/" if stem == "/overview" else stem.removesuffix("/entry")
    path, _, query = shown[page].address.partition("?")
    address = f"{'/overview' if path == '/' else path}{'/entry' if stem.endswith('/entry') else ''}.{ending}?{query}"
    answers = {who: visitor.get(address, follow_redirects=True) for who, visitor in visitors.items()}

    assert {who for who, answer in answers.items() if answer.is_success} == FOR.get(page, EVERYBODY), answers


@pytest.mark.parametrize("route", routes("POST"))
def test_nothing_is_taken_that_carries_no_token_of_our_forms(
    visitors: Mapping[str, Visitor], shown: Mapping[str, Shown], route: str, service: Service
) -> None:
    before = service.ledger.position
    address = shown[route].address if route in shown else route.replace("{webhook}", str(uuid4()))
    for who, visitor in visitors.items():
        if (who, route) != (NOBODY, "/sign-out"):  # who is not signed in is signed out already
            sent = visitor.post(address, data={"reason": "x", "title": "x", "form_key": str(uuid4()), "token": "x"})
            assert sent.status_code in REFUSED, (who, sent.status_code)

    assert service.ledger.position == before
    assert visitors[BDT].page("/").all("//header//form"), "still signed in"

"""Who may do what: every address, for everybody, on pledges of their own and of others, admitted or not.

An address that is not classified here fails: whoever adds one has to say for whom it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from api.http.app import create_app
from api.http.example_requests import REQUESTS
from api.http.streams import StreamBounds
from api.web.assets import assets
from api.web.page_route import PageRoute
from application.access import Owner, Permission
from domain.vocabulary import Role
from infrastructure.bootstrap import Service
from tests.api.http.register import Client, Json, days_ago, usd
from tests.api.http.signing_in import TheOneWhoMay

NOBODY, LEAD, PARTNER, STRANGER = "nobody", "lead", "partner", "stranger"
BDT, AUDITOR, ADMIN = "bdt", "auditor", "admin"
EVERYBODY = (NOBODY, LEAD, PARTNER, STRANGER, BDT, AUDITOR, ADMIN)

SECRET = "Quetzalcoatl"
"""A word that stands only in what BDT has not admitted."""

STREAM = "/v1/stream"
"""What never ends: it is read until it has nothing more to say."""

PUBLIC = frozenset(EVERYBODY)
INSIDERS = frozenset({BDT, AUDITOR})
PARTIES = frozenset({LEAD, PARTNER})
"""Who may know of a pledge that BDT has not admitted, besides insiders."""

READ: Mapping[str, frozenset[str]] = {
    "GET /assets/{file}": PUBLIC,
    "GET /docs": PUBLIC,
    "GET /openapi.json": PUBLIC,
    "GET /problems": PUBLIC,
    "GET /problems/{name}": PUBLIC,
    "GET /livez": PUBLIC,
    "GET /readyz": PUBLIC,
    "GET /metrics": PUBLIC,
    "GET /v1/vocabulary": PUBLIC,
    "GET /v1/exchange-rates": PUBLIC,
    "GET /v1/organisations": PUBLIC,
    "GET /v1/organisations/{organisation}": PUBLIC,
    "GET /v1/organisations/{organisation}/contacts": frozenset({LEAD, BDT}),
    "GET /v1/pledges": PUBLIC,
    "GET /v1/pledges/{reference}": PUBLIC,
    "GET /v1/pledges/{reference}.xml": PUBLIC,
    "GET /v1/pledges/{reference}/history": PUBLIC,
    "GET /v1/snapshots": PUBLIC,
    "GET /v1/snapshots/{snapshot:uuid}": PUBLIC,
    "GET /v1/snapshots/status": PUBLIC,
    "GET /v1/snapshots/status.csv": PUBLIC,
    "GET /v1/snapshots/status.json": PUBLIC,
    "GET /v1/snapshots/status.xlsx": PUBLIC,
    "GET /v1/snapshots/totals": PUBLIC,
    "GET /v1/snapshots/totals.csv": PUBLIC,
    "GET /v1/snapshots/totals.json": PUBLIC,
    "GET /v1/snapshots/difference": PUBLIC,
    "GET /v1/snapshots/difference.csv": PUBLIC,
    "GET /v1/snapshots/difference.json": PUBLIC,
    "GET /v1/reports/progress": PUBLIC,
    "GET /v1/reports/progress.html": PUBLIC,
    "GET /v1/reports/progress.json": PUBLIC,
    "GET /v1/reports/progress.pdf": PUBLIC,
    "GET /v1/reports/obligations": PUBLIC,
    "GET /v1/reports/obligations.csv": PUBLIC,
    "GET /v1/reports/obligations.json": PUBLIC,
    "GET /v1/good-practices": PUBLIC,
    "GET /v1/iati/activities.xml": PUBLIC,
    "GET /v1/feed.atom": PUBLIC,
    "GET /v1/stream": PUBLIC,
    "GET /v1/ledger/checkpoint": PUBLIC,
    "GET /v1/ledger/checkpoints": PUBLIC,
    "GET /v1/ledger/keys": PUBLIC,
    "GET /v1/ledger/entries": INSIDERS,
    "GET /v1/ledger/entries/{position}": PUBLIC,
    "GET /v1/ledger/proofs/inclusion": PUBLIC,
    "GET /v1/ledger/proofs/inclusion.tlog-proof": PUBLIC,
    "GET /v1/ledger/proofs/consistency": PUBLIC,
    "GET /v1/ledger/tile/{path:path}": PUBLIC,
    "GET /v1/ledger/bundle.zip": INSIDERS,
    "GET /verify/entries": PUBLIC,
    "GET /verify/proofs": PUBLIC,
    "GET /v1/tokens": frozenset({AUDITOR, ADMIN}),
    "GET /v1/tokens/own": PUBLIC - {NOBODY},
    "GET /v1/webhooks": PUBLIC - {NOBODY, ADMIN},
    "GET /v1/webhooks/{webhook}": PUBLIC - {NOBODY, ADMIN},
    "GET /v1/webhooks/{webhook}/deliveries": PUBLIC - {NOBODY, ADMIN},
}
"""Who may read an address; of a pledge, that BDT has admitted. Each has a webhook of its own."""

ON_A_PLEDGE: Mapping[str, frozenset[str]] = {
    "POST /v1/pledges/{reference}/validation": frozenset({BDT}),
    "POST /v1/pledges/{reference}/decline": frozenset({BDT}),
    "POST /v1/pledges/{reference}/scale-ups": frozenset({LEAD}),
    "POST /v1/pledges/{reference}/scale-downs": frozenset({LEAD}),
    "POST /v1/pledges/{reference}/amendments": frozenset({LEAD}),
    "POST /v1/pledges/{reference}/contributions": PARTIES,
    "POST /v1/pledges/{reference}/reports": frozenset({LEAD}),
    "POST /v1/pledges/{reference}/fulfilment": frozenset({LEAD}),
    "POST /v1/pledges/{reference}/withdrawal": frozenset({LEAD}),
    "POST /v1/pledges/{reference}/contributions/{contribution}/verification": frozenset({BDT}),
    "POST /v1/pledges/{reference}/contributions/{contribution}/query": frozenset({BDT}),
    "POST /v1/pledges/{reference}/contributions/{contribution}/correction": frozenset({LEAD, BDT}),
}
"""Who may say something of a pledge. The contribution is the lead's."""

CHANGE: Mapping[str, frozenset[str]] = {
    "POST /v1/pledges": frozenset({LEAD}),
    "POST /v1/organisations": frozenset({BDT}),
    "POST /v1/organisations/{organisation}/renaming": frozenset({BDT}),
    "POST /v1/organisations/{organisation}/deactivation": frozenset({BDT}),
    "PUT /v1/organisations/{organisation}/contacts/{task}": frozenset({LEAD, BDT}),
    "DELETE /v1/organisations/{organisation}/contacts/{task}": frozenset({LEAD, BDT}),
    "POST /v1/exchange-rates": frozenset({BDT}),
    "POST /v1/snapshots": frozenset({BDT}),
    "POST /v1/tokens": frozenset({ADMIN}),
    "POST /v1/tokens/{token}/revocation": frozenset({ADMIN}),
    "POST /v1/webhooks": PUBLIC - {NOBODY, ADMIN},
    "PATCH /v1/webhooks/{webhook}": PUBLIC - {NOBODY, ADMIN},
    "DELETE /v1/webhooks/{webhook}": PUBLIC - {NOBODY, ADMIN},
    "POST /v1/webhooks/{webhook}/secret": PUBLIC - {NOBODY, ADMIN},
    "POST /v1/webhooks/{webhook}/test": PUBLIC - {NOBODY, ADMIN},
    "POST /v1/webhooks/{webhook}/deliveries/{message}/retry": PUBLIC - {NOBODY, ADMIN},
}
"""Who may change something else; the pledge announced is the lead's, and so is the organisation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A register with an admitted pledge and one that waits for BDT, both of one lead and one partner."""

    http: httpx.Client
    lead: str
    partner: str
    admitted: str
    waiting: str
    first_of_waiting: int
    snapshot: str
    tokens: Mapping[str, str]
    webhooks: Mapping[str, tuple[str, str]]

    def ask(self, who: str, method: str, address: str, **sent: Any) -> httpx.Response:
        token = self.tokens.get(who)
        webhook, message = self.webhooks.get(who, self.webhooks[LEAD])
        address = address.replace("{webhook}", webhook).replace("{message}", message)
        headers = {**sent.pop("headers", {}), **({"Authorization": f"Bearer {token}"} if token else {})}
        with self.http.stream(method, address, headers=headers, **sent) as answer:
            lines = answer.iter_lines() if address == STREAM and answer.is_success else None
            content = "\n".join(takewhile(is_no_heartbeat, lines)).encode() if lines else answer.read()
        return httpx.Response(answer.status_code, headers=plain(answer.headers), content=content)

    def address(self, route: str, reference: str) -> str:
        """Where a route leads, for a pledge."""
        return (
            route.partition(" ")[2]
            .replace("{reference}", reference)
            .replace("{contribution}", "c1")
            .replace("{organisation}", self.lead)
            .replace("{snapshot:uuid}", self.snapshot)
            .replace("{task}", "focal-point")
            .replace("{name}", "not-permitted")
            .replace("{file}", next(iter(assets())))
            .replace("{path:path}", "0/000.p/1")
            .replace("{position}", "1")
            .replace("{token}", str(uuid4()))
        )


def is_no_heartbeat(line: str) -> bool:
    """Whether a line of the stream is not yet what it says when there is nothing more to say."""
    return not line.startswith(":")


def plain(headers: httpx.Headers) -> dict[str, str]:
    """The headers without what is said of how the content was sent."""
    return {name: value for name, value in headers.items() if name not in {"transfer-encoding", "content-encoding"}}


def announced(client: Client, lead: str, partner: str, **more: Any) -> tuple[str, int]:
    """The reference of a joint pledge with a contribution of its lead, and the position of its announcement."""
    shared = [{"organisation": partner, "share": "0.25"}]
    answer = client.post("/v1/pledges", json=client.announcement(lead=lead, partners=shared, **more))
    assert answer.status_code == 201, answer.text
    reference = str(answer.json()["pledge"]["reference"])
    delivered = {
        "id": "c1",
        "target": "schools",
        "quantity": "3",
        "effective_on": days_ago(9),
        "description": more.get("title"),
    }
    assert client.on(reference, "contributions", {"contributions": [delivered]}).status_code == 201
    return reference, int(answer.headers["Ledger-Position"])


@pytest.fixture(scope="module")
def service(signing_service: Service) -> Service:
    """A service that signs, so that there is evidence to ask for."""
    return signing_service


@pytest.fixture(scope="module")
def app(service: Service) -> FastAPI:
    """The application, whose stream says soon that it has nothing more to say."""
    return create_app(service, stream_bounds=StreamBounds(heartbeat=0.05))


@pytest.fixture(scope="module")
def world(server: str, service: Service) -> Iterator[World]:
    with Client(base_url=server, auth=TheOneWhoMay(service), timeout=60) as client:
        lead, partner, stranger = (client.register(name) for name in ("Lead", "Partner", "Stranger"))
        admitted, _ = announced(client, lead, partner)
        client.on(admitted, "validation", {})
        waiting, first = announced(client, lead, partner, title=SECRET, description=SECRET, occasion=SECRET)
        report = {
            "period_start": days_ago(60),
            "period_end": days_ago(30),
            "narrative": SECRET,
            "self_assessment": "on_track",
        }
        practice = [{"title": SECRET, "text": SECRET}]
        client.on(waiting, "reports", {**report, "good_practices": practice})
        client.put(f"/v1/organisations/{lead}/contacts/focal-point", json=REQUESTS["putContact"])
        published = client.post("/v1/snapshots", json={"title": "All", "group_by": ["organisation"]})
    service.projections.wait_until(service.ledger.position, 20)
    service.signer.sign()
    issue = service.credentials.issue
    organisations = {LEAD: lead, PARTNER: partner, STRANGER: stranger}
    tokens = {who: issue(Role.STAKEHOLDER, UUID(id))[1] for who, id in organisations.items()}
    tokens |= {who: issue(role)[1] for who, role in ((BDT, Role.BDT), (AUDITOR, Role.AUDITOR), (ADMIN, Role.ADMIN))}
    owners = {who: Owner(role=Role.STAKEHOLDER, organisation=UUID(id)) for who, id in organisations.items()}
    owners |= {BDT: Owner(role=Role.BDT), AUDITOR: Owner(role=Role.AUDITOR)}
    with httpx.Client(base_url=server, timeout=60) as http:
        yield World(
            http=http,
            lead=lead,
            partner=partner,
            admitted=admitted,
            waiting=waiting,
            first_of_waiting=first,
            snapshot=published.json()["snapshot"]["id"],
            tokens=tokens,
            webhooks={who: a_webhook(service, owner) for who, owner in owners.items()},
        )


def a_webhook(service: Service, owner: Owner) -> tuple[str, str]:
    """The ids of a webhook and of a message to it."""
    webhook, _ = service.webhooks.add(owner, "https://example.org/hooks")
    return str(webhook.id), service.webhooks.deliveries.test(owner, webhook.id).message


def routes(router: Any) -> Iterator[str]:
    """Every method and address that is answered, also by the routers that were included.

    Pages have a matrix of their own, in `tests/api/web/test_page_access.py`.
    """
    for route in router.routes:
        if included := getattr(route, "original_router", None):
            yield from routes(included)
        elif not isinstance(route, PageRoute):
            yield from (f"{method} {route.path}" for method in sorted(route.methods - {"HEAD"}))


def refused(who: str) -> int:
    return 401 if who == NOBODY else 403


def test_every_address_is_classified(app: FastAPI) -> None:
    classified = READ.keys() | ON_A_PLEDGE.keys() | CHANGE.keys()

    assert set(routes(app)) - classified == set(), "say in this test for whom it is"
    assert classified - set(routes(app)) == set(), "there is no such address any more"


def question(route: str) -> Json:
    """Parameters with which an address answers something."""
    if "/reports/progress" in route:
        return {"from": days_ago(300), "to": days_ago(0)}
    if "difference" in route:
        return {"from": "0", "group_by": "organisation"}
    if STREAM in route:
        return {"after": 0}
    if "/proofs/consistency" in route:
        return {"from": 1}
    if "/verify/entries" in route:
        return {"after": 0, "until": 1_000}
    if "/verify/proofs" in route:
        return {"position": list(range(1, 200))}
    if "/proofs/inclusion" in route:
        return {"position": 1}
    if "obligations" in route:
        return {"effective_on": days_ago(-900)}
    return {"group_by": "organisation,sector"} if "totals" in route or "status" in route else {}


@pytest.mark.parametrize("who", EVERYBODY)
@pytest.mark.parametrize("route", READ)
def test_reading(world: World, route: str, who: str) -> None:
    answer = world.ask(who, "GET", world.address(route, world.admitted), params=question(route))

    assert answer.status_code in ({200, 307} if who in READ[route] else {refused(who)}), answer.text


@pytest.mark.parametrize("who", EVERYBODY)
@pytest.mark.parametrize("route", [route for route in READ if "{reference}" in route])
def test_what_bdt_has_not_admitted_is_not_there_for_those_who_may_not_know_of_it(
    world: World, route: str, who: str
) -> None:
    answer = world.ask(who, "GET", world.address(route, world.waiting))
    unknown = world.ask(who, "GET", world.address(route, "P2C-2000-000001"))

    if who in INSIDERS | PARTIES:
        assert answer.status_code == 200
        return
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-pledge")
    assert told(answer, world.waiting) == told(unknown, "P2C-2000-000001")


def told(answer: httpx.Response, reference: str) -> Json:
    """What a problem says, whatever the pledge is called."""
    said = {name: str(value).replace(reference, "…") for name, value in answer.json().items()}
    return {name: value for name, value in said.items() if name != "request_id"}


@pytest.mark.parametrize("who", [NOBODY, STRANGER, ADMIN])
@pytest.mark.parametrize("route", [route for route in READ if "{reference}" not in route])
def test_no_answer_gives_away_what_bdt_has_not_admitted(world: World, route: str, who: str) -> None:
    for more in ({}, {"limit": 200}):
        answer = world.ask(who, "GET", world.address(route, world.waiting), params={**question(route), **more})
        content = answer.content
        assert SECRET.encode() not in content
        assert world.waiting.encode() not in content


@pytest.mark.parametrize("who", EVERYBODY)
@pytest.mark.parametrize("address", ["/v1/feed.atom", STREAM])
def test_the_channel_tells_of_a_pledge_those_who_may_know_of_it(world: World, address: str, who: str) -> None:
    content = world.ask(who, "GET", address, params={"after": 0} if address == STREAM else {}).text

    assert (world.waiting in content, SECRET in content) == (who in INSIDERS | PARTIES,) * 2
    assert world.admitted in content


@pytest.mark.parametrize("who", EVERYBODY)
def test_an_entry_of_a_pledge_is_for_those_who_may_know_of_the_pledge(world: World, who: str) -> None:
    answer = world.ask(who, "GET", f"/v1/ledger/entries/{world.first_of_waiting}")

    assert answer.status_code == (200 if who in INSIDERS | PARTIES else 404)
    assert (SECRET in answer.text) == (who in INSIDERS | PARTIES)


@pytest.mark.parametrize("who", EVERYBODY)
def test_tiles_of_entries_are_for_those_who_may_know_of_every_pledge(world: World, who: str) -> None:
    answer = world.ask(who, "GET", "/v1/ledger/tile/entries/000.p/1")

    assert answer.status_code == (200 if who in INSIDERS else refused(who))


@pytest.mark.parametrize("who", EVERYBODY)
def test_lists_have_what_somebody_may_know_of(world: World, who: str) -> None:
    for parameters in ({}, {"as_of": world.ask(BDT, "GET", "/readyz").json()["position"]}, {"q": SECRET}):
        answer = world.ask(who, "GET", "/v1/pledges", params={"limit": 200, **parameters})
        found = {item["reference"] for item in answer.json()["items"]}
        assert (world.waiting in found) == (who in INSIDERS | PARTIES)


def test_the_dollars_of_a_pledge_that_waits_are_nobodys_yet(world: World) -> None:
    totals = world.ask(NOBODY, "GET", "/v1/snapshots/totals", params={"group_by": "organisation"}).json()
    by_organisation = {group["key"]["organisation"]: group["announced_usd"] for group in totals["groups"]}

    assert by_organisation[world.lead] == "0.00"
    assert by_organisation[None] == totals["totals"]["announced_usd"] == "1000000.00"


BODIES: Mapping[str, Json] = {
    "validation": {},
    "decline": {"reason": "No."},
    "scale-ups": {"targets": [{"id": "schools", "measure": "schools_connected", "value": "500"}]},
    "scale-downs": {"targets": [{"id": "schools", "measure": "schools_connected", "value": "100"}], "reason": "Less."},
    "amendments": {"reason": "A slip.", "occasion": "WTDC-25"},
    "contributions": {"contributions": [{"target": "schools", "quantity": "1", "effective_on": days_ago(5)}]},
    "reports": {
        "period_start": days_ago(20),
        "period_end": days_ago(10),
        "narrative": "Well.",
        "self_assessment": "on_track",
    },
    "fulfilment": {"statement": "Done."},
    "withdrawal": {"reason": "Over."},
    "verification": {},
    "query": {"question": "Where?"},
    "correction": {"reason": "Wrong."},
}


@pytest.mark.parametrize("admitted", [True, False], ids=["admitted", "waiting"])
@pytest.mark.parametrize("route", ON_A_PLEDGE)
def test_saying_something_of_a_pledge(world: World, client: Client, route: str, admitted: bool) -> None:
    reference, _ = announced(client, world.lead, world.partner)
    if admitted:
        client.on(reference, "validation", {})
    body, address = BODIES[route.rpartition("/")[2]], world.address(route, reference)
    may = ON_A_PLEDGE[route]
    for who in sorted(EVERYBODY, key=lambda who: who in may):  # those who may come last: they change something
        answer = world.ask(who, "POST", address, json=body)
        said = f"{who}: {answer.status_code} {answer.text}"
        if who in may:
            assert answer.status_code in {201, 409}, said
        elif who == STRANGER and not admitted and LEAD in may:
            assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-pledge"), said
        else:
            assert answer.status_code == refused(who), said


def test_a_stranger_learns_no_more_of_a_pledge_that_waits_than_of_one_that_never_was(world: World) -> None:
    body = BODIES["contributions"]
    waiting = world.ask(STRANGER, "POST", f"/v1/pledges/{world.waiting}/contributions", json=body)
    never = world.ask(STRANGER, "POST", "/v1/pledges/P2C-2000-000001/contributions", json=body)

    assert waiting.status_code == never.status_code == 404
    assert told(waiting, world.waiting) == told(never, "P2C-2000-000001")


def test_nor_by_naming_it_as_what_takes_a_pledges_place(world: World, client: Client) -> None:
    own = client.announce(lead=client.register("Another"))
    for successor in (world.waiting, "P2C-2000-000001"):
        answer = client.on(own, "withdrawal", {"reason": "Over.", "superseded_by": successor})
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/unknown-pledge")


def test_a_partner_corrects_what_it_contributed_and_nothing_else(world: World, client: Client) -> None:
    reference, _ = announced(client, world.lead, world.partner)
    address = f"/v1/pledges/{reference}/contributions"
    own = {"contributions": [{"id": "p1", "target": "schools", "quantity": "2", "effective_on": days_ago(4)}]}
    assert world.ask(PARTNER, "POST", address, json=own).status_code == 201

    replaced = {
        "reason": "One more.",
        "replacement": {"id": "p2", "target": "schools", "quantity": "3", "effective_on": days_ago(4)},
    }
    assert world.ask(PARTNER, "POST", f"{address}/c1/correction", json=replaced).status_code == 403
    assert world.ask(PARTNER, "POST", f"{address}/p1/correction", json=replaced).status_code == 201
    assert world.ask(PARTNER, "POST", f"{address}/p2/correction", json={"reason": "None at all."}).status_code == 201


def changed(world: World, route: str) -> Json:
    """What is sent to an address that changes something, new each time."""
    match route.partition(" ")[2].rpartition("/")[2]:
        case "pledges":
            return {
                **Client().announcement(lead=world.lead),
                "targets": [{"id": "m", "measure": "money", "value": usd("5.00")}],
            }
        case "organisations":
            return {"name": f"New {uuid4()}", "sector": "youth"}
        case "renaming":
            return {"name": f"Renamed {uuid4()}"}
        case "deactivation":
            return {"reason": "Gone."}
        case "{task}":
            return dict(REQUESTS["putContact"])
        case "exchange-rates":
            return {"rates": [{"currency": "EUR", "month": "2026-01", "rate": "1.1", "source": "UN"}]}
        case "snapshots":
            return {"title": "Again"}
        case "tokens":
            return {"role": "auditor"}
        case "webhooks":
            return dict(REQUESTS["createWebhook"])
        case _:
            return {}


@pytest.mark.parametrize("who", EVERYBODY)
@pytest.mark.parametrize("route", CHANGE)
def test_changing_something_else(world: World, service: Service, client: Client, route: str, who: str) -> None:
    method, body = route.partition(" ")[0], changed(world, route)
    address = world.address(route, world.admitted)
    if "deactivation" in route:
        address = address.replace(world.lead, client.register("To be gone"))
    if "revocation" in route:
        address = f"/v1/tokens/{service.credentials.issue(Role.AUDITOR)[0].id}/revocation"
    if method == "DELETE" and who in world.webhooks:  # one that nobody needs any more
        owner = service.webhooks.get(None, UUID(world.webhooks[who][0])).owner
        address = address.replace("{webhook}", a_webhook(service, owner)[0])
    client.put(f"/v1/organisations/{world.lead}/contacts/focal-point", json=REQUESTS["putContact"])
    answer = world.ask(who, method, address, **({} if method == "DELETE" else {"json": body}))

    assert answer.status_code in ({200, 201, 202} if who in CHANGE[route] else {refused(who)}), answer.text


@pytest.mark.parametrize("route", [route for route in (*READ, *CHANGE) if "{webhook}" in route])
def test_nobody_else_has_a_webhook(world: World, route: str) -> None:
    method, body = route.partition(" ")[0], changed(world, route)
    for whose in world.webhooks:
        for who in world.webhooks.keys() - {whose}:
            others = replace(world, webhooks={who: world.webhooks[whose]} | {LEAD: world.webhooks[whose]})
            answer = others.ask(who, method, route.partition(" ")[2], **({"json": body} if method != "DELETE" else {}))
            assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-such-webhook"), (who, whose)


def test_a_token_that_may_not_read_may_not_have_anything_sent_either(world: World, service: Service) -> None:
    blind = service.credentials.issue(Role.BDT, scopes=[Permission.WEBHOOKS])[1]
    narrow = replace(
        world, tokens={"blind": blind}, webhooks={"blind": world.webhooks[BDT], LEAD: world.webhooks[LEAD]}
    )

    for route in (*READ, *CHANGE):
        if "/v1/webhooks" in route:
            method, _, address = route.partition(" ")
            sent = {} if method in ("GET", "DELETE") else {"json": changed(world, route)}
            assert narrow.ask("blind", method, address, **sent).status_code == 403, route


@pytest.mark.parametrize("role", [Role.STAKEHOLDER, Role.BDT, Role.AUDITOR, Role.ADMIN])
def test_a_token_is_good_for_its_scopes_alone(world: World, service: Service, role: Role) -> None:
    organisation = UUID(world.lead) if role is Role.STAKEHOLDER else None
    scope = Permission.TOKENS_READ if role is Role.ADMIN else Permission.READ
    narrow = replace(world, tokens={"narrow": service.credentials.issue(role, organisation, scopes=[scope])[1]})

    own = narrow.ask("narrow", "GET", "/v1/tokens/own").json()
    assert own["permissions"] == [scope]
    for route in (*ON_A_PLEDGE, *CHANGE):
        method, _, _ = route.partition(" ")
        body = BODIES.get(route.rpartition("/")[2]) or changed(world, route)
        sent = {} if method == "DELETE" else {"json": body}
        assert narrow.ask("narrow", method, narrow.address(route, world.admitted), **sent).status_code == 403, route


def test_without_the_scope_to_read_a_token_sees_what_the_public_sees(world: World, service: Service) -> None:
    blind = service.credentials.issue(Role.BDT, scopes=[Permission.RATES_WRITE])[1]
    narrow = replace(world, tokens={"blind": blind})

    assert narrow.ask("blind", "GET", f"/v1/pledges/{world.waiting}").status_code == 404
    assert narrow.ask("blind", "GET", "/v1/ledger/entries").status_code == 403


@pytest.mark.parametrize("sent", ["Bearer p2c_made-up", "Bearer", "Basic dTpw", "p2c_token", "Bearer a b"])
@pytest.mark.parametrize("address", ["/v1/pledges", "/v1/ledger/entries/1"])
def test_a_credential_that_is_none_is_refused_where_none_is_needed(world: World, sent: str, address: str) -> None:
    answer = world.ask(NOBODY, "GET", address, headers={"Authorization": sent})

    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/not-authenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")

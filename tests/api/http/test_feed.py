"""The feed: what happened last, as a feed reader understands it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from lxml import etree

from domain.vocabulary import Role
from infrastructure.bootstrap import Service
from tests.api.http.register import Client, days_ago

ATOM = {"a": "http://www.w3.org/2005/Atom"}
HOSTILE = """</title><script>alert("1")</script> & ' ]]> <!-- &amp; Île 🛰"""


class Feed:
    """A feed that was read, as a reader sees it."""

    def __init__(self, answer: httpx.Response) -> None:
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == "application/atom+xml"
        self.root = etree.fromstring(answer.content)
        self.entries = self.all("a:entry")

    def all(self, path: str) -> list[Any]:
        found: Any = self.root.xpath(path, namespaces=ATOM)
        return list(found)

    def link(self, rel: str) -> str | None:
        return next(iter(self.all(f"a:link[@rel='{rel}']/@href")), None)

    def texts(self, name: str) -> list[str]:
        """What each entry says under a name."""
        return [entry.findtext(f"a:{name}", namespaces=ATOM) for entry in self.entries]

    def links(self, rel: str) -> list[str]:
        return self.all(f"a:entry/a:link[@rel='{rel}']/@href")


def feed(client: httpx.Client, **parameters: Any) -> Feed:
    headers = parameters.pop("headers", {})
    return Feed(client.get("/v1/feed.atom", params=parameters, headers=headers))


def contribute(client: Client, reference: str, description: str = "Fibre.") -> httpx.Response:
    given = {"target": "schools", "quantity": "1", "effective_on": days_ago(1), "description": description}
    answer = client.on(reference, "contributions", {"contributions": [given]})
    assert answer.status_code == 201, answer.text
    return answer


@pytest.fixture
def nobody(server: str) -> Iterator[httpx.Client]:
    """Somebody without a token, whose every read includes what was written before."""
    with httpx.Client(base_url=server, timeout=30) as client:
        yield client


@pytest.fixture
def admitted(client: Client) -> str:
    """A pledge of three events."""
    reference = client.announce()
    client.on(reference, "validation", {})
    contribute(client, reference)
    return reference


def as_(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_it_has_what_a_feed_and_an_entry_must_have(client: Client, server: str, admitted: str) -> None:
    found = feed(client)

    assert found.root.tag == f"{{{ATOM['a']}}}feed"
    for path in ("a:id", "a:title", "a:updated", "a:link[@rel='self']", "a:link[@rel='alternate']"):
        assert len(found.all(path)) == 1, path
    assert UUID(found.all("a:id")[0].text).urn == found.all("a:id")[0].text
    assert found.link("self") == f"{server}/v1/feed.atom"
    assert found.all("a:updated")[0].text == found.texts("updated")[0]
    for entry in found.entries:
        for path in ("id", "title", "updated", "author/a:name", "content"):
            (one,) = entry.xpath(f"a:{path}", namespaces=ATOM)
            assert one.text.strip(), path
        assert datetime.fromisoformat(entry.findtext("a:updated", namespaces=ATOM)).tzinfo
    assert len(set(found.texts("id"))) == len(found.entries)
    assert sorted(found.texts("updated"), reverse=True) == found.texts("updated")


def test_an_entry_says_what_happened_by_whom_and_leads_to_the_pledge_and_the_proof(
    client: Client, server: str, admitted: str
) -> None:
    answer = contribute(client, admitted, "Masts.")
    event = answer.json()["events"][0]
    found = feed(client, limit=1)

    (entry,) = found.entries
    assert found.texts("id") == [UUID(event["event_id"]).urn]
    assert found.texts("title") == [f"Partially fulfilled: {admitted}, Hirondelle Telecom"]
    assert found.texts("content") == [event["summary"]]
    assert found.texts("updated") == found.texts("published") == [event["recorded_at"]]
    assert entry.findtext("a:author/a:name", namespaces=ATOM) == "Hirondelle Telecom"
    assert entry.find("a:category", namespaces=ATOM).get("term") == "pledge.partially_fulfilled.v1"
    assert found.links("alternate") == [f"{server}/pledges/{admitted}?version={event['version']}"]
    assert found.links("related") == [server + event["proof"]]
    client.on(admitted, "contributions/c1/verification", {})
    assert feed(client, limit=1).all("a:entry/a:author/a:name/text()") == ["Telecommunication Development Bureau (BDT)"]


def test_organisations_and_publications_are_told_of_too(client: Client, server: str) -> None:
    organisation = client.register("Colibri")
    named = client.post(f"/v1/organisations/{organisation}/renaming", json={"name": "Condor"})
    published = client.post("/v1/snapshots", json={"title": "Mid-year"}).json()["snapshot"]
    found = feed(client, limit=3)

    assert found.texts("title") == ["Published: Mid-year", "Renamed: Condor", "Registered: Colibri"]
    position = named.headers["Ledger-Position"]
    assert found.links("alternate")[:2] == [
        f"{server}/publications/{published['id']}",
        f"{server}/organisations/{organisation}?as_of={position}",
    ]
    for address in found.links("alternate"):
        assert client.get(address).status_code == 200


def test_whatever_a_text_says_it_stays_a_text(client: Client) -> None:
    lead = client.register(HOSTILE)
    reference = client.announce(lead=lead, title=HOSTILE)
    found = feed(client, limit=1)

    assert found.texts("title") == [f"Announced: {reference}, {HOSTILE}"]
    assert HOSTILE in found.texts("content")[0]
    assert {element.tag.split("}")[0] for element in found.root.iter("*")} == {f"{{{ATOM['a']}"}


def test_what_was_read_before_is_not_sent_again(client: Client, admitted: str) -> None:
    first = client.get("/v1/feed.atom")
    again = client.get("/v1/feed.atom", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    modified = parsedate_to_datetime(first.headers["Last-Modified"])
    assert modified == datetime.fromisoformat(Feed(first).texts("updated")[0]).replace(microsecond=0)

    contribute(client, admitted)
    news = client.get("/v1/feed.atom", headers={"If-None-Match": first.headers["ETag"]})
    assert news.status_code == 200
    assert Feed(news).texts("id")[1:6] == Feed(first).texts("id")[:5]


def test_a_filtered_feed_changes_only_with_what_it_is_about(client: Client, admitted: str) -> None:
    first = client.get("/v1/feed.atom", params={"reference": admitted})
    client.announce()

    same = client.get("/v1/feed.atom", params={"reference": admitted}, headers={"If-None-Match": first.headers["ETag"]})
    assert same.status_code == 304


def test_its_pages_lead_from_one_to_the_next(client: Client, server: str, admitted: str) -> None:
    contribute(client, admitted)
    whole = feed(client, reference=admitted).texts("id")
    assert len(whole) == 4

    pages = [feed(client, reference=admitted, limit=2)]
    while following := pages[-1].link("next"):
        pages.append(Feed(client.get(following)))
    assert [id for page in pages for id in page.texts("id")] == whole
    assert {page.link("first") for page in pages} == {f"{server}/v1/feed.atom?reference={admitted}&limit=2"}
    assert len({page.all("a:id")[0].text for page in pages}) == 1
    assert pages[0].all("a:id")[0].text != feed(client).all("a:id")[0].text, "another feed"
    assert [len(page.entries) for page in pages] == [2, 2]


def test_it_can_be_about_one_organisation(client: Client) -> None:
    lead, partner = client.register("Lead"), client.register("Partner")
    reference = client.announce(lead=lead, partners=[{"organisation": partner, "share": "0.5"}])
    client.announce()

    assert feed(client, organisation=partner).texts("title") == [
        f"Announced: {reference}, Lead",
        "Registered: Partner",
    ]


@pytest.mark.parametrize("nothing", [{"reference": "P2C-1999-000001"}, {"organisation": str(uuid4())}])
def test_where_nothing_happened_the_feed_is_empty(client: Client, nothing: dict[str, str]) -> None:
    found = feed(client, **nothing)

    assert found.entries == []
    assert found.all("a:updated")[0].text


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"limit": 201}, "limit"),
        ({"limit": 0}, "limit"),
        ({"before": 0}, "before"),
        ({"reference": "a b"}, "reference"),
        ({"organisation": "x"}, "organisation"),
        ({"page": 2}, "page"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(client: Client, wrong: dict[str, Any], field: str) -> None:
    answer = client.get("/v1/feed.atom", params=wrong)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_what_happened_before_a_pledge_was_admitted_comes_to_its_place_when_it_is(
    client: Client, nobody: httpx.Client, service: Service
) -> None:
    lead = client.register()
    reference = client.announce(lead=lead)
    contribute(client, reference)
    other = client.register("Meanwhile")
    party = as_(service.credentials.issue(Role.STAKEHOLDER, UUID(lead))[1])
    stranger = as_(service.credentials.issue(Role.STAKEHOLDER, UUID(other))[1])
    auditor = as_(service.credentials.issue(Role.AUDITOR)[1])
    known, unknown = ["Partially fulfilled", "Announced"], list[str]()

    def told(headers: dict[str, str], **which: Any) -> list[str]:
        headers = {"Ledger-Position": str(service.ledger.position), **headers}
        titles = feed(nobody, headers=headers, **which).texts("title")
        return [title.partition(":")[0] for title in titles]

    for headers, wanted in (({}, unknown), (stranger, unknown), (party, known), (auditor, known)):
        assert told(headers, reference=reference) == wanted
    assert told({}, limit=2) == ["Registered", "Registered"], "as if there were nothing between"

    client.on(reference, "validation", {})
    for headers in ({}, stranger, party, auditor):
        assert told(headers, reference=reference) == ["Validated", *known]
        assert told(headers, limit=4) == ["Validated", "Registered", *known]


def test_what_is_for_somebody_alone_is_not_kept_for_others(
    client: Client, nobody: httpx.Client, auditor_token: str
) -> None:
    assert nobody.get("/v1/feed.atom").headers["Cache-Control"] == "no-cache"
    answer = nobody.get("/v1/feed.atom", headers=as_(auditor_token))

    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Vary"] == "Authorization"


@pytest.mark.parametrize("host", ['evil.example/"><x', "a b", "user@evil.example", "evil.example?x", "", "x" * 300])
def test_a_host_that_is_none_gets_into_no_link(nobody: httpx.Client, client: Client, server: str, host: str) -> None:
    client.register()
    found = feed(nobody, headers={"Host": host})

    assert found.link("self") == f"{server}/v1/feed.atom"


@pytest.mark.parametrize("host", ["p2c.example.org", "p2c.example.org:8443", "[2001:db8::1]:80", "localhost"])
def test_its_links_lead_to_where_the_request_was_sent(nobody: httpx.Client, client: Client, host: str) -> None:
    client.register()
    found = feed(nobody, limit=1, headers={"Host": host})

    assert found.link("self") == f"http://{host}/v1/feed.atom?limit=1"
    assert found.links("alternate")[0].startswith(f"http://{host}/organisations/")

"""IATI over HTTP."""

from __future__ import annotations

from lxml import etree

from tests.api.http.register import Client
from tests.api.iati.test_activities import grammar, texts


def identifiers(content: bytes) -> list[str]:
    """The references of the pledges in a document that is in order."""
    root = etree.fromstring(content)
    grammar().assertValid(root)
    return [found.removeprefix("XM-DAC-41303-P2C-") for found in texts(root, "//iati-identifier/text()")]


def test_the_export_has_what_was_admitted_at_the_moment(client: Client, public: Client) -> None:
    admitted, waiting = client.announce(), client.announce()
    position = client.on(admitted, "validation", {}).headers["Ledger-Position"]
    address = "/v1/iati/activities.xml"

    now = public.get(address, params={"as_of": position})
    assert now.headers["Content-Type"].startswith("application/xml")
    assert admitted in identifiers(now.content)
    assert waiting not in identifiers(now.content)
    assert admitted not in identifiers(public.get(address, params={"as_of": int(position) - 1}).content)
    assert waiting in identifiers(client.get(address, params={"as_of": position, "unpublished": True}).content)
    assert public.get(address, params={"unpublished": True}).status_code == 401


def test_a_pledge_comes_as_an_activity_by_address_and_by_accept(client: Client, public: Client) -> None:
    reference = client.announce()
    position = client.on(reference, "validation", {}).headers["Ledger-Position"]
    asked = {"as_of": position}
    by_address = public.get(f"/v1/pledges/{reference}.xml", params=asked)
    by_accept = public.get(f"/v1/pledges/{reference}", params=asked, headers={"Accept": "application/xml"})
    assert by_address.content == by_accept.content
    assert identifiers(by_address.content) == [reference]
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    assert public.get(f"/v1/pledges/{reference}", headers={"Accept": browser}).headers["Content-Type"].startswith("app")
    assert public.get("/v1/pledges/P2C-1999-000001.xml").status_code == 404
    assert (
        public.get(f"/v1/pledges/{reference}.xml", params={"version": 1}).json()["type"] == "/problems/invalid-request"
    )

"""Visiting pages: a real server with the site, and what a visitor reads on a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
from fastapi import FastAPI
from lxml import html

from api.http.app import create_app
from api.web.signed_in import NOBODY, SignedIn, signed_in
from application.access import Principal
from infrastructure.bootstrap import Service, open_on
from infrastructure.embedded_postgres import EmbeddedPostgres
from tests.api.http.register import Client
from tests.api.http.serving import serving
from tests.api.http.signing_in import TheOneWhoMay
from tests.databases import new_ledger


@dataclass(frozen=True)
class Page:
    """A page as it came."""

    answer: httpx.Response
    tree: html.HtmlElement

    def text(self, path: str) -> str:
        """The words of the first element at an XPath, on one line."""
        return words_of(self.all(path)[0])

    def texts(self, path: str) -> list[str]:
        """The words of every element at an XPath, each on one line."""
        return [words_of(element) for element in self.all(path)]

    def all(self, path: str) -> list[html.HtmlElement]:
        """Every element at an XPath."""
        return list(self.tree.xpath(path))

    def link(self, words: str) -> str:
        """Where the link with these words in it leads."""
        return str(next(a for a in self.all("//main//a") if words in words_of(a)).get("href"))


def words_of(element: html.HtmlElement) -> str:
    """The words in an element, on one line."""
    return " ".join(" ".join(element.itertext()).split())


@dataclass(frozen=True)
class Site:
    """A running site. `client` speaks to the programs' interface, as whoever may."""

    service: Service
    app: FastAPI
    web: httpx.Client
    client: Client

    def read(self, address: str, asked: Mapping[str, str] | None = None, *, status: int = 200) -> Page:
        """The page at an address."""
        answer = self.web.get(address, params=asked)
        assert answer.status_code == status, answer.text
        return Page(answer, html.fromstring(answer.text))

    @contextmanager
    def signed_in(self, principal: Principal) -> Iterator[None]:
        """Every visitor is signed in as somebody for a while."""
        self.app.dependency_overrides[signed_in] = lambda: SignedIn(principal, "a secret")
        try:
            yield
        finally:
            self.app.dependency_overrides[signed_in] = lambda: NOBODY


@contextmanager
def site(postgres: EmbeddedPostgres) -> Iterator[Site]:
    """A site on a database of its own."""
    with new_ledger(postgres) as conninfo, open_on(conninfo) as service:
        app = create_app(service)
        with (
            serving(app) as address,
            httpx.Client(base_url=address, timeout=30) as web,
            Client(base_url=address, auth=TheOneWhoMay(service), timeout=30) as client,
        ):
            yield Site(service, app, web, client)

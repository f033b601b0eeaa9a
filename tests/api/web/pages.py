"""Pages as tests see them."""

from __future__ import annotations

import re
from typing import Any

import httpx
from lxml import html

FORBIDDEN = re.compile(r"\son\w+=|\sstyle=|javascript:|<style|<script(?![^>]*\ssrc=)", re.IGNORECASE)
"""What the policy of pages would stop a browser from running or applying: it must not be there to begin with."""


class Visitor(httpx.Client):
    """A browser without scripts: every page it gets is held against what all pages promise."""

    def page(self, address: str, *, status: int = 200, **more: Any) -> Page:
        """The page at an address."""
        return page_of(self.get(address, **more), status=status)


class Page:
    """A page that was read."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.root: Any = html.document_fromstring(answer.text)

    @property
    def text(self) -> str:
        """What it says, with single spaces."""
        return " ".join(self.root.xpath("//main")[0].text_content().split())

    @property
    def heading(self) -> str:
        """Its one main heading."""
        [heading] = self.root.xpath("//h1")
        return " ".join(heading.text_content().split())

    def all(self, path: str) -> Any:
        """What an XPath finds."""
        return self.root.xpath(path)

    def links(self, within: str = "//main") -> dict[str, str]:
        """Where the links in a part of it lead, by what they say."""
        return {" ".join(a.text_content().split()): a.get("href") for a in self.root.xpath(f"{within}//a[@href]")}


def page_of(answer: httpx.Response, *, status: int = 200) -> Page:
    """The page in an answer, once it keeps what every page promises."""
    assert answer.status_code == status, answer.text[:2_000]
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert not FORBIDDEN.search(answer.text)
    page = Page(answer)
    ids = page.root.xpath("//@id")
    assert len(ids) == len(set(ids)), "an id twice"
    assert page.heading
    assert page.root.get("lang")
    return page

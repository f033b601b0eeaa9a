"""A feed and its entries; a reader that has seen an entry knows it again by its id, which never changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from lxml.etree import Element, SubElement, _Element, tostring

from api.iati.text import readable
from audit.envelope import format_instant
from projections.timeline.channel import Happening

ATOM = "application/atom+xml"
_NAMESPACE = "http://www.w3.org/2005/Atom"
_PREFIXES: dict[Any, str] = {None: _NAMESPACE}
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_HTML, _JSON = "text/html", "application/json"

BUREAU = "Telecommunication Development Bureau (BDT)"
"""Who acts where no organisation does."""

BEFORE_ANYTHING = datetime(2022, 1, 1, tzinfo=UTC)
"""When a feed says that it was updated while there is nothing in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A part of a feed, its entries the latest first.

    `service` is the address of the service, without a slash at the end. The others are addresses of this part, of the
    first one, and of the one with what happened earlier, if there is one.
    """

    id: UUID
    title: str
    service: str
    this: str
    first: str
    next: str | None
    entries: Sequence[Happening]
    version: str

    @property
    def updated(self) -> datetime:
        """When the latest of its entries was recorded."""
        return self.entries[0].recorded_at if self.entries else BEFORE_ANYTHING


def atom(feed: Feed) -> bytes:
    """The feed as a document; the same bytes for the same feed."""
    root = Element(f"{{{_NAMESPACE}}}feed", {_LANG: "en"}, nsmap=_PREFIXES)
    _add(root, "id", feed.id.urn)
    _add(root, "title", feed.title)
    _add(root, "updated", format_instant(feed.updated))
    _link(root, "self", feed.this, ATOM)
    _link(root, "alternate", f"{feed.service}/", _HTML)
    _link(root, "first", feed.first, ATOM)
    if feed.next:
        _link(root, "next", feed.next, ATOM)
    _add(root, "generator", "p2c-ledger", version=feed.version)
    for happening in feed.entries:
        _entry(root, happening, feed.service)
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True)
    return document


def headline(happening: Happening) -> str:
    """What happened to which pledge, and whose it is."""
    what = happening.type.split(".")[1].replace("_", " ").capitalize()
    to = [part for part in (happening.reference, happening.organisation_name, happening.data.get("title")) if part]
    return f"{what}: {', '.join(to[:2])}"


def _entry(root: _Element, happening: Happening, service: str) -> None:
    recorded = format_instant(happening.recorded_at)
    page = _page_of(happening)
    entry = _add(root, "entry")
    _add(entry, "id", happening.event_id.urn)
    _add(entry, "title", headline(happening))
    _add(entry, "updated", recorded)
    _add(entry, "published", recorded)
    _add(_add(entry, "author"), "name", happening.actor_name or BUREAU)
    _add(entry, "category", term=happening.type)
    _link(entry, "alternate", f"{service}{page}", _HTML)
    _link(entry, "related", f"{service}{_proof_of(happening)}", _JSON)
    _add(entry, "content", happening.summary, type="text")


def _page_of(happening: Happening) -> str:
    """Where what it happened to is shown as it was right after that."""
    if happening.reference:
        return f"/pledges/{happening.reference}?{urlencode({'version': happening.version})}"
    if happening.organisation:
        return f"/organisations/{happening.organisation}?{urlencode({'as_of': happening.position})}"
    return f"/publications/{happening.stream}"


def _proof_of(happening: Happening) -> str:
    return f"/v1/ledger/proofs/inclusion?{urlencode({'position': happening.position})}"


def _link(parent: _Element, rel: str, href: str, type: str) -> None:
    _add(parent, "link", rel=rel, type=type, href=href)


def _add(parent: _Element, name: str, text: str | None = None, **attributes: str) -> _Element:
    given: Mapping[str, str] = {key: readable(value) for key, value in attributes.items()}
    element = SubElement(parent, f"{{{_NAMESPACE}}}{name}", dict(given))
    if text is not None:
        element.text = readable(text)
    return element

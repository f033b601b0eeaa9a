"""What a page can be checked against: the events that it shows, and the tree of the ledger that it was made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.web.visits import Visit
from audit.merkle import leaf_hash
from audit.signed_note import in_base64
from domain.identity import pledge_id
from infrastructure.bootstrap import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEvent:
    """An event that a page shows: whose it is, and the hash of its bytes as a leaf of the tree, in base64."""

    reference: str
    version: int
    position: int
    leaf_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageEvidence:
    """What `parts/verify_page.html` checks.

    The tree has `root`, in base64, at the page's `position`. With `whole`, the events of each pledge are to begin with
    its first one and to leave none out.
    """

    position: int
    root: str
    events: Sequence[ShownEvent] = ()
    whole: bool = True


def page_evidence(visit: Visit, events: Sequence[ShownEvent] = (), *, whole: bool = True) -> PageEvidence:
    """What a page of a visit can be checked against, with the events that it shows; without events, its tree."""
    position = visit.moment.position
    root = in_base64(visit.service.transparency.root(position))
    return PageEvidence(position=position, root=root, events=events, whole=whole)


def events_of(service: Service, reference: str, *, until: int, last: int | None = None) -> list[ShownEvent]:
    """The events of a pledge that were recorded by a position, up to a version: all that a page about it is made from.

    Whether the visitor may know of the pledge is for the page to decide.
    """
    return [
        ShownEvent(reference=reference, version=version, position=position, leaf_hash=in_base64(leaf_hash(stored)))
        for version, (position, stored) in enumerate(service.ledger.stored(pledge_id(reference), last=last), start=1)
        if position <= until
    ]

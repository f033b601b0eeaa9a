"""What a page can be checked against: the events that it shows, and the tree of the ledger that it was made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.web.visits import Visit
from audit.merkle import leaf_hash
from audit.signed_note import in_base64
from domain.identity import pledge_id


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


def pledge_evidence(visit: Visit, reference: str, versions: Mapping[int, int]) -> PageEvidence:
    """What a page can be checked against that shows events of a pledge, given as their versions by position.

    Whole where it shows all that was recorded until its last one. Whether the visitor may know of the pledge is for the
    page to decide.
    """
    recorded = visit.service.ledger.stored(pledge_id(reference), last=max(versions.values()))
    known = [(position, entry) for position, entry in recorded if position <= visit.moment.position]
    events = [
        ShownEvent(
            reference=reference, version=versions[position], position=position, leaf_hash=in_base64(leaf_hash(entry))
        )
        for position, entry in known
        if position in versions
    ]
    return page_evidence(visit, events, whole=len(events) == len(known))

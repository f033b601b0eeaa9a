"""Entries of the ledger as they are stored, for a visitor: those that they may know of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from application.access import Sight
from audit.envelope import Unreadable
from audit.merkle import HASH_BYTES
from audit.tiles import WIDTH
from domain.events import AnyEvent, PledgeEvent
from infrastructure.bootstrap import Service

NOT_THERE = bytes(HASH_BYTES)
"""In the place of a hash: the ledger has no entry at the position."""


def entries_in_sight(service: Service, positions: Iterable[int], sight: Sight) -> Mapping[int, bytes]:
    """The entries at these positions that somebody may know of; one that cannot be read is for who may know of all."""
    return _in_sight(service, service.transparency.stored(positions), sight)


def run_of_entries(service: Service, after: int, until: int, sight: Sight) -> bytes:
    """The entries after a position up to another, as a tile of entries has them: two bytes of length, and the bytes.

    One that is not for the visitor has the length 0 and then its leaf hash in the tree, so that the root can be
    reckoned all the same; one that is not there has 32 zero bytes for that.
    """
    positions = range(after + 1, until + 1)
    stored = service.transparency.stored(positions)
    shown = _in_sight(service, stored, sight)
    hidden = [position for position in positions if position not in shown]
    hashes = _leaf_hashes(service, [position for position in hidden if position in stored])
    return b"".join(
        _with_length(shown[position]) if position in shown else bytes(2) + hashes.get(position, NOT_THERE)
        for position in positions
    )


def _in_sight(service: Service, stored: Mapping[int, bytes], sight: Sight) -> Mapping[int, bytes]:
    if sight.everything:
        return stored
    events = dict(_readable(service, stored))
    about = {position: event.originator_id for position, event in events.items() if isinstance(event, PledgeEvent)}
    known = service.pledges.known_to(set(about.values()), sight.organisation) if about else frozenset()
    return {position: stored[position] for position in events if position not in about or about[position] in known}


def _readable(service: Service, stored: Mapping[int, bytes]) -> Iterable[tuple[int, AnyEvent]]:
    for position, entry in stored.items():
        try:
            yield position, service.ledger.read(entry, position).event
        except Unreadable:
            continue


def _leaf_hashes(service: Service, positions: Iterable[int]) -> Mapping[int, bytes]:
    tiles: dict[int, bytes] = {}
    found = {}
    for position in positions:
        index, offset = divmod(position - 1, WIDTH)
        if index not in tiles:
            tiles[index] = service.transparency.leaf_hashes(index, WIDTH)
        found[position] = tiles[index][offset * HASH_BYTES : (offset + 1) * HASH_BYTES] or NOT_THERE
    return found


def _with_length(entry: bytes) -> bytes:
    return len(entry).to_bytes(2, "big") + entry

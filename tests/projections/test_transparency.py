"""The tree: of all entries as they are stored, at every size, with proofs that hold."""

from __future__ import annotations

import pytest

from audit import merkle
from audit.merkle import leaf_hashes, perfect_root, require_consistency, require_inclusion
from audit.tiles import Tile
from infrastructure.bootstrap import Service
from projections.pinning import PositionNotReached
from projections.runner import ReadModelFailed
from projections.transparency.changes import TRANSPARENCY
from projections.transparency.view import TransparencyView
from tests.projections.ledgers import append, facts, forget, registered, runner


@pytest.fixture
def view(service: Service) -> TransparencyView:
    append(service, facts())
    service.projections.catch_up()
    return TransparencyView(service.pool)


def stored(service: Service) -> list[bytes]:
    with service.pool.connection() as connection:
        rows = connection.execute("SELECT state FROM ledger.events ORDER BY notification_id").fetchall()
    return [bytes(row["state"]) for row in rows]


def defined_root(hashes: list[bytes]) -> bytes:
    return merkle.root(len(hashes), lambda level, n: perfect_root(hashes[n << level : (n + 1) << level]))


def test_it_is_the_tree_of_the_stored_bytes_at_every_size(service: Service, view: TransparencyView):
    hashes = leaf_hashes(stored(service))
    assert view.size() == len(hashes) > 3
    for size in range(len(hashes) + 1):
        assert view.root(size) == defined_root(hashes[:size])


def test_every_entry_is_proven_at_every_size_that_has_it(service: Service, view: TransparencyView):
    entries = stored(service)
    for size in range(1, len(entries) + 1):
        for index in range(size):
            proof = view.inclusion_proof(index, size)
            require_inclusion(merkle.leaf_hash(entries[index]), index, size, proof, view.root(size))
            assert view.leaf_hash(index) == merkle.leaf_hash(entries[index])


def test_every_size_is_proven_to_begin_with_every_smaller_one(view: TransparencyView):
    for second in range(1, view.size() + 1):
        for first in range(1, second + 1):
            proof = view.consistency_proof(first, second)
            require_consistency(first, second, view.root(first), view.root(second), proof)


def test_tiles_hold_hashes_and_entries_up_to_the_width_that_is_asked_for(service: Service, view: TransparencyView):
    entries = stored(service)
    assert view.tile(Tile(0, 0, 2)) == b"".join(leaf_hashes(entries[:2]))
    first, second = entries[:2]
    assert view.tile(Tile(None, 0, 2)) == b"".join(len(entry).to_bytes(2, "big") + entry for entry in (first, second))


def test_a_tile_that_the_tree_does_not_have_yet_is_none(view: TransparencyView):
    assert view.tile(Tile(0, 0, view.size() + 1)) is None
    assert view.tile(Tile(0, 0)) is None
    assert view.tile(Tile(None, 1, 1)) is None


def test_full_tiles_stay_while_the_tree_grows(service: Service):
    view = TransparencyView(service.pool)
    append(service, [[registered(f"Number {n}")] for n in range(300)])
    service.projections.catch_up()
    full, root = view.tile(Tile(0, 0)), view.root(300)
    append(service, [[registered(f"Number {n}")] for n in range(300, 600)])
    service.projections.catch_up()
    assert view.tile(Tile(0, 0)) == full == b"".join(leaf_hashes(stored(service)[:256]))
    assert view.tile(Tile(1, 0, 2)) is not None
    assert view.root(300) == root
    assert view.root(600) == defined_root(leaf_hashes(stored(service)))


def test_a_size_that_was_not_reached_has_no_root(view: TransparencyView):
    with pytest.raises(PositionNotReached):
        view.root(view.size() + 1)


def test_it_stands_still_before_an_entry_that_is_gone(service: Service, view: TransparencyView):
    size = view.size()
    with service.pool.connection() as connection, connection.transaction():
        connection.execute("SET LOCAL ROLE NONE")
        connection.execute("SET LOCAL session_replication_role = replica")  # or the ledger would not let it go
        connection.execute("DELETE FROM ledger.events WHERE notification_id = 2")
    forget(service.pool, TRANSPARENCY)
    with pytest.raises(ReadModelFailed, match="no entry at position 2"):
        runner(service.pool, TRANSPARENCY).catch_up()
    assert TransparencyView(service.pool).size() < size

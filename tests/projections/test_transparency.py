"""The tree: of all entries as they are stored, at every size, with proofs that hold."""

from __future__ import annotations

import pytest

from audit import merkle
from audit.merkle import leaf_hashes, perfect_root, require_consistency, require_inclusion
from audit.tiles import Tile, entry_bundle
from infrastructure.bootstrap import Service
from projections.pinning import PositionNotReached
from projections.runner import ReadModelFailed
from projections.transparency.changes import TRANSPARENCY
from projections.transparency.view import NotInTree, TransparencyView
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


@pytest.fixture
def long(service: Service) -> TransparencyView:
    """A tree of 600 entries, made in batches that end anywhere."""
    append(
        service,
        [[registered(f"Number {n}", website="https://example.org/" + "x" * (n * 97 % 1500))] for n in range(600)],
    )
    runner(service.pool, TRANSPARENCY, batch=7).catch_up()
    return TransparencyView(service.pool)


def seal(service: Service, change: str) -> None:
    """Change the second bundle as only a superuser, or a fault of the disk, would."""
    with service.pool.connection() as connection:
        connection.execute(f"UPDATE transparency.bundles SET entries = {change} WHERE index = 1".encode())


def test_full_bundles_are_sealed_and_hold_the_entries_as_they_are_stored(service: Service, long: TransparencyView):
    entries = stored(service)
    assert max(map(len, entries)) > 1_500
    assert long.tile(Tile(None, 0)) == entry_bundle(entries[:256])
    assert long.tile(Tile(None, 1)) == entry_bundle(entries[256:512])
    assert long.tile(Tile(None, 1, 255)) == entry_bundle(entries[256:511])
    assert long.tile(Tile(None, 2)) is None
    with service.pool.connection() as connection:
        assert [row["index"] for row in connection.execute("SELECT index FROM transparency.bundles")] == [0, 1]


def test_an_entry_whose_length_needs_both_bytes_is_sealed_too(service: Service):
    append(service, [[registered("x" * 40_000)], *([registered(f"Number {n}")] for n in range(255))])
    runner(service.pool, TRANSPARENCY).catch_up()
    assert TransparencyView(service.pool).tile(Tile(None, 0)) == entry_bundle(stored(service))


@pytest.mark.parametrize("until", [0, 1, 255, 256, 257, 512, 600])
def test_the_whole_ledger_is_read_proven_up_to_any_position(service: Service, long: TransparencyView, until: int):
    assert [entry for block in long.proven(until) for entry in block] == stored(service)[:until]


def test_more_than_the_tree_has_cannot_be_read_proven(long: TransparencyView):
    with pytest.raises(PositionNotReached):
        list(long.proven(601))


@pytest.mark.parametrize(
    ("change", "position"),
    [
        ("set_byte(entries, 40, 88)", 257),
        ("substr(entries, 1, octet_length(entries) - 1)", 257),
        ("(SELECT entries FROM transparency.bundles WHERE index = 0)", 257),
        ("entries || '\\x0000'::bytea", 513),
        ("''::bytea", 257),
    ],
)
def test_a_sealed_entry_that_is_not_in_the_tree_is_named(
    service: Service, long: TransparencyView, change: str, position: int
):
    seal(service, change)
    with pytest.raises(NotInTree, match=f"position {position} "):
        list(long.proven(600))
    assert len(list(long.proven(256))) == 1, "what was not touched holds"


@pytest.mark.parametrize(("index", "position"), [(0, 1), (1, 257)])
def test_a_sealed_bundle_that_is_gone_is_missed(service: Service, long: TransparencyView, index: int, position: int):
    with service.pool.connection() as connection:
        connection.execute("DELETE FROM transparency.bundles WHERE index = %s", (index,))
    with pytest.raises(NotInTree, match=f"position {position} "):
        list(long.proven(600))


def test_a_row_of_the_tail_that_was_changed_is_named(service: Service, long: TransparencyView):
    with service.pool.connection() as connection, connection.transaction():
        connection.execute("SET LOCAL ROLE NONE")
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute("UPDATE ledger.events SET state = state || ' '::bytea WHERE notification_id = 555")
    with pytest.raises(NotInTree, match="position 555 "):
        list(long.proven(600))


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

"""Tiles have the published paths and widths, and hold every hash that proofs need."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.merkle import Frontier, consistency_proof, inclusion_proof, leaf_hashes, require_consistency, root, split
from audit.merkle import perfect_root as whole
from audit.tiles import FULL_BYTES, NoSuchTile, Subtrees, Tile, entries_of, entry_bundle, grown


def stored(*parts):
    """The tiles of a tree to which leaves came in these parts."""
    tiles: dict[tuple[int, int], bytes] = {}
    size = 0

    def read(level, n):
        return tiles.get((level, n), b"")

    for part in parts:
        tiles.update(grown(read, size, part))
        size += len(part)
    return tiles


def hashes(count):
    return leaf_hashes(str(n).encode() for n in range(count))


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 1_234_067), "0/x001/x234/067"),
        (Tile(0, 0), "0/000"),
        (Tile(2, 999, 7), "2/999.p/7"),
        (Tile(1, 1_000), "1/x001/000"),
        (Tile(None, 273, 112), "entries/273.p/112"),
    ],
)
def test_a_tile_has_one_path(tile, path):
    assert tile.path == path
    assert Tile.parse(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "0",
        "0/",
        "0/0",
        "0/0000",
        "00/000",
        "64/000",
        "0/001/000",
        "0/x000/001",
        "0/x01/000",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/999",
        "0/000.p/07",
        "0/000.p",
        "0/x999/x999/x999/x999/x999/x999/999",
        "data/000",
        "0/../000",
        "0/٠٠٠",
        "0/000\n",
    ],
)
def test_no_other_path_names_a_tile(path):
    with pytest.raises(NoSuchTile):
        Tile.parse(path)


def test_a_tree_has_the_tiles_that_the_specification_says():
    tiles = stored(hashes(70_000))
    widths = {key: len(tile) // 32 for key, tile in tiles.items()}
    assert {width for (level, n), width in widths.items() if level == 0 and n < 273} == {256}
    assert {key: width for key, width in widths.items() if key not in {(0, n) for n in range(273)}} == {
        (0, 273): 112,
        (1, 0): 256,
        (1, 1): 17,
        (2, 0): 1,
    }


def test_a_full_tile_comes_with_the_first_hash_above_it():
    assert {key: len(tile) // 32 for key, tile in stored(hashes(256)).items()} == {(0, 0): 256, (1, 0): 1}


@pytest.mark.parametrize(
    ("tile", "size", "there"),
    [
        (Tile(0, 0, 3), 3, True),
        (Tile(0, 0, 4), 3, False),
        (Tile(1, 0, 1), 255, False),
        (Tile(1, 0, 1), 256, True),
        (Tile(0, 1, 1), 256, False),
        (Tile(None, 0, 200), 200, True),
    ],
)
def test_a_tile_is_in_a_tree_that_has_all_its_leaves(tile, size, there):
    assert tile.is_in(size) is there


@settings(max_examples=30)
@given(st.lists(st.integers(1, 600), min_size=1, max_size=6))
def test_it_does_not_matter_in_which_parts_leaves_came(counts):
    leaves, parts, at = hashes(sum(counts)), [], 0
    for count in counts:
        parts.append(leaves[at : at + count])
        at += count
    assert stored(*parts) == stored(leaves)


@settings(max_examples=30)
@given(st.integers(1, 1_500), st.data())
def test_tiles_of_a_larger_tree_give_roots_and_proofs_of_every_smaller_one(size, data):
    leaves = hashes(size)
    tiles = stored(leaves)
    subtrees = Subtrees(lambda level, n: tiles.get((level, n), b""))
    second = data.draw(st.integers(1, size))
    first = data.draw(st.integers(1, second))
    index = data.draw(st.integers(0, first - 1))

    def plain(level, n):
        return whole(leaves[n << level : (n + 1) << level])

    tree = Frontier()
    tree.extend(leaves[:first])
    assert root(first, subtrees) == tree.root()
    assert inclusion_proof(index, first, subtrees) == inclusion_proof(index, first, plain)
    proof = consistency_proof(first, second, subtrees)
    require_consistency(first, second, root(first, plain), root(second, plain), proof)


def test_a_hash_that_no_tile_has_is_not_made_up():
    tiles = stored(hashes(5))
    with pytest.raises(LookupError, match="0/000"):
        root(6, Subtrees(lambda level, n: tiles.get((level, n), b"")))


def test_a_bundle_says_the_length_of_each_entry():
    assert entry_bundle([b"ab", b"", b"x" * 300]) == b"\x00\x02ab\x00\x00\x01\x2c" + b"x" * 300


def test_hashes_are_taken_apart_as_they_were_put_together():
    assert b"".join(split(bytes(range(256)) * 32)) == bytes(range(256)) * 32
    assert len(split(bytes(FULL_BYTES))) == 256


@given(st.lists(st.binary(max_size=70), max_size=20), st.integers(1, 60))
def test_a_bundle_gives_back_its_entries_and_nothing_where_it_was_cut(entries, less):
    bundle = entry_bundle(entries)
    assert entries_of(bundle) == entries
    cut = bundle[:-less]
    if bundle and entry_bundle(entries[: len(entries_up_to(cut))]) != cut:
        with pytest.raises(ValueError, match="ends within an entry"):
            entries_of(cut)


def entries_up_to(bundle):
    """The entries that are whole, read in the plainest way."""
    found = []
    while len(bundle) >= 2 and len(bundle) >= (end := 2 + int.from_bytes(bundle[:2], "big")):
        found.append(bundle[2:end])
        bundle = bundle[end:]
    return found


def test_a_bundle_holds_the_largest_entry():
    entry = b"x" * 65_535
    assert entries_of(entry_bundle([entry, b""])) == [entry, b""]

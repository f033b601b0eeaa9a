"""The tree is that of RFC 6962, held against the values other implementations are held against."""

import json
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.merkle import (
    EMPTY_ROOT,
    Frontier,
    ProofRefused,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    leaf_hashes,
    node_hash,
    perfect_root,
    require_consistency,
    require_inclusion,
    root,
    siblings_on_left,
)

DATA = Path(__file__).parents[1] / "data" / "merkle"
"""Inputs and results of the test cases of transparency-dev/merkle, written down anew."""

REFERENCE_LEAVES = [
    bytes.fromhex(leaf)
    for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
REFERENCE_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""The roots of the first 0, 1, 2 … of these leaves, as Certificate Transparency publishes them."""


def cases(kind: str):
    return [pytest.param(case, id=case["case"]) for case in json.loads((DATA / f"{kind}.json").read_text("utf-8"))]


def subtrees(hashes):
    return lambda level, n: perfect_root(hashes[n << level : (n + 1) << level])


def defined_root(hashes):
    """The root by the recursive definition of RFC 6962, 2.1."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return node_hash(defined_root(hashes[:k]), defined_root(hashes[k:]))


leaves = st.lists(st.binary(max_size=6), max_size=40).map(leaf_hashes)


@pytest.mark.parametrize("size", range(9))
def test_roots_are_the_published_ones(size):
    hashes = [leaf_hash(leaf) for leaf in REFERENCE_LEAVES[:size]]
    tree = Frontier()
    tree.extend(hashes)
    assert tree.root().hex() == REFERENCE_ROOTS[size]
    assert root(size, subtrees(hashes)).hex() == REFERENCE_ROOTS[size]


def test_the_root_of_nothing_is_the_hash_of_nothing():
    assert Frontier().root() == EMPTY_ROOT == root(0, subtrees([]))


@pytest.mark.parametrize("case", cases("inclusion"))
def test_inclusion_proofs_hold_or_fail_as_published(case):
    def check():
        require_inclusion(
            b64decode(case["leaf_hash"] or ""),
            case["index"],
            case["size"],
            [b64decode(hash or "") for hash in case["proof"]],
            b64decode(case["root"] or ""),
        )

    if case["holds"]:
        check()
    else:
        with pytest.raises(ProofRefused):
            check()


@pytest.mark.parametrize("case", cases("consistency"))
def test_consistency_proofs_hold_or_fail_as_published(case):
    def check():
        require_consistency(
            case["first_size"],
            case["second_size"],
            b64decode(case["first_root"] or ""),
            b64decode(case["second_root"] or ""),
            [b64decode(hash or "") for hash in case["proof"]],
        )

    if case["holds"]:
        check()
    else:
        with pytest.raises(ProofRefused):
            check()


def test_both_kinds_of_published_cases_are_there():
    told = {kind: json.loads((DATA / f"{kind}.json").read_text("utf-8")) for kind in ("inclusion", "consistency")}
    for of_kind in told.values():
        assert {case["holds"] for case in of_kind} == {True, False}
    assert any(case["first_size"] == 0 < case["second_size"] for case in told["consistency"])


@given(leaves)
def test_a_tree_that_grows_has_the_root_of_the_definition_at_every_size(hashes):
    tree = Frontier()
    for size, leaf in enumerate(hashes, start=1):
        tree.extend([leaf])
        assert (tree.size, tree.root()) == (size, defined_root(hashes[:size]))


@given(st.integers(0, 700), st.integers(0, 1_500))
def test_it_does_not_matter_in_which_parts_leaves_come(first, second):
    hashes = leaf_hashes(str(n).encode() for n in range(first + second))
    parts, whole = Frontier(), Frontier()
    parts.extend(hashes[:first])
    parts.extend(hashes[first:])
    for leaf in hashes:
        whole.extend([leaf])
    assert (parts.size, parts.root()) == (whole.size, whole.root())


@given(leaves.filter(bool), st.data())
def test_every_inclusion_proof_holds_for_its_leaf_and_for_no_other_index(hashes, data):
    size = data.draw(st.integers(1, len(hashes)))
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, subtrees(hashes))
    top = defined_root(hashes[:size])
    require_inclusion(hashes[index], index, size, proof, top)
    for other in range(size):
        if hashes[other] != hashes[index]:
            with pytest.raises(ProofRefused):
                require_inclusion(hashes[other], index, size, proof, top)


@given(leaves.filter(bool), st.data())
def test_by_the_sides_of_its_hashes_every_inclusion_proof_leads_to_the_root(hashes, data):
    size = data.draw(st.integers(1, len(hashes)))
    index = data.draw(st.integers(0, size - 1))
    reached = hashes[index]
    proof = inclusion_proof(index, size, subtrees(hashes))
    for sibling, is_left in zip(proof, siblings_on_left(index, size), strict=True):
        reached = node_hash(sibling, reached) if is_left else node_hash(reached, sibling)
    assert reached == defined_root(hashes[:size])


@given(leaves.filter(bool), st.data())
def test_every_consistency_proof_holds_and_none_holds_for_a_tree_with_another_beginning(hashes, data):
    second = data.draw(st.integers(1, len(hashes)))
    first = data.draw(st.integers(1, second))
    proof = consistency_proof(first, second, subtrees(hashes))
    require_consistency(first, second, defined_root(hashes[:first]), defined_root(hashes[:second]), proof)
    changed = [leaf_hash(b"changed beyond doubt"), *hashes[1:]]
    with pytest.raises(ProofRefused):
        require_consistency(first, second, defined_root(hashes[:first]), defined_root(changed[:second]), proof)


@given(leaves.filter(lambda hashes: len(hashes) > 1), st.data())
def test_no_proof_survives_a_changed_bit(hashes, data):
    size = len(hashes)
    index = data.draw(st.integers(0, size - 1))
    proof = [bytearray(hash) for hash in inclusion_proof(index, size, subtrees(hashes))]
    at, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
    proof[at][bit // 8] ^= 1 << bit % 8
    with pytest.raises(ProofRefused):
        require_inclusion(hashes[index], index, size, [bytes(hash) for hash in proof], defined_root(hashes))


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_there_is_no_inclusion_proof_for_a_leaf_that_a_tree_does_not_have(index, size):
    with pytest.raises(IndexError):
        inclusion_proof(index, size, subtrees(leaf_hashes([b"a", b"b", b"c"])))
    with pytest.raises(IndexError):
        siblings_on_left(index, size)


@pytest.mark.parametrize(("first", "second"), [(0, 3), (3, 2), (0, 0)])
def test_there_is_no_consistency_proof_from_nothing_or_backwards(first, second):
    with pytest.raises(IndexError):
        consistency_proof(first, second, subtrees(leaf_hashes([b"a", b"b", b"c"])))

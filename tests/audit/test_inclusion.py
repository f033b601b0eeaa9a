"""A proof as a file holds for its entry, its key and nothing else."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.checkpoint import Checkpoint, SignedCheckpoint
from audit.inclusion import InclusionProof
from audit.merkle import ProofRefused, inclusion_proof, leaf_hashes, perfect_root, root
from audit.signed_note import MalformedNote, Note, NoteRefused, SigningKey

KEY = SigningKey("example.org/ledger", bytes(range(32)))
ENTRIES = [f"entry {n}".encode() for n in range(11)]
HASHES = leaf_hashes(ENTRIES)


def subtree(level, n):
    return perfect_root(HASHES[n << level : (n + 1) << level])


def signed(size):
    checkpoint = Checkpoint(origin=KEY.name, size=size, root=root(size, subtree))
    return SignedCheckpoint(checkpoint=checkpoint, note=Note.signed(checkpoint.text(), [KEY]))


def proof(index=4, size=11):
    return InclusionProof(index=index, hashes=inclusion_proof(index, size, subtree), checkpoint=signed(size))


FILE = bytes(proof())


@pytest.mark.parametrize("index", range(11))
def test_a_proof_written_to_a_file_holds_for_its_entry(index):
    told = InclusionProof.parse(bytes(proof(index))).require(ENTRIES[index], [KEY.verifier])
    assert told.size == 11


def test_the_file_has_the_published_form():
    lines = FILE.decode().split("\n")
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 4"]
    assert lines[2 : lines.index("")] == [b64encode(hash).decode() for hash in proof().hashes]
    assert "\n".join(lines[lines.index("") + 1 :]).encode() == bytes(signed(11))


def test_the_only_entry_needs_no_hashes():
    InclusionProof.parse(bytes(proof(0, 1))).require(ENTRIES[0], [KEY.verifier])


def test_extra_data_is_passed_over():
    extra = FILE.replace(b"index", b"extra " + b64encode(b"anything") + b"\nindex", 1)
    assert InclusionProof.parse(extra) == proof()


def test_it_holds_for_no_other_entry():
    with pytest.raises(ProofRefused):
        InclusionProof.parse(FILE).require(ENTRIES[5], [KEY.verifier])


def test_it_holds_under_no_other_key():
    with pytest.raises(NoteRefused):
        InclusionProof.parse(FILE).require(ENTRIES[4], [SigningKey(KEY.name, bytes(32)).verifier])


@given(st.integers(0, len(FILE) - 1), st.integers(1, 255))
def test_no_changed_byte_of_the_file_is_accepted(at, flip):
    changed = bytearray(FILE)
    changed[at] ^= flip
    with pytest.raises((MalformedNote, NoteRefused, ProofRefused)):
        InclusionProof.parse(bytes(changed)).require(ENTRIES[4], [KEY.verifier])


@given(st.data())
def test_no_file_with_something_missing_is_accepted(data):
    first = data.draw(st.integers(0, len(FILE) - 1))
    end = data.draw(st.integers(first + 1, len(FILE)))
    with pytest.raises((MalformedNote, NoteRefused, ProofRefused)):
        InclusionProof.parse(FILE[:first] + FILE[end:]).require(ENTRIES[4], [KEY.verifier])


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: b"c2sp.org/tlog-proof@v1\n" + text.encode()))
def test_whatever_is_no_proof_is_said_to_be_none(content):
    with pytest.raises(MalformedNote):
        InclusionProof.parse(content)

"""Notes are those of the C2SP specification and of its first implementation, in Go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.checkpoint import Checkpoint, SignedCheckpoint
from audit.merkle import leaf_hash
from audit.signed_note import MalformedNote, Note, NoteRefused, Signature, SigningKey, VerifierKey, parse_keys

# The published example: golang.org/x/mod/sumdb/note.
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)  # fmt: skip
SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SIGNED = (
    TEXT
    + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()

# The examples of the specifications of notes and of checkpoints.
NOTE = """Ognuno sta solo sul cuor della terra
trafitto da un raggio di sole:

ed è subito sera.

— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=
""".encode()  # noqa: E501
CHECKPOINT = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
""".encode()  # noqa: E501

KEY = SigningKey("example.org/ledger", bytes(range(32)))
OTHER = SigningKey("example.org/ledger", bytes(32))
POINT = Checkpoint(origin=KEY.name, size=3, root=leaf_hash(b"root"))


def test_the_published_key_signs_the_published_note():
    key = SigningKey.parse(SECRET)
    assert bytes(Note.signed(TEXT, [key])) == SIGNED
    assert str(key.verifier) == PUBLIC
    assert key.secret_text == SECRET


def test_the_published_note_holds_for_the_published_key():
    assert Note.parse(SIGNED).signers([VerifierKey.parse(PUBLIC)]) == (VerifierKey.parse(PUBLIC),)


def test_the_specification_s_note_is_read_with_its_empty_line_in_the_text():
    note = Note.parse(NOTE)
    assert note.text.splitlines()[2:] == ["", "ed è subito sera."]
    assert [signature.name for signature in note.signatures] == ["quasimodo.example/salvatore"]
    assert bytes(note) == NOTE


def test_the_specification_s_checkpoint_is_read():
    signed = SignedCheckpoint.parse(CHECKPOINT)
    assert (signed.checkpoint.origin, signed.checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert signed.checkpoint.text().encode() in CHECKPOINT
    assert bytes(signed) == CHECKPOINT


def test_a_secret_is_not_shown_where_a_key_is_shown():
    assert str(KEY.seed) not in repr(KEY)
    assert "seed" not in repr(KEY)


def test_every_mangled_key_is_refused():
    for first in range(len(PUBLIC) + 1):
        for end in range(first + 1, len(PUBLIC) + 1):
            if end - first < len(PUBLIC):
                with pytest.raises(MalformedNote):
                    VerifierKey.parse(PUBLIC[first:end])
    for at in range(len(PUBLIC)):
        with pytest.raises(MalformedNote):
            VerifierKey.parse(PUBLIC[:at] + ("x" if PUBLIC[at] != "x" else "y") + PUBLIC[at + 1 :])


@given(st.integers(0, len(SIGNED) - 1), st.integers(1, 255))
def test_no_changed_byte_of_a_note_is_accepted(at, flip):
    changed = bytearray(SIGNED)
    changed[at] ^= flip
    with pytest.raises((MalformedNote, NoteRefused)):
        Note.parse(bytes(changed)).signers([VerifierKey.parse(PUBLIC)])


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_whatever_is_no_note_is_said_to_be_none(content):
    with pytest.raises(MalformedNote):
        SignedCheckpoint.parse(content)


def test_signatures_of_unknown_keys_are_passed_over():
    note = Note.signed("text\n", [OTHER, KEY])
    assert note.signers([KEY.verifier]) == (KEY.verifier,)


def test_a_note_without_a_trusted_signature_is_refused_and_says_who_signed():
    with pytest.raises(NoteRefused, match=OTHER.verifier.id.hex()):
        Note.signed("text\n", [OTHER]).signers([KEY.verifier])


def test_a_false_signature_under_a_trusted_key_is_refused_whoever_else_signed():
    good = KEY.sign("text\n")
    false = Signature(OTHER.name, OTHER.verifier.id, good.signature)
    with pytest.raises(NoteRefused, match="does not hold"):
        Note("text\n", (good, false)).signers([KEY.verifier, OTHER.verifier])


@pytest.mark.parametrize("text", ["no end of line", "tab\t\n", "bell\x07\n", ""])
def test_text_that_no_note_may_have_is_not_signed(text):
    with pytest.raises(MalformedNote):
        Note.signed(text, [KEY])


@pytest.mark.parametrize("name", ["", "with space", "with+plus", "line\nbreak", "no\u00a0break"])
def test_names_that_no_key_may_have_are_refused(name):
    with pytest.raises(MalformedNote):
        SigningKey.generate(name)


def test_keys_are_read_one_a_line():
    assert parse_keys(f"{KEY.verifier}\n\n{OTHER.verifier}\n") == (KEY.verifier, OTHER.verifier)


def test_a_checkpoint_counts_only_under_a_key_that_has_its_origin_as_name():
    foreign = SigningKey("example.org/another", bytes(32))
    signed = SignedCheckpoint(checkpoint=POINT, note=Note.signed(POINT.text(), [foreign]))
    with pytest.raises(NoteRefused):
        signed.require_signer([foreign.verifier])


@pytest.mark.parametrize(
    "text",
    [
        "origin\n3\n",
        "origin\n03\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "origin\n-3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "origin\n٣\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "origin\n3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n",
        "origin\n3\nCsUYapGGPo4d\n",
        "\n3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "origin\n3\n\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "origin\n9999999999999999999999\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
    ],
)
def test_text_that_is_no_checkpoint_is_refused(text):
    with pytest.raises(MalformedNote):
        Checkpoint.parse(text)


def test_lines_after_the_root_are_for_others():
    assert Checkpoint.parse(POINT.text() + "anything\n") == POINT

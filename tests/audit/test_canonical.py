"""The stored bytes are RFC 8785 canonical JSON, held against an independent implementation."""

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from audit.canonical import canonical, canonical_of_whole_numbers

keys = st.text(st.characters(max_codepoint=127), max_size=8)
scalars = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text()
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=20,
)


@given(documents)
def test_the_bytes_are_those_of_rfc_8785(document):
    assert canonical(document) == canonical_of_whole_numbers(document) == rfc8785.dumps(document)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"b": 1, "a": [True, None]}, b'{"a":[true,null],"b":1}'),
        ('€ " \\ / \b \f \n \r \t \x0f \x7f', '"€ \\" \\\\ / \\b \\f \\n \\r \\t \\u000f \x7f"'.encode()),
        ("\u2028\u2029<>&", '"\u2028\u2029<>&"'.encode()),
        ({"a": {}}, b'{"a":{}}'),
    ],
)
def test_known_documents_have_known_bytes(document, expected):
    assert canonical(document) == canonical_of_whole_numbers(document) == expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ([56, {"d": True, "10": None, "1": []}], '[56,{"1":[],"10":null,"d":true}]'),
        (
            {
                "peach": "This sorting order",
                "péché": "is wrong according to French",
                "pêche": "but canonicalization MUST",
                "sin": "ignore locale",
            },
            '{"peach":"This sorting order","péché":"is wrong according to French",'
            '"pêche":"but canonicalization MUST","sin":"ignore locale"}',
        ),
        (
            {
                "1": {"f": {"f": "hi", "F": 5}, "\n": 56},
                "10": {},
                "": "empty",
                "a": {},
                "111": [{"e": "yes", "E": "no"}],
                "A": {},
            },
            '{"":"empty","1":{"\\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{"E":"no","e":"yes"}],"A":{},"a":{}}',
        ),
        ({"Unnormalized Unicode": "A\u030a"}, '{"Unnormalized Unicode":"A\u030a"}'),
        (
            {"string": '\u20ac$\u000f\nA\'B"\\\\"/', "literals": [None, True, False]},
            '{"literals":[null,true,false],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
        ),
    ],
)
def test_the_published_test_documents_have_their_published_bytes(document, expected):
    """Those of RFC 8785 and of its test suite, without their floating-point numbers, which the ledger has none of."""
    assert canonical(document) == canonical_of_whole_numbers(document) == expected.encode() == rfc8785.dumps(document)


def test_an_unpaired_surrogate_has_no_canonical_form():
    for encode in (canonical, canonical_of_whole_numbers):
        with pytest.raises(UnicodeEncodeError):
            encode("\ud800")


def test_a_number_that_json_does_not_know_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        canonical(float("nan"))

"""Ids that follow from a name are those of RFC 9562."""

from __future__ import annotations

from uuid import UUID, uuid5

from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.named_ids import named_id


@for_all(st.uuids(), st.text())
def test_the_id_of_a_name_is_the_one_that_any_library_finds(namespace: UUID, name: str) -> None:
    found, expected = named_id(namespace, name), uuid5(namespace, name)
    assert (found, str(found), found.version, found.variant) == (
        expected,
        str(expected),
        expected.version,
        expected.variant,
    )

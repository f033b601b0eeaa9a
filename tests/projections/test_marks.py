"""The marks by which values are counted: enough of them, each its own, and always the same ones."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from domain.geography import countries, groups_of
from domain.pledge import fold
from domain.vocabulary import CountryGroup
from projections.pledge_status.changes import VERSION
from projections.pledge_status.marks import BITS, COLUMNS, marked, marks, marks_of_members
from tests.given import announced

MADE = fold(None, [announced()])


def bits(*codes: str) -> int:
    """All marks of a pledge with these countries, as one number."""
    assert MADE
    return sum(part << BITS * n for n, part in enumerate(marked(replace(MADE, countries=codes))))


def test_each_value_has_a_mark_of_its_own_and_the_columns_hold_them_all():
    each = [bit for of in marks().values() for bit in of.values()]
    assert len(set(each)) == len(each) <= BITS * len(COLUMNS)
    assert all(bit.bit_count() == 1 for bit in each)


def test_other_marks_are_another_version():
    # Rows that were marked otherwise would be counted wrongly: whoever changes this number raises VERSION.
    digest = hashlib.sha256(json.dumps(marks(), default=dict).encode()).hexdigest()
    assert (VERSION, digest[:12]) == (10, "0384a6e18bbf")


@given(
    st.lists(st.sampled_from(sorted(countries())), max_size=4),
    st.sampled_from(CountryGroup),
    st.dates(date(1990, 1, 1), date(2030, 1, 1)),
)
def test_a_pledge_has_a_mark_of_a_group_where_a_country_of_it_is_a_member_on_the_day(
    codes: list[str], group: CountryGroup, on: date
):
    touched = any(group in groups_of(code, on) for code in codes)
    assert bool(bits(*codes) & marks_of_members(group, on)) == touched


def test_what_is_in_no_list_has_no_mark():
    assert bits("XXX") == bits()

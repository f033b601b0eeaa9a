"""The garbage collector looks seldom for as long as anybody wants it to, and then as before."""

from __future__ import annotations

import gc

import pytest

from projections.collecting import SELDOM, seldom_collected


def test_the_last_to_leave_puts_back_what_was_there_before_the_first_came():
    before = gc.get_threshold()
    first, second = seldom_collected(), seldom_collected()
    with first:
        second.__enter__()
        assert gc.get_threshold() == SELDOM
    assert gc.get_threshold() == SELDOM, "somebody is still inside"
    second.__exit__(None, None, None)
    assert gc.get_threshold() == before != SELDOM


def test_a_fault_inside_puts_it_back_too():
    before = gc.get_threshold()
    with pytest.raises(ZeroDivisionError), seldom_collected():
        raise ZeroDivisionError
    assert gc.get_threshold() == before

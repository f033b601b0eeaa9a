"""Tests run in a frame with room for those of all that they call."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

from tests.room_for_frames import WORDS, with_room


def rooms() -> int:
    """How many such frames this was called in."""
    frame, found = sys._getframe(), 0
    while frame := frame.f_back:  # type: ignore[assignment]
        found += frame.f_code.co_stacksize == WORDS
    return found


def test_every_test_has_room() -> None:
    assert rooms() == 1


def test_a_function_is_the_same_with_room() -> None:
    assert with_room(divmod)(7, 2) == (3, 1)
    assert with_room(sorted)([3, 1], reverse=True) == [3, 1]


def test_it_has_room_wherever_it_is_called() -> None:
    with ThreadPoolExecutor(1) as elsewhere:
        assert elsewhere.submit(with_room(rooms)).result() == 1

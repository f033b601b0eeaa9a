"""Room for the frames of what is called, where Python would get memory from the system at every call and give it back.

Python 3.11 to 3.14 keeps frames in chunks of 16 kilobytes. A call that does not fit gets another chunk, and gives it
back when it returns: a loop near the end of a chunk does so thousands of times a second, which takes a third of the
time of some tests (https://github.com/python/cpython/issues/142183, mended since). Below every test there is a chunk
full of frames of pytest's own, and whether a test is near the end of one is chance.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import pytest

WORDS = 70_000
"""Eight bytes each, more than half a megabyte: Python makes a chunk of a whole one, half of which is left for others.

As much as a thousand calls within each other take, which is as many as Python allows. None of it is written to.
"""

P = ParamSpec("P")
T = TypeVar("T")


def with_room(function: Callable[P, T]) -> Callable[P, T]:
    """The same function, whose frame and those of all that it calls find room in one chunk."""

    def called(*arguments: P.args, **named: P.kwargs) -> T:
        return function(*arguments, **named)

    called.__code__ = called.__code__.replace(co_stacksize=WORDS)
    return called


class RoomForTests:
    """A plugin of pytest that lets tests run so, with their fixtures."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> object:
        loop_of_others = session.config.pluginmanager.subset_hook_caller("pytest_runtestloop", [self])
        return with_room(loop_of_others)(session=session)

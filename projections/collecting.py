"""Letting the garbage collector look seldom while very many values are made that hold no cycles."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = (100_000, 20, 50)
"""Looking for cycles among facts and states, which have none, would take a fifth of the time of a rebuild, and almost
half of that of reading as many facts as are kept together."""

_lock = threading.Lock()
_usual: list[tuple[int, int, int]] = []
"""The thresholds before, once for each who asked: the first one's are those of the process."""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """For as long as anybody is inside, whichever thread it is."""
    with _lock:
        _usual.append(_usual[0] if _usual else gc.get_threshold())
        gc.set_threshold(*SELDOM)
    try:
        yield
    finally:
        with _lock:
            usual = _usual.pop()
            if not _usual:
                gc.set_threshold(*usual)

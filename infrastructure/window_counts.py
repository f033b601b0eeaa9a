"""Counts of the present window of time and the one before, for `limits`, in memory of bounded size.

The library's own storage looks at every count it holds each hundredth of a second, so that with many addresses it
takes a whole processor, and it has no bound but time. Here the counts of a window are forgotten together.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from math import floor

from limits.storage import Storage
from limits.storage.base import SlidingWindowCounterSupport

MOST_COUNTED = 100_000
"""How many are counted at once; one more takes the place of whoever came least lately."""


class WindowCounts(Storage, SlidingWindowCounterSupport):
    """Who came how often; for windows of one length."""

    STORAGE_SCHEME = None

    def __init__(self, *, most: int = MOST_COUNTED, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._window = 0
        self._present: OrderedDict[str, int] = OrderedDict()
        self._before: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        """How many are counted in both windows."""
        return len(self._present) + len(self._before)

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count it, unless that would be more than the limit; whether it was counted."""
        with self._lock:
            before, remaining, present, _ = self._counts(key, expiry)
            if floor(before * remaining / expiry + present) + amount > limit:
                return False
            self._count(key, present + amount)
            return True

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """The count of the window before and for how many seconds it still counts; the same of the present one."""
        with self._lock:
            return self._counts(key, expiry)

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Forget one."""
        self.clear(key)

    def _counts(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        window, into = divmod(self._clock(), expiry)
        self._come_to(int(window))
        return self._before.get(key, 0), expiry - into, self._present.get(key, 0), 2 * expiry - into

    def _come_to(self, window: int) -> None:
        if window == self._window:
            return
        self._before = self._present if window == self._window + 1 else OrderedDict()
        self._present = OrderedDict()
        self._window = window

    def _count(self, key: str, count: int) -> None:
        self._present[key] = count
        self._present.move_to_end(key)
        if len(self._present) > self._most:
            self._present.popitem(last=False)

    # What the library asks of a storage besides.

    @property
    def base_exceptions(self) -> type[Exception]:
        """What can go wrong: nothing does."""
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count it in any case; the count of the present window."""
        with self._lock:
            _, _, present, _ = self._counts(key, expiry)
            self._count(key, present + amount)
            return present + amount

    def get(self, key: str) -> int:
        """The count of the present window."""
        return self._present.get(key, 0)

    def get_expiry(self, key: str) -> float:
        """Now: a count of this storage has no time of its own."""
        return time.time()

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> int:
        """Forget all; how many there were."""
        with self._lock:
            known = len(self)
            self._present.clear()
            self._before.clear()
            return known

    def clear(self, key: str) -> None:
        """Forget one."""
        with self._lock:
            self._present.pop(key, None)
            self._before.pop(key, None)

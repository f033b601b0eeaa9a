"""A question whose answer everybody shares who asks at the time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from anyio import CapacityLimiter, to_thread

Found = TypeVar("Found")


class SharedAnswer(Generic[Found]):
    """Asks in a thread of its own, one at a time, whatever the handlers are doing.

    A database that does not answer thus costs one thread, however many ask, and nobody waits longer than `within`
    seconds. An answer is given again while it is younger than `fresh_for` seconds.
    """

    def __init__(self, ask: Callable[[], Found], *, within: float, fresh_for: float = 0.0) -> None:
        self._ask = ask
        self._within = within
        self._fresh_for = fresh_for
        self._thread = CapacityLimiter(1)
        self._asking: asyncio.Task[Found] | None = None
        self._known_until = 0.0

    async def get(self) -> Found | None:
        """The answer; None where none comes in time. Raises what asking raises."""
        asking = self._asking
        if asking is None or (asking.done() and time.monotonic() >= self._known_until):
            asking = self._asking = asyncio.create_task(self._asked())
        done, _ = await asyncio.wait({asking}, timeout=self._within)
        return asking.result() if done else None

    async def _asked(self) -> Found:
        found = await to_thread.run_sync(self._ask, limiter=self._thread)
        self._known_until = time.monotonic() + self._fresh_for
        return found

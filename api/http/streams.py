"""The streams of a process: what they share, how many there may be, and their common end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from anyio import CapacityLimiter
from fastapi import FastAPI

from api.http.recent_events import RecentEvents
from api.http.stream_places import StreamPlaces
from infrastructure.bootstrap import Service

LAST_WORDS_SECONDS = 1.0
"""How long readers may take for the end of their streams when the process stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamBounds:
    """How many streams there may be, in a process and for a client, and how each is kept, in seconds.

    After `heartbeat` of silence there is a sign of life; a reader that takes nothing for the length of `patience` is
    dropped; a token is looked at again every `recheck`.
    """

    most: int = 4_000
    most_for_one: int = 100
    heartbeat: float = 15.0
    patience: float = 20.0
    recheck: float = 30.0


class Streams:
    """All streams of a process."""

    def __init__(self, service: Service, bounds: StreamBounds) -> None:
        self.bounds = bounds
        self.metrics = service.metrics.streams
        self.recent = RecentEvents(service.following)
        self.places = StreamPlaces(bounds.most, bounds.most_for_one, self.metrics)
        self.checking = CapacityLimiter(1)  # looks at tokens, in a thread that no handler waits for
        self.ending = False
        self._open: set[Callable[[], None]] = set()

    @contextmanager
    def opened(self, abort: Callable[[], None]) -> Iterator[None]:
        """A stream is open, and what happens is followed for it; `abort` ends its connection at once."""
        self._open.add(abort)
        try:
            with self.recent.followed():
                yield
        finally:
            self._open.discard(abort)

    def end(self) -> None:
        """Let every stream end, and none go on: the process is about to stop."""
        self.ending = True
        self.recent.wake()
        asyncio.get_running_loop().call_later(LAST_WORDS_SECONDS, _abort, tuple(self._open))

    async def ended(self) -> None:
        """Wait until nothing is read any more for streams that have ended."""
        await self.recent.ended()


def end_streams(app: FastAPI) -> None:
    """End what has no end of its own, so that the server can stop when everything else is answered."""
    streams: Streams = app.state.streams
    streams.end()


def _abort(connections: tuple[Callable[[], None], ...]) -> None:
    for abort in connections:
        abort()

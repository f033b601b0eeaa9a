"""The latest events, kept once for all who follow them: a stream is no more than a position in here.

One task follows the ledger while there is somebody to follow it for. Nothing is kept for a single reader, so that one
that is slow holds nothing up, and costs no memory but what is on its way to it.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import structlog
from anyio import CapacityLimiter, to_thread

from api.http.channel_documents import as_message
from infrastructure.following import Following
from projections.timeline.channel import Audience, Happening, Part

MOST_KEPT, LARGEST_KEPT = 2_000, 8 * 1024 * 1024
"""How many events are kept at most, and how many bytes of them; whoever is further behind reads the timeline."""

READING_AT_ONCE = 2
"""How many of those read the timeline at once, and so how many connections of the pool they have together."""

READ_AT_ONCE = 100

TRY_AGAIN_SECONDS = 1.0

log = structlog.get_logger("p2c.http")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """An event as it is sent, and who may know of it."""

    position: int
    content: bytes
    published: bool
    parties: tuple[UUID, ...]

    def is_for(self, audience: Audience) -> bool:
        """Whether the audience may know of it."""
        return self.published or audience.everything or audience.organisation in self.parties


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """What is to be told after a position, up to and including another one."""

    items: Sequence[Message]
    position: int


class RecentEvents:
    """What happened lately, in the order of the ledger; used in one event loop."""

    def __init__(self, following: Following) -> None:
        self._following = following
        self._follower = CapacityLimiter(1)  # follows in a thread that no handler waits for
        self._readers = CapacityLimiter(READING_AT_ONCE)
        self._present = 0
        self._task: asyncio.Task[None] | None = None
        self._complete_after: int | None = None
        self._position = 0
        self._kept: list[Message] = []
        self._size = 0
        self._news = asyncio.Event()

    @property
    def news(self) -> asyncio.Event:
        """What is set as soon as there is something new; another one every time."""
        return self._news

    def wake(self) -> None:
        """Let everybody who waits for news look around."""
        news, self._news = self._news, asyncio.Event()
        news.set()

    @contextmanager
    def followed(self) -> Iterator[None]:
        """Follow the ledger, as long as anybody is in here."""
        self._present += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            self._present -= 1

    async def ended(self) -> None:
        """Wait until nothing is followed any more, after the last has gone."""
        if self._task:
            await asyncio.wait([self._task])

    def reaches_back_to(self, position: int) -> bool:
        """Whether everything that happened after a position is in here."""
        return self._complete_after is not None and position >= self._complete_after

    async def after(self, position: int, audience: Audience) -> Messages:
        """What happened after a position and is for the audience, or some of it; nothing where there is no news.

        Raises what reading the timeline raises, which only whoever is far behind has to do.
        """
        if self.reaches_back_to(position):
            later = self._kept[bisect_right(self._kept, position, key=lambda message: message.position) :]
            wanted = [message for message in later if message.is_for(audience)]
            return Messages(items=wanted, position=max(position, self._position))
        return await to_thread.run_sync(self._read, position, audience, limiter=self._readers)

    def _read(self, position: int, audience: Audience) -> Messages:
        return _messages(self._following.earlier(position, audience, READ_AT_ONCE))

    async def _follow(self) -> None:
        is_known = False
        while self._present:
            try:
                if self._complete_after is None:
                    await self._begin()
                await self._go_on()
                is_known = False
            except Exception as away:  # noqa: BLE001 - whatever it is, those who follow wait for its end
                if not is_known:
                    log.warning("streams have to wait for what happens", error=str(away))
                is_known = True
                await asyncio.sleep(TRY_AGAIN_SECONDS)
        self._complete_after, self._kept, self._size = None, [], 0

    async def _begin(self) -> None:
        self._position = await to_thread.run_sync(self._following.position, limiter=self._follower)
        self._complete_after = self._position
        self.wake()

    async def _go_on(self) -> None:
        found = await to_thread.run_sync(self._next, self._position, limiter=self._follower)
        if found:
            self._keep(found)
            self.wake()

    def _next(self, position: int) -> Messages | None:
        part = self._following.next(position)
        return _messages(part) if part else None

    def _keep(self, found: Messages) -> None:
        self._kept.extend(found.items)
        self._size += sum(len(message.content) for message in found.items)
        self._position = found.position
        surplus = 0
        while len(self._kept) - surplus > MOST_KEPT or self._size > LARGEST_KEPT:
            self._size -= len(self._kept[surplus].content)
            self._complete_after = self._kept[surplus].position
            surplus += 1
        del self._kept[:surplus]


def _messages(part: Part) -> Messages:
    return Messages(items=[_message(item) for item in part.items], position=part.position)


def _message(item: Happening) -> Message:
    return Message(position=item.position, content=as_message(item), published=item.published, parties=item.parties)

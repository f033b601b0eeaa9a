"""An answer that tells what happens, as it happens, until its reader leaves, its token ends, or the process stops."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from anyio import CancelScope, create_task_group, move_on_after, to_thread
from fastapi.sse import format_sse_event
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from api.http.caching import NO_STORE
from api.http.failures import Failure, refusal
from api.http.middleware import WITHOUT_BODY
from api.http.protocol import ABORT
from api.http.streams import Streams
from infrastructure.database import UNAVAILABLE
from projections.timeline.channel import Audience

EVENT_STREAM = "text/event-stream"

LARGEST_CHUNK = 65_536
"""How many bytes are sent at once, but for an event that is larger by itself."""

LOOK_AGAIN_SECONDS = 1.0
"""How often a stream looks for events that it has to read from the timeline, and cannot."""

RETRY_MILLISECONDS = (2_000, 5_000)
"""How long clients wait before they come back: not all of them as long, when a process that had many of them stops."""

HEARTBEAT = format_sse_event(comment="still here")


class EventStream(Response):
    """Server-sent events after a position, for an audience.

    It has a place while it is open, and no turn, thread or connection. `still_known` tells, in a thread, whether the
    reader's token is still good; None for a reader without one.
    """

    media_type = EVENT_STREAM

    def __init__(
        self, streams: Streams, *, after: int, audience: Audience, client: str, still_known: Callable[[], bool] | None
    ) -> None:
        headers = {**NO_STORE, "X-Accel-Buffering": "no", "Ledger-Position": str(after)}
        super().__init__(headers=headers, media_type=self.media_type)
        del self.headers["Content-Length"]
        self._streams = streams
        self._bounds = streams.bounds
        self._position = after
        self._audience = audience
        self._client = client
        self._still_known = still_known
        now = time.monotonic()
        self._silent_at = now + self._bounds.heartbeat
        self._check_at = now + self._bounds.recheck

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell until the end, whoever makes it; or why there is no place."""
        try:
            with self._streams.places.one_for(self._client):
                if scope["state"].get(WITHOUT_BODY):
                    await self._begin(send)
                    await send(_body(b"", more=False))
                else:
                    await self._serve(scope, receive, send)
        except Failure as full:
            await refusal(scope, full)(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        abort: Callable[[], None] = scope["state"].get(ABORT, _let_be)
        with self._streams.opened(abort):
            async with create_task_group() as tasks:
                tasks.start_soon(_until_left, receive, tasks.cancel_scope)
                if not await self._tell(send):
                    self._streams.metrics.dropped()
                    abort()
                tasks.cancel_scope.cancel()

    async def _begin(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})

    async def _tell(self, send: Send) -> bool:
        """Tell everything; whether the reader took it."""
        await self._begin(send)
        retry = random.randint(*RETRY_MILLISECONDS)  # noqa: S311 - no secret
        chunk = format_sse_event(id=str(self._position), retry=retry)
        while not self._streams.ending and await self._is_known():
            if chunk and not await self._sent(send, chunk):
                return False
            chunk = await self._next()
        return await self._sent(send, b"", more=False)

    async def _sent(self, send: Send, chunk: bytes, *, more: bool = True) -> bool:
        """Send a chunk; whether it could be handed over, which it can while what came before is being read."""
        with move_on_after(self._bounds.patience) as patience:
            await send(_body(chunk, more=more))
        self._silent_at = time.monotonic() + self._bounds.heartbeat
        return not patience.cancelled_caught

    async def _next(self) -> bytes:
        """What is to be sent next, as soon as there is something to send or to see to."""
        news = self._streams.recent.news
        before = self._position
        chunk = await self._told()
        if not chunk and self._position == before:
            with move_on_after(self._seconds_to_wait()):
                await news.wait()
        return chunk or (HEARTBEAT if time.monotonic() >= self._silent_at else b"")

    async def _told(self) -> bytes:
        """Events that there are already, as many as go into a chunk."""
        try:
            found = await self._streams.recent.after(self._position, self._audience)
        except UNAVAILABLE:
            return b""  # later
        chunk = bytearray()
        for message in found.items:
            if chunk and len(chunk) + len(message.content) > LARGEST_CHUNK:
                return bytes(chunk)
            chunk += message.content
            self._position = message.position
        self._position = found.position
        return bytes(chunk)

    def _seconds_to_wait(self) -> float:
        until = min(self._silent_at, self._check_at) if self._still_known else self._silent_at
        soon = self._bounds.heartbeat if self._streams.recent.reaches_back_to(self._position) else LOOK_AGAIN_SECONDS
        return max(min(until - time.monotonic(), soon), 0.0)

    async def _is_known(self) -> bool:
        """Whether the reader may still be told. While that cannot be found out there is nothing new to tell either."""
        if self._still_known is None or time.monotonic() < self._check_at:
            return True
        self._check_at = time.monotonic() + self._bounds.recheck
        try:
            return await to_thread.run_sync(self._still_known, limiter=self._streams.checking)
        except UNAVAILABLE:
            return True


def _let_be() -> None:
    """Leave the connection to a server that has no way to cut it."""


async def _until_left(receive: Receive, serving: CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    serving.cancel()


def _body(content: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": content, "more_body": more}

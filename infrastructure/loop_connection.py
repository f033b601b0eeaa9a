"""A connection for handlers of an event loop, on which waiting ends as soon as there is no hope of an answer."""

from __future__ import annotations

import asyncio

from psycopg import AsyncConnection
from psycopg.abc import RV, PQGen
from psycopg.rows import DictRow
from psycopg.waiting import Ready, Wait

from infrastructure.heartbeat import LOOK_SECONDS, Hopeful


class LoopConnection(Hopeful, AsyncConnection[DictRow]):
    """Waits with one call of the loop for each answer; the driver's own waiting makes a task for each.

    Whoever waits must not be cancelled, since nobody would read the answer: it is for tasks of the service's own.
    """

    async def wait(self, gen: PQGen[RV], interval: float = LOOK_SECONDS, timeout: float | None = None) -> RV:  # noqa: ASYNC109 - the driver's own signature
        """Wait as any connection does; `timeout` is not looked at. Raises DatabaseAway."""
        waiting = self.while_there_is_hope(gen)
        try:
            wanted = next(waiting)
            while True:
                wanted = waiting.send(await self._ready(wanted, interval))
        except StopIteration as done:
            answer: RV = done.value
            return answer

    async def _ready(self, wanted: Wait, within: float) -> Ready:
        """For what the connection is ready; for nothing after so many seconds."""
        loop, socket = asyncio.get_running_loop(), self.pgconn.socket
        ready: asyncio.Future[Ready] = loop.create_future()

        def become(readiness: Ready) -> None:
            if not ready.done():
                ready.set_result(readiness)

        patience = loop.call_later(within, become, Ready.NONE)
        if wanted & Wait.R:
            loop.add_reader(socket, become, Ready.R)
        if wanted & Wait.W:
            loop.add_writer(socket, become, Ready.W)
        try:
            return await ready
        finally:
            patience.cancel()
            if wanted & Wait.R:
                loop.remove_reader(socket)
            if wanted & Wait.W:
                loop.remove_writer(socket)

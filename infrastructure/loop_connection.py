"""A connection for handlers of an event loop, on which waiting ends as soon as there is no hope of an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from psycopg import AsyncConnection
from psycopg.abc import RV, PQGen
from psycopg.rows import DictRow
from psycopg.waiting import Ready, Wait

from infrastructure.heartbeat import LOOK_SECONDS, DatabaseAway


class LoopConnection(AsyncConnection[DictRow]):
    """Waits with one call of the loop for each answer; the driver's own waiting makes a task for each.

    Whoever waits must not be cancelled, since nobody would read the answer: it is for tasks of the service's own.
    """

    hopeless: Callable[[], bool] = staticmethod(lambda: False)
    drains_before: int = 0
    """How often its pool had been drained when it was made."""

    async def wait(self, gen: PQGen[RV], interval: float = LOOK_SECONDS, timeout: float | None = None) -> RV:  # noqa: ASYNC109 - the driver's own signature
        """Wait as any connection does; `timeout` is not looked at. Raises DatabaseAway."""
        try:
            wanted = next(gen)
            while True:
                ready = await self._ready(wanted, interval)
                if not ready and self.hopeless():
                    self.pgconn.finish()
                    raise DatabaseAway("the database has fallen silent")
                wanted = gen.send(ready)
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

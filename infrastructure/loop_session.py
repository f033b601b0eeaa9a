"""One connection of an event loop, kept from one use to the next, beside those that threads share."""

from __future__ import annotations

import asyncio

from infrastructure.database import UNAVAILABLE, Pool
from infrastructure.loop_connection import LoopConnection


class LoopSession:
    """Has a connection at hand for the tasks of the loop that is running, who take turns on it.

    It is made when it is first looked for, and again when it cannot be trusted any more. Nobody waits for that: there
    is none meanwhile, and who looks for it then has to do without.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connection: LoopConnection | None = None
        self._connecting: asyncio.Task[None] | None = None

    def connection(self) -> LoopConnection | None:
        """The connection; None while there is none."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self.hang_up()
            self._loop, self._connecting = loop, None
        if self._connection and self._stands(self._connection):
            return self._connection
        self.hang_up()
        if self._connecting is None:
            self._connecting = loop.create_task(self._connect())
        return None

    def hang_up(self) -> None:
        """Close the connection; the next use makes another. Harmless where there is none."""
        connection, self._connection = self._connection, None
        if connection:
            connection.pgconn.finish()

    def _stands(self, connection: LoopConnection) -> bool:
        """Whether it can be used. While somebody waits for an answer on it, that it has come is no bad sign."""
        return not connection.closed and (connection.lock.locked() or self._pool.is_as_left(connection))

    async def _connect(self) -> None:
        try:
            self._connection = await self._pool.connected_on_loop()
        except UNAVAILABLE:
            pass  # whoever asks without it is told
        finally:
            self._connecting = None

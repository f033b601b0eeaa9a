"""A bell beside a connection: a thread that waits for the server to say something can be called to something else."""

from __future__ import annotations

import os
import select
import weakref

from psycopg import Connection
from psycopg.rows import DictRow


class Bell:
    """Rung by any thread, heard by the one that waits; a ring that nobody waits for is heard by who waits next.

    Waiting for the connection alone would mean to look up now and then whether there is something else to do, which
    costs an idle process more than all that it does.
    """

    def __init__(self) -> None:
        self._heard, self._rung = os.pipe()
        self._is_ringing = False
        weakref.finalize(self, _close, self._heard, self._rung)

    def ring(self) -> None:
        """Call whoever waits."""
        if not self._is_ringing:
            self._is_ringing = True
            os.write(self._rung, b"!")

    def wait(self, connection: Connection[DictRow], seconds: float) -> None:
        """Wait, at most so many seconds, until it rings or the server says something, or hangs up."""
        waiting = select.poll()
        waiting.register(self._heard, select.POLLIN)
        waiting.register(connection.fileno(), select.POLLIN)
        if self._heard in dict(waiting.poll(seconds * 1000)):
            os.read(self._heard, 4_096)
            self._is_ringing = False  # who rings until here is heard by this one, who looks around now


def _close(*files: int) -> None:
    for file in files:
        os.close(file)

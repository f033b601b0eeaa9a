"""A bell beside a connection: a thread that waits for the other end to speak can be called to something else."""

from __future__ import annotations

import os
import select
import weakref
from typing import Protocol


class Line(Protocol):
    """A connection, at whose other end is a server, or another process."""

    def fileno(self) -> int:
        """The file that is ready when the other end speaks."""


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

    def wait(self, connection: Line, seconds: float) -> bool:
        """Wait, at most so many seconds, until it rings or the other end speaks, or hangs up; whether it rang."""
        waiting = select.poll()
        waiting.register(self._heard, select.POLLIN)
        waiting.register(connection.fileno(), select.POLLIN)
        rang = self._heard in dict(waiting.poll(seconds * 1000))
        if rang:
            os.read(self._heard, 4_096)
            self._is_ringing = False  # who rings until here is heard by this one, who looks around now
        return rang


def _close(*files: int) -> None:
    for file in files:
        os.close(file)

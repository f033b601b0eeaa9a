"""The process of the runner's deputy: it follows the ledger until the service that started it hangs up.

It is told on its line what to do first, then that the service lives, and when somebody waits; it tells how far it is.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

import msgspec

from audit.envelope import Envelopes
from infrastructure.append_statements import CHANNEL
from infrastructure.database import open_pool
from infrastructure.deputy import HERE, HURRY, Errand
from infrastructure.telemetry import log_to_standard_error
from projections.catalogue import VERSIONS
from projections.collecting import seldom_collected
from projections.deputy import News
from projections.runner import ProjectionRunner

LOOK_SECONDS = 0.25
"""How often it looks whether it leads, or has a problem, that it has not told of."""

ALONE_AFTER_SECONDS = 10.0
"""How long the service may say nothing: one that hangs is not to lead by its deputy."""

_log = logging.getLogger(__name__)


class Line:
    """The line to the service, on which any thread may tell it something."""

    def __init__(self, connection: Connection[Any, Any]) -> None:
        self._connection = connection
        self._telling = threading.Lock()

    def heard(self, seconds: float) -> bytes | None:
        """What the service says within so many seconds; None where it says nothing. Raises EOFError."""
        return self._connection.recv_bytes() if self._connection.poll(seconds) else None

    def tell(self, news: News) -> None:
        """Tell the service. That it has hung up is found out by who listens."""
        with self._telling, suppress(OSError):
            self._connection.send_bytes(msgspec.json.encode(news))


def follow(connection: Connection[Any, Any]) -> None:
    """Follow the ledger until the service hangs up, or says nothing for long."""
    with suppress(EOFError, ConnectionError):  # it may hang up at any moment, even before it was told anything
        _follow(connection)


def _follow(connection: Connection[Any, Any]) -> None:
    line = Line(connection)
    errand = msgspec.json.decode(connection.recv_bytes(), type=Errand)
    log_to_standard_error(errand.log_level, json=errand.log_as_json)
    if errand.versions != VERSIONS:
        _log.warning("the program was updated since the service started: restart the service")
        return
    with seldom_collected(), open_pool(errand.conninfo, role=errand.role, name="p2c-follower") as pool:

        def reached(positions: Mapping[str, int]) -> None:
            line.tell(News(leading=runner.leading, problem=runner.problem, reached=positions))

        runner = ProjectionRunner(pool, Envelopes(), channel=CHANNEL, tell_on=reached)
        connection.send_bytes(HERE)
        runner.start()
        try:
            _attend(line, runner)
        finally:
            runner.stop()


def _attend(line: Line, runner: ProjectionRunner) -> None:
    told, heard_at = None, time.monotonic()
    while time.monotonic() < heard_at + ALONE_AFTER_SECONDS:
        heard = line.heard(LOOK_SECONDS)
        if heard:
            heard_at = time.monotonic()
        if heard == HURRY:
            runner.hurry()
        news = News(leading=runner.leading, problem=runner.problem)
        if heard == HERE or news != told:
            line.tell(news)
            told = news
    _log.warning("the service that followed the ledger by this process says nothing any more")


if __name__ == "__main__":
    # Whoever ends the service from a terminal ends it alone; it sends this process away.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    follow(Connection(int(sys.argv[1])))

"""The deputy of the runner of read models: a process that is started while there is much to follow.

Followed in a thread, read models take the interpreter from the handlers of requests, who wait for it: the slowest
answers were slow for that. At rest there is no such process, since it would be a quarter of the service's memory.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

import msgspec

from projections.bell import Bell
from projections.catalogue import VERSIONS
from projections.deputy import News

REST_AFTER_SECONDS = 60.0
"""How long there is nothing to follow before the process ends."""

HERE_EVERY_SECONDS = 2.0
"""How often the process is told that the service still lives; one that hears nothing for long ends by itself."""

SILENT_AFTER_SECONDS = 10.0
"""How long the process may say nothing, which answers whenever it is told that; then it hangs."""

ENDS_WITHIN_SECONDS = 10.0
"""How long the process may take to end what it has in hand."""

CALL_AGAIN_SECONDS = 60.0
"""How long one that went by itself, or could not come, is not called again."""

HERE, HURRY = b"here", b"hurry"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What the process is told first: where the ledger is, as which role to work on it, and how to log.

    `versions` are those of the read models as this process knows them. Another process may find another program on the
    disk, where it was updated meanwhile.
    """

    conninfo: str
    role: str | None
    log_level: str
    log_as_json: bool
    versions: Mapping[str, int] = field(default_factory=lambda: VERSIONS)


class FollowerProcess:
    """A process that runs `infrastructure.follower`, and a line to it. It ends with this one, however this one ends."""

    def __init__(self, errand: Errand) -> None:
        self._errand = errand
        self._speaking = threading.Lock()
        self._line: Connection[Any, Any] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._call_again_at = 0.0
        self._is_here = False
        self._has_to_hurry = False

    def call(self) -> None:
        """Start it; harmless where it was started, or could not be lately."""
        if self._process or time.monotonic() < self._call_again_at:
            return
        ours, theirs = Pipe()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this very program
                [sys.executable, "-m", "infrastructure.follower", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        except OSError as fault:
            _log.warning("the read models stay with this process: no other can be started: %s", fault)
            self._call_again_at = time.monotonic() + CALL_AGAIN_SECONDS
            ours.close()
            return
        finally:
            theirs.close()
        self._line = ours
        _log.info("much is written: process %d is to keep the read models up meanwhile", self._process.pid)
        self._say(msgspec.json.encode(asdict(self._errand)))

    @property
    def is_here(self) -> bool:
        """Whether it has said that it stands for election."""
        if self._line and not self._is_here:
            try:
                if self._line.poll():
                    self._line.recv_bytes()  # the first thing it says
                    self._is_here = True
            except (EOFError, OSError):
                self._gone()
        return self._is_here

    def follow(self, bell: Bell, told: Callable[[News], None]) -> None:
        """Pass on what it tells until nothing more was reached for a minute, the bell rings, or it has gone."""
        moved_at, reached = time.monotonic(), dict[str, int]()
        try:
            for news in self._news(bell):
                if news.reached:
                    self._has_to_hurry = False
                # It looks every few seconds, and tells what it found also where that is nothing new.
                if any(position > reached.get(name, 0) for name, position in news.reached.items()):
                    moved_at = time.monotonic()
                    reached |= news.reached
                told(news)
                if moved_at + REST_AFTER_SECONDS < time.monotonic():
                    _log.info("little is written: this process keeps the read models up again")
                    return
        except (EOFError, OSError):
            self._gone()

    def _news(self, bell: Bell) -> Iterator[News]:
        """What it tells, until the bell rings. Raises EOFError where it has gone, or hangs."""
        line = self._line
        said_at, heard_at = 0.0, time.monotonic()
        while line and heard_at + SILENT_AFTER_SECONDS > time.monotonic():
            if said_at + HERE_EVERY_SECONDS < time.monotonic():
                said_at = time.monotonic()
                self._say(HERE)
            if bell.wait(line, HERE_EVERY_SECONDS):
                return
            while line.poll():
                heard_at = time.monotonic()
                yield msgspec.json.decode(line.recv_bytes(), type=News)
        raise EOFError

    def hurry(self) -> None:
        """Say that somebody waits, once until something is reached."""
        if not self._has_to_hurry:
            self._has_to_hurry = True
            self._say(HURRY)

    def dismiss(self) -> None:
        """Hang up, which ends it, and wait for that."""
        with self._speaking:
            line, self._line = self._line, None
            if line:
                line.close()
        process, self._process = self._process, None
        self._is_here = self._has_to_hurry = False
        if process:
            try:
                process.wait(ENDS_WITHIN_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _say(self, what: bytes) -> None:
        with self._speaking, suppress(OSError):  # that it has gone is found out by who listens
            if self._line:
                self._line.send_bytes(what)

    def _gone(self) -> None:
        _log.warning("the process that was to keep the read models up has gone; this one does")
        self._call_again_at = time.monotonic() + CALL_AGAIN_SECONDS
        self.dismiss()

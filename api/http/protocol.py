"""HTTP/1.1 within bounds: how large a request may be before it is one, and how long it may take to come."""

from __future__ import annotations

import asyncio
from enum import Enum, auto
from typing import Any, cast

import structlog
from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from api.http import problems
from api.http.failures import Failure, respond
from api.http.problems import Problem
from api.http.security_headers import secured

LARGEST_HEAD = 32_768
"""The most bytes that the address and the headers of a request may have."""

LARGEST_REQUEST = 1_048_576
"""The most bytes that are read of a request, the framing of its parts included, though it was refused before that."""

COMPLETE_WITHIN_SECONDS = 30.0
"""How long a connection may take until a request is there as a whole, from when it was opened or the request began."""

ABORT = "abort"
"""Where the state of a request has what ends its connection at once, whether anybody reads what was sent or not."""

log = structlog.get_logger("p2c.http")


class Reading(Enum):
    """What of a request is being read."""

    NOTHING = auto()
    HEAD = auto()
    BODY = auto()


class BoundedProtocol(HttpToolsProtocol):
    """The server's own protocol, which has no bounds, with bounds; what breaks them is answered and cut off."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._received = 0
        self._reading = Reading.NOTHING
        self._refused: Problem | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody connected; now a request is to come."""
        super().connection_made(transport)
        self._expect_a_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        super().connection_lost(exc)
        self._expect_nothing()

    def data_received(self, data: bytes) -> None:
        """Read what came, unless it is more than a request may have."""
        self._received += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._reading is Reading.HEAD and self._received > LARGEST_HEAD:
            self._refuse(problems.HEADERS_TOO_LARGE)
        elif self._received > LARGEST_REQUEST:
            self._refuse(problems.BODY_TOO_LARGE)
        elif self._is_serving():
            self._expect_nothing()
        elif self._deadline is None:
            self._expect_a_request()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._reading = Reading.HEAD

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header came. One that comes after the body is left out: nobody asks for it."""
        if self._reading is Reading.HEAD:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """All headers are there; too many of them may have come at once."""
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > LARGEST_HEAD:
            self._refused = problems.HEADERS_TOO_LARGE
            raise ValueError(self._refused.title)  # the library calls `send_400_response`
        super().on_headers_complete()
        self.scope["state"][ABORT] = self._abort
        self._reading = Reading.BODY

    def on_message_complete(self) -> None:
        """The request is there."""
        super().on_message_complete()
        self._reading, self._received = Reading.NOTHING, 0

    def send_400_response(self, msg: str) -> None:
        """Answer what is no request, in the library's words `msg`, or one that was refused."""
        self._refuse(self._refused or problems.BAD_REQUEST)

    def _is_serving(self) -> bool:
        """Whether a whole request is here and not answered yet, so that nothing else is to come."""
        return self._reading is Reading.NOTHING and self._is_answering()

    def _is_answering(self) -> bool:
        cycle = cast("RequestResponseCycle | None", self.cycle)  # none before the first request
        return cycle is not None and not cycle.response_complete

    def _expect_a_request(self) -> None:
        self._deadline = self.loop.call_later(COMPLETE_WITHIN_SECONDS, self._give_up)

    def _expect_nothing(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if self.transport.is_closing():
            return
        if self.flow.read_paused:  # it is we who do not read
            self._expect_a_request()
        elif self._reading is not Reading.NOTHING:
            self._refuse(problems.REQUEST_INCOMPLETE)
        else:
            self.transport.close()

    def _abort(self) -> None:
        """End the connection; what was not read yet is lost."""
        self.cycle.disconnected = True
        self.transport.abort()

    def _refuse(self, problem: Problem) -> None:
        """Say what is wrong, where no other answer is under way, and end the connection."""
        address = self.client[0] if self.client else None
        log.warning("connection refused", problem=problem.name, address=address)
        if self._is_answering() and self._reading is not Reading.BODY:
            self.cycle.keep_alive = False  # what is answered came before; its answer shall be the last
            self.flow.pause_reading()
            return
        if not self._has_said_something():
            self.transport.write(self._answer(problem))
        if self._is_answering():
            self.cycle.disconnected = True  # whatever the application still says, nobody hears it
            self.cycle.message_event.set()
        self.transport.close()

    def _has_said_something(self) -> bool:
        """Whether the request, or one before it, has an answer already, or the beginning of one."""
        if self._reading is not Reading.BODY:
            return False
        return not self._is_answering() or self.cycle.response_started or bool(self.pipeline)

    def _answer(self, problem: Problem) -> bytes:
        answer = respond(Failure(problem, f"{problem.title}."), "/", None)
        headers = [*self.server_state.default_headers, *secured(answer.raw_headers, self.scheme or "http")]
        lines = [name + b": " + value + b"\r\n" for name, value in (*headers, CLOSE_HEADER)]
        return b"".join((STATUS_LINE[answer.status_code], *lines, b"\r\n", bytes(answer.body)))

"""Somebody who listens to the stream of events, as a browser does."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx

WITHIN_SECONDS = 20.0


class Listener:
    """Reads a stream in a thread. What was heard before is kept when it connects again."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.types: list[str] = []
        self.comments = 0
        self.last_id: str | None = None
        self.retry: int | None = None
        self.status: int | None = None
        self.headers = httpx.Headers()
        self.has_ended = False
        self.was_cut = False

    @property
    def positions(self) -> list[int]:
        return [event["position"] for event in self.events]

    @contextmanager
    def connected(self, server: str, token: str | None = None, *, after: int | None = None) -> Iterator[Listener]:
        """Listen for a while: from where it was, or else after a position, or from now on."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if self.last_id is not None:
            headers["Last-Event-ID"] = self.last_id
        parameters = {} if after is None else {"after": after}
        self.has_ended, opened = False, threading.Event()
        with (
            httpx.Client(base_url=server, timeout=WITHIN_SECONDS) as http,
            http.stream("GET", "/v1/stream", headers=headers, params=parameters) as answer,
        ):
            self.status, self.headers = answer.status_code, answer.headers
            assert answer.status_code == 200, answer.read()
            thread = threading.Thread(target=self._listen, args=(answer, opened), daemon=True)
            thread.start()
            assert opened.wait(WITHIN_SECONDS)
            try:
                yield self
            finally:
                # Closing it under the thread that reads is how a client leaves.
                with suppress(OSError):  # the server may have left before
                    answer.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)
                thread.join(WITHIN_SECONDS)

    def wait_until(self, condition: Callable[[Listener], bool]) -> None:
        deadline = time.monotonic() + WITHIN_SECONDS
        while not condition(self):
            assert time.monotonic() < deadline, (self.types, self.comments)
            time.sleep(0.005)

    def wait_for(self, position: int) -> None:
        """Wait until this was told, or something later."""
        self.wait_until(lambda heard: int(heard.last_id or 0) >= position)

    def _listen(self, answer: httpx.Response, opened: threading.Event) -> None:
        block: list[str] = []
        try:
            for line in answer.iter_lines():
                if line:
                    block.append(line)
                    continue
                self._hear(block)
                block = []
                opened.set()
        except httpx.TransportError:
            self.was_cut = True
        self.has_ended = True

    def _hear(self, block: list[str]) -> None:
        fields = {name: value.removeprefix(" ") for name, _, value in (line.partition(":") for line in block)}
        self.comments += "" in fields
        self.last_id = fields.get("id", self.last_id)
        self.retry = int(fields["retry"]) if "retry" in fields else self.retry
        if "data" in fields:
            event = json.loads(fields["data"])
            assert (fields["event"], fields["id"]) == (event["type"], str(event["position"]))
            self.types.append(event["type"])
            self.events.append(event)


def everything(connection: socket.socket) -> bytes:
    """What can still be read until the other side has closed."""
    received = b""
    with suppress(ConnectionResetError):
        while part := connection.recv(65_536):
            received += part
    return received

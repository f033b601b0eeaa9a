"""The real server in a thread of this process."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from fastapi import FastAPI

from api.cli.listening import DRAIN_SECONDS, Server, bound_socket
from api.http.streams import end_streams


@contextmanager
def serving(app: FastAPI, *, trusted_proxies: str = "none", send_buffer: int | None = None) -> Iterator[str]:
    """The address at which the application is served; the system keeps so much of what nobody reads, or its usual."""
    with closing(bound_socket("127.0.0.1", 0)) as listener:
        if send_buffer:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        server = Server(app, lambda: None, on_stopping=lambda: _end_streams(app), trusted_proxies=trusted_proxies)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + 20
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(timeout=DRAIN_SECONDS)
        assert not thread.is_alive(), "it stops before it has to give up on anybody"


def _end_streams(app: FastAPI) -> None:
    """End the streams of an application that has any."""
    if hasattr(app.state, "streams"):
        end_streams(app)

"""Listening on a port: the socket, the HTTP server on it, and stopping both when told to."""

from __future__ import annotations

import errno
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from api.cli.failures import Unusable
from infrastructure.settings import NONE

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
DRAIN_SECONDS = 20
"""How long requests in flight may take to end once the service is told to stop."""

BACKLOG = 2048


class ToldToStop(BaseException):
    """A signal asked the process to end, before it served; not an error."""


class Server(uvicorn.Server):
    """The HTTP server; it says when it really listens and when it is to stop, and outlives the signal for that.

    The library's own raises the signal again when it has stopped serving, which would end the process before the
    database is closed.
    """

    def __init__(
        self,
        app: Any,
        on_listening: Callable[[], None],
        *,
        on_stopping: Callable[[], None] = lambda: None,
        trusted_proxies: str = NONE,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http="api.http.protocol:BoundedProtocol",  # by its name, since it takes a while to load
                ws="none",
                loop="auto",  # uvloop, wherever it exists
                proxy_headers=trusted_proxies != NONE,
                forwarded_allow_ips=trusted_proxies,
                log_config=None,
                access_log=False,  # the application logs each request itself
                server_header=False,
                timeout_graceful_shutdown=DRAIN_SECONDS,
                backlog=BACKLOG,
            )
        )
        self._on_listening = on_listening
        self._on_stopping = on_stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and say so."""
        await super().startup(sockets)
        if self.started:
            self._on_listening()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Say that the end has come, to whatever has none of its own, and answer what is in flight."""
        self._on_stopping()
        await super().shutdown(sockets)

    def serve_until_told(self, listener: socket.socket) -> None:
        """Serve until a signal comes; return when everything in flight has been answered."""

        def stop(*_: object) -> None:
            self.should_exit = True

        for number in STOP_SIGNALS:
            signal.signal(number, stop)
        address = listener.getsockname()
        try:
            self.run(sockets=[listener])
        except OSError as problem:
            if self.started:
                raise
            # Another program that held the port as we did, without listening yet, was quicker.
            raise _unusable(address[0], address[1], problem) from problem


@contextmanager
def ending_when_told() -> Iterator[None]:
    """Leave the block when a signal asks the process to end while it is still getting ready."""

    def leave(*_: object) -> None:
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # the way out is not to be interrupted
        raise ToldToStop

    before = {number: signal.signal(number, leave) for number in STOP_SIGNALS}
    try:
        yield
    except ToldToStop:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def bound_socket(host: str, port: int) -> socket.socket:
    """A socket that holds the port, but accepts nobody until it is served. Raises Unusable."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError as problem:
        listener.close()
        raise _unusable(host, port, problem) from problem
    return listener


def address_of(host: str, port: int) -> str:
    """Where a browser finds the service."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _unusable(host: str, port: int, problem: OSError) -> Unusable:
    if problem.errno == errno.EADDRINUSE:
        return Unusable(
            f"Port {port} on {host} is in use by another program.",
            remedy="Stop that program, or choose another port with --port or P2C_PORT.",
        )
    if problem.errno == errno.EACCES:
        return Unusable(
            f"This user may not listen on port {port}.", remedy="Choose a port above 1023 with --port or P2C_PORT."
        )
    return Unusable(f"Cannot listen on {host} port {port}: {problem.strerror}.", remedy="Choose another address.")

"""A proxy before PostgreSQL that cuts the line at the worst moment: after an append was committed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

SOCKET = ".s.PGSQL.5432"
APPENDING = b'"recorded_at":"0000-00-00T'
"""What only an append sends: an entry whose recorded time is still to be filled in."""

READY = b"Z\x00\x00\x00\x05I"
"""What the server says when it has committed: that it is ready for the next one, outside of any transaction."""


class CuttingProxy:
    """Forwards everything; once armed, it swallows the answer to the next append, which is committed, and hangs up."""

    def __init__(self, folder: Path, server: str) -> None:
        self.cuts = 0
        self._server = server
        self._armed = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / SOCKET))
        self._listener.listen()
        self._threads: list[threading.Thread] = []
        self._begin(self._accept)

    def arm(self) -> None:
        """Cut the line when the next append is committed."""
        self._armed.set()

    def close(self) -> None:
        """Accept nobody any more, and wait until everybody has gone."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._server)
                self._begin(self._serve, client, server)

    def _begin(self, work: Callable[..., None], *arguments: object) -> threading.Thread:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _serve(self, client: socket.socket, server: socket.socket) -> None:
        swallow = threading.Event()
        with client, server:
            answers = self._begin(self._forward, server, client, swallow, False)
            self._forward(client, server, swallow, True)
            answers.join()

    def _forward(self, source: socket.socket, drain: socket.socket, swallow: threading.Event, outgoing: bool) -> None:
        swallowed = b""
        with suppress(OSError):
            while data := source.recv(65536):
                if outgoing and APPENDING in data and self._armed.is_set():
                    self._armed.clear()
                    swallow.set()
                elif not outgoing and swallow.is_set():
                    swallowed += data
                    if not swallowed.endswith(READY):
                        continue
                    self.cuts += 1
                    break
                drain.sendall(data)
        for end in (source, drain):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def cutting_proxy(conninfo: str, folder: Path) -> Iterator[tuple[CuttingProxy, str]]:
    """The proxy, and how to reach the database through it."""
    parts = conninfo_to_dict(conninfo)
    proxy = CuttingProxy(folder, f"{parts['host']}/{SOCKET}")
    try:
        yield proxy, make_conninfo(conninfo, host=str(folder))
    finally:
        proxy.close()

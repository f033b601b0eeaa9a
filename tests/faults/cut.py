"""A proxy before PostgreSQL that cuts the line at the worst moment: after COMMIT was carried out."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

SOCKET = ".s.PGSQL.5432"
APPENDING = b"pg_notify('ledger_events'"
"""What only an append sends, at its end; a session that has sent it often sends it no more in these words."""


class CuttingProxy:
    """Forwards everything; once armed, it swallows the answer to the next COMMIT of an append and hangs up."""

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
        """Cut the line at the next COMMIT of an append."""
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
        appending = False
        with suppress(OSError):
            while data := source.recv(65536):
                if outgoing:
                    appending = appending or APPENDING in data
                    if appending and b"COMMIT" in data:
                        appending = False
                        if self._armed.is_set():
                            self._armed.clear()
                            swallow.set()
                elif swallow.is_set():
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

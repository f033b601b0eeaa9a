"""A server on this machine that webhooks lead to: it keeps what it gets, and answers as a test wants it to."""

from __future__ import annotations

import ssl
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

from standardwebhooks.webhooks import Webhook

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A message as it came."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> dict[str, Any]:
        """What it says, if the reference implementation takes it for genuine."""
        document: dict[str, Any] = Webhook(secret).verify(self.body, dict(self.headers))
        return document


def status(code: int, content: bytes = b"", **headers: str) -> Answer:
    """An answer with this status."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    return answer


class Endpoint:
    """One address of the receiver. It answers 204 unless `answers` has something else, the last of which stays."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: list[Answer] = []
        self.received: list[Received] = []

    @property
    def ids(self) -> list[str]:
        return [message.id for message in self.received]

    def next_answer(self) -> Answer:
        if not self.answers:
            return status(204)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Receiver:
    """The server; `with` runs it."""

    def __init__(self, certificate: Path | None = None) -> None:
        self._endpoints: dict[str, Endpoint] = defaultdict(lambda: Endpoint("unknown"))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self._endpoints))
        self._scheme = "http"
        if certificate:
            self._scheme = "https"
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(certificate)
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self) -> Receiver:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self) -> int:
        return self._server.server_port

    def endpoint(self, *answers: Answer, host: str = "127.0.0.1") -> Endpoint:
        """A new address."""
        path = f"/private-{uuid4().hex}"
        endpoint = self._endpoints[path] = Endpoint(f"{self._scheme}://{host}:{self.port}{path}")
        endpoint.answers = list(answers)
        return endpoint


def _handler(endpoints: Mapping[str, Endpoint]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            endpoint = endpoints[self.path]
            body = self.rfile.read(int(self.headers["Content-Length"]))
            endpoint.received.append(
                Received(headers={name.lower(): value for name, value in self.headers.items()}, body=body)
            )
            try:
                endpoint.next_answer()(self)
            except OSError:  # the sender has gone
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    return Handler

"""A client that costs much less than any server: it sends bytes made before, and hardly looks at answers.

A process of its own: it reads a `Load` from standard input, and writes what it saw to standard output.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import msgspec
import uvloop

from benchmarks.bench import ROOT
from benchmarks.quantiles import quantile

CONNECTS_WITHIN_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Clients that ask, wait for the answer, and ask again, for so many seconds.

    Each client has a port and paths of its own; it asks each path `each` times, and begins again after the last if
    `again`, or is done. `headers` are lines; `keyed` adds an idempotency key to each request, another one each time.
    """

    seconds: float
    method: str
    clients: Sequence[tuple[int, Sequence[str]]]
    each: int
    expected: int
    headers: Sequence[str] = ()
    body: str = ""
    keyed: str | None = None
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How many requests were answered as expected, in how many seconds, and how long one took, in seconds.

    `busy` is the part of one processor that the client itself took.
    """

    done: int
    seconds: float
    p50: float
    p99: float
    busy: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.done / self.seconds


class AnsweredOtherwise(Exception):
    """An answer that was not the expected one; the message has it."""


def applied(load: Load) -> Seen:
    """What a process of its own saw of the load. Raises AnsweredOtherwise."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load_client"],
        cwd=ROOT,
        input=msgspec.json.encode(load),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise AnsweredOtherwise(done.stderr.decode(errors="replace"))
    return msgspec.json.decode(done.stdout, type=Seen)


def requests(load: Load, number: int) -> Iterator[bytes]:
    """The bytes of one client's requests, one after the other."""
    port, paths = load.clients[number]
    asked = 0
    while True:
        for path in paths:
            start = "\r\n".join((f"{load.method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", *load.headers, ""))
            for _ in range(load.each):
                key = f"Idempotency-Key: {load.keyed}-{number}-{asked}\r\n" if load.keyed else ""
                length = f"Content-Length: {len(load.body)}\r\n" if load.body else ""
                yield f"{start}{key}{length}\r\n{load.body}".encode()
                asked += 1
        if not load.again:
            return


class Client(asyncio.Protocol):
    """One client on one connection that is kept; it stops at its first unexpected answer."""

    def __init__(self, load: Load, number: int, ended: asyncio.Future[None]) -> None:
        self._requests = requests(load, number)
        self._expected = f"HTTP/1.1 {load.expected} ".encode()
        self._ended = ended
        self._received = b""
        self._asked_at = 0.0
        self._until = 0.0
        self._transport: asyncio.WriteTransport | None = None
        self.took: list[float] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands; `begin` begins."""
        self._transport = cast("asyncio.WriteTransport", transport)

    def begin(self, until: float) -> None:
        """Ask until then, by the performance counter."""
        self._until = until
        self._ask(time.perf_counter())

    def data_received(self, data: bytes) -> None:
        """A part of the answer, mostly all of it."""
        self._received += data
        if not is_whole(self._received):
            return
        now = time.perf_counter()
        if not self._received.startswith(self._expected):
            self._end(AnsweredOtherwise(self._received.decode(errors="replace")))
            return
        self._received = b""
        self.took.append(now - self._asked_at)
        self._ask(now)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody may hang up before the end."""
        self._end(AnsweredOtherwise(f"the connection was lost: {exc}"))

    def _ask(self, now: float) -> None:
        following = next(self._requests, None) if now < self._until else None
        if following is None or self._transport is None:
            self._end(None)
            return
        self._asked_at = now
        self._transport.write(following)

    def _end(self, fault: Exception | None) -> None:
        if self._ended.done():
            return
        if fault:
            self._ended.set_exception(fault)
        else:
            self._ended.set_result(None)


def is_whole(received: bytes) -> bool:
    """Whether an answer is there with all of its body, whose length it has to tell."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = received[:end].lower()
    at = head.find(b"\r\ncontent-length:")
    if at < 0:
        raise AnsweredOtherwise(received.decode(errors="replace"))
    length = head[at + len(b"\r\ncontent-length:") :].partition(b"\r\n")[0]
    return len(received) >= end + 4 + int(length)


async def _seen(load: Load) -> Seen:
    loop = asyncio.get_running_loop()
    clients, ended = list[Client](), list[asyncio.Future[None]]()
    for number, (port, _) in enumerate(load.clients):
        ended.append(loop.create_future())
        client = Client(load, number, ended[-1])
        async with asyncio.timeout(CONNECTS_WITHIN_SECONDS):
            await loop.create_connection(lambda client=client: client, "127.0.0.1", port)  # type: ignore[misc]
        clients.append(client)
    begun, busy = time.perf_counter(), time.process_time()
    for client in clients:
        client.begin(begun + load.seconds)
    await asyncio.gather(*ended)
    passed, busy = time.perf_counter() - begun, time.process_time() - busy
    took = [seconds for client in clients for seconds in client.took]
    return Seen(done=len(took), seconds=passed, p50=quantile(took, 0.5), p99=quantile(took, 0.99), busy=busy / passed)


def main() -> None:
    """Do as standard input says."""
    seen = uvloop.run(_seen(msgspec.json.decode(sys.stdin.buffer.read(), type=Load)))
    sys.stdout.buffer.write(msgspec.json.encode(seen))


if __name__ == "__main__":
    main()

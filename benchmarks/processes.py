"""Servers in processes of their own, as they run in production."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from benchmarks.bench import ROOT

READY_WITHIN_SECONDS = 60.0
ENDS_WITHIN_SECONDS = 30.0


class NeverReady(Exception):
    """A server did not begin to answer; the message has what it wrote."""


@contextmanager
def serving(
    module: str, *arguments: object, port: int, ready: str, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A Python module that serves on a port, from the moment at which it answers `ready` until the end of the context.

    Raises NeverReady.
    """
    with tempfile.TemporaryFile() as log:
        command = [sys.executable, "-m", module, *map(str, arguments)]
        process = subprocess.Popen(command, cwd=ROOT, env=dict(environment), stdout=log, stderr=log)
        try:
            if not _answers(process, f"http://127.0.0.1:{port}{ready}"):
                log.seek(0)
                raise NeverReady(f"{' '.join(command)}\n{log.read().decode(errors='replace')}")
            yield process
        finally:
            _end(process)


def answers_within(url: str, seconds: float, *, unless: subprocess.Popen[bytes] | None = None) -> bool:
    """Whether an address answers well within so many seconds, asked again and again while the process runs."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and (unless is None or unless.poll() is None):
        with suppress(URLError, HTTPError, OSError), urlopen(url, timeout=5) as answer:
            if answer.status == 200:
                return True
        time.sleep(0.05)
    return False


def free_ports(count: int) -> Sequence[int]:
    """Ports on which nobody listens, none of those that the system gives to connections going out."""
    ports: list[int] = []
    while len(ports) < count:
        port = random.randrange(10_000, 32_768)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            ports.append(port)
    return ports


def _answers(process: subprocess.Popen[bytes], url: str) -> bool:
    return answers_within(url, READY_WITHIN_SECONDS, unless=process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(ENDS_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

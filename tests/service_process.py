"""A real `p2c serve`, in a process of its own, for tests of what only a process can show."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import httpx

ROOT = Path(__file__).parents[1]
READY_WITHIN_SECONDS = 60.0

P2C = ("-m", "api.cli.main")
"""What Python is given to be the program; another one may do something first."""


def environment(**settings: object) -> dict[str, str]:
    """This process's environment with these settings of the service and no others, but for the rate: tests hurry."""
    settings = {"rate_per_address": "off", "rate_per_token": "off", **settings}
    others = {name: value for name, value in os.environ.items() if not name.upper().startswith("P2C_")}
    return {**others, **{f"P2C_{name.upper()}": str(value) for name, value in settings.items()}}


def p2c(*arguments: str, program: Sequence[str] = P2C, **settings: object) -> subprocess.CompletedProcess[str]:
    """A command that is run to its end."""
    return subprocess.run(
        [sys.executable, *program, *arguments],
        cwd=ROOT,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def free_port() -> int:
    """A port that nobody listens on.

    Not one of those the system gives to connections going out: such a one could take the place of a server that is
    away for a moment, or even connect to itself.
    """
    while True:
        port = random.randrange(10_000, 32_768)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class ServiceProcess:
    """A service that was started, and where it is found; as a context it is killed in the end, if it still runs."""

    def __init__(self, port: int, *arguments: str, program: Sequence[str] = P2C, **settings: object) -> None:
        self.address = f"http://127.0.0.1:{port}"
        # A file, since nobody reads a pipe while the service runs, and one that is full would stop it.
        log, name = tempfile.mkstemp(prefix="p2c-tests-", suffix=".log")
        self._log = Path(name)
        with os.fdopen(log, "a") as errors:
            self.process = subprocess.Popen(
                [sys.executable, *program, "serve", "--port", str(port), *arguments],
                cwd=ROOT,
                env=environment(**settings),
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.kill()

    @property
    def errors(self) -> str:
        """What it has written to standard error so far."""
        return self._log.read_text() if self._log.exists() else ""

    def wait_until_ready(self, within: float = READY_WITHIN_SECONDS) -> Mapping[str, object]:
        """What `/readyz` answers as soon as it is well."""
        return self._wait_until_well("/readyz", within)

    def wait_until_alive(self) -> Mapping[str, object]:
        """What `/livez` answers as soon as the service listens, ready or not."""
        return self._wait_until_well("/livez", READY_WITHIN_SECONDS)

    def _wait_until_well(self, address: str, within: float) -> Mapping[str, object]:
        deadline = time.monotonic() + within
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                answer = httpx.get(f"{self.address}{address}", timeout=5)
            except httpx.TransportError:
                pass
            else:
                if answer.status_code == 200:
                    return dict(answer.json())
            time.sleep(0.05)
        errors = self.errors
        self.kill()
        raise AssertionError(f"{address} was never well\n{errors}")

    def terminate(self) -> tuple[int, str, str]:
        """Exit code, standard output and standard error after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> tuple[int, str, str]:
        """The same, when it ends by itself."""
        output, _ = self.process.communicate(timeout=60)
        errors = self.errors
        self._log.unlink(missing_ok=True)
        return self.process.returncode, output, errors

    def kill(self) -> None:
        self.process.kill()
        self.wait()


@contextmanager
def data_folder() -> Iterator[Path]:
    """A folder that the server's user can reach even when tests run as root, which pytest's own is not."""
    folder = Path(tempfile.mkdtemp(prefix="p2c-tests-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)

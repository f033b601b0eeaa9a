"""Appends through emmett (TypeScript), in a process of node that reads one line for each round.

What it needs is installed into build/ from the lock beside this file, on first use.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlencode

from psycopg.conninfo import conninfo_to_dict

from benchmarks.bench import BUILD

HERE = Path(__file__).parent
INSTALLED = BUILD / "emmett"
FILES = ("package.json", "package-lock.json", "append.mjs")


class Emmett:
    """A process of node with an event store on a database."""

    def __init__(self, told: IO[str], answers: IO[str]) -> None:
        self._told = told
        self._answers = answers
        self._answer()  # says that it is ready

    def append(self, writers: int, seconds: float) -> tuple[list[float], float]:
        """Let so many writers append for so long: how many seconds each append took, and how long it was in all."""
        self._told.write(f"{writers} {seconds}\n")
        self._told.flush()
        answer = self._answer()
        return [milliseconds / 1000 for milliseconds in answer["milliseconds"]], answer["seconds"]

    def _answer(self) -> dict[str, Any]:
        line = self._answers.readline()
        if not line:
            raise LookupError("node ended without an answer")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def emmett(conninfo: str, connections: int) -> Iterator[Emmett]:
    """Emmett on this database, with so many connections. Raises what `install` raises."""
    folder = install()
    command = [_program("node"), "append.mjs", _url(conninfo), str(connections)]
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin, "it was asked for"
        assert process.stdout, "it was asked for"
        try:
            yield Emmett(process.stdin, process.stdout)
            process.stdin.close()
            process.wait(30)
        finally:
            process.kill()


def absent() -> str | None:
    """Why emmett cannot be measured on this machine; None where it can."""
    missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    return f"{' and '.join(missing)} not found" if missing else None


def wanted() -> str:
    """The version that is measured."""
    dependencies: dict[str, str] = json.loads((HERE / "package.json").read_text())["dependencies"]
    return dependencies["@event-driven-io/emmett-postgresql"]


def install() -> Path:
    """The folder with everything it needs. Raises subprocess.CalledProcessError where that cannot be had."""
    fresh = not all(_same(HERE / name, INSTALLED / name) for name in FILES)
    if fresh or not (INSTALLED / "node_modules").exists():
        INSTALLED.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            shutil.copyfile(HERE / name, INSTALLED / name)
        subprocess.run(
            [_program("npm"), "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"],
            cwd=INSTALLED,
            check=True,
        )
    return INSTALLED


def _same(one: Path, other: Path) -> bool:
    return other.exists() and one.read_bytes() == other.read_bytes()


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise LookupError(f"{name} not found")
    return found


def _url(conninfo: str) -> str:
    """The connection string as a URL, the only form that node's driver takes; its host is the folder of a socket."""
    parts = conninfo_to_dict(conninfo)
    database, user = quote(str(parts["dbname"])), quote(str(parts["user"]))
    return f"postgresql://{user}@/{database}?{urlencode({'host': parts['host'], 'port': parts['port']})}"

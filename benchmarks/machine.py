"""What the figures belong to: the machine, and the versions of everything that was measured."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil
import psycopg

from benchmarks.peers import emmett

LIBRARIES = (
    "eventsourcing",
    "psycopg",
    "fastapi",
    "uvicorn",
    "pydantic",
    "msgspec",
    "django",
    "django-simple-history",
)
SYNCED_BYTES = 8_192
"""As much as PostgreSQL writes at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The machine as far as it matters for speed, by what it says of itself; `fsyncs` are so many a second."""

    processor: str
    cores: int
    gibibytes: float
    system: str
    fsyncs: float
    versions: Sequence[tuple[str, str]]

    @classmethod
    def this(cls, conninfo: str, folder: Path) -> Machine:
        """The one this runs on, with the disk that has the folder."""
        return cls(
            processor=_processor(),
            cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
            gibibytes=psutil.virtual_memory().total / 2**30,
            system=f"{platform.system()} {platform.machine()}",
            fsyncs=fsyncs(folder),
            versions=_versions(conninfo),
        )


def fsyncs(folder: Path, seconds: float = 2.0) -> float:
    """How often a second one writer can have a page written and synced, one after the other."""
    path, done = folder / "synced", 0
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.pwrite(file, bytes(SYNCED_BYTES), 0)
        begun = time.perf_counter()
        while (passed := time.perf_counter() - begun) < seconds:
            os.pwrite(file, bytes(SYNCED_BYTES), 0)
            os.fsync(file)
            done += 1
    finally:
        os.close(file)
        path.unlink()
    return done / passed


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.processor() or "unknown processor"


def _versions(conninfo: str) -> Sequence[tuple[str, str]]:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute("SELECT current_setting('server_version'), current_setting('fsync')").fetchone()
    if row is None or row[1] != "on":
        raise LookupError("the server does not write durably, so that its figures would say nothing")
    return [
        ("Python", platform.python_version()),
        ("PostgreSQL", f"{row[0]}, fsync on"),
        *((name, version(name)) for name in LIBRARIES),
        *_node(),
    ]


def _node() -> Sequence[tuple[str, str]]:
    node = shutil.which("node")
    if node is None:
        return ()
    told = subprocess.run([node, "--version"], check=True, capture_output=True, text=True).stdout
    return (("node", told.strip().removeprefix("v")), ("emmett-postgresql", emmett.wanted()))

"""The folder of a test run, in memory where there is room for it.

A run makes and drops hundreds of databases, of three hundred files each. On a disk that is half of what the run costs:
ext4 gives no inode again for some seconds after its file was removed, and looks past thousands of those for each file
that is made. Nothing that is tested there depends on the disk; what does has servers of its own, in `data_folder()`.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil

from tests.postgres_server import kill_with_children

MEMORY = Path("/dev/shm")
ROOM_BYTES = 4 * 1024**3
"""A gigabyte of PostgreSQL's log of changes, and the databases of all workers, with room to spare."""

_PREFIX = "p2c-tests-of-"


def run_folder() -> Path:
    """A new folder, which is removed with `shutil.rmtree`; those of runs that were killed are removed now."""
    has_room = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM_BYTES
    parent = MEMORY if has_room else Path(tempfile.gettempdir())
    for left in parent.glob(f"{_PREFIX}*"):
        if not psutil.pid_exists(_owner(left)):
            with suppress(OSError, psutil.Error):
                _remove(left)
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=parent))


def _owner(folder: Path) -> int:
    return int(folder.name.removeprefix(_PREFIX).partition("-")[0])


def _remove(folder: Path) -> None:
    """Remove a folder, and end the server that still runs in it."""
    data = folder / "postgres"
    with suppress(FileNotFoundError, psutil.NoSuchProcess):
        server = psutil.Process(int((data / "postmaster.pid").read_text().splitlines()[0]))
        if Path(server.cwd()) == data:
            kill_with_children(server)
    shutil.rmtree(folder)

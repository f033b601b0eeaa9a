"""Ids that have to be unique, and need not be secret: of commands, and of requests in the log."""

from __future__ import annotations

import random
from uuid import UUID


def unique_id() -> UUID:
    """A random UUID (version 4).

    Seeded by the operating system once a process, also after a fork. Asking it for each id gives up the interpreter
    each time, and having it back costs a process with busy threads more than all else that a command does.
    """
    return UUID(int=random.getrandbits(128), version=4)

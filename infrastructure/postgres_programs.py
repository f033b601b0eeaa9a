"""The programs of the private PostgreSQL's version, such as `pg_dump`, run against the ledger's database."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence

from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

from infrastructure.embedded_postgres import PROGRAMS

KILLED = 128
"""What shells add to the number of the signal that ended a program."""


class UnknownProgram(Exception):
    """PostgreSQL has no such program; the message lists those that it has."""


def names() -> Sequence[str]:
    """What there is to run."""
    return sorted(path.name for path in PROGRAMS.iterdir())


def run(program: str, arguments: Sequence[str], conninfo: str) -> int:
    """Run a program to its end, with this process's input and outputs; its exit code. Raises UnknownProgram."""
    if program not in names():
        raise UnknownProgram(f"PostgreSQL has no program {program}. There are {', '.join(names())}.")
    done = subprocess.run([PROGRAMS / program, *arguments], env=environment(conninfo), check=False)  # noqa: S603
    return done.returncode if done.returncode >= 0 else KILLED - done.returncode


def environment(conninfo: str) -> Mapping[str, str]:
    """This process's environment, with libpq's variables for this database and no others.

    Passwords go this way, since everybody on the machine can read a program's arguments. What has no variable, such as
    the intervals of keepalives, is left at its default.
    """
    others = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    given = conninfo_to_dict(conninfo)
    variables = {
        option.envvar.decode(): str(given[option.keyword.decode()])
        for option in pq.Conninfo.get_defaults()
        if option.envvar and option.keyword.decode() in given
    }
    return {**others, **variables}

"""The order in which several workers run the tests, so that processors do not idle while all wait for one test.

Each worker of pytest-xdist begins with its part of the list, parts of equal length, and in the end takes over what
others have not got to. Tests that mostly wait, for servers that they start, stop and kill, are what every second worker
begins with: meanwhile the others have the processors, and nobody is left to wait for them in the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

WAITING = ("tests/faults/", "tests/api/cli/test_serve.py", "tests/infrastructure/test_embedded_postgres.py")
"""Where they are."""

LONGEST = (
    "test_database_away.py",
    "test_backup.py",
    "test_serve.py",
    "test_two_processes.py",
    "test_killed_service.py",
)
"""Files whose tests take longest, those that take a minute before those that take half of one."""


class Test(Protocol):
    """What has to be known of a test."""

    @property
    def nodeid(self) -> str:
        """Its file, and its name there."""
        ...


T = TypeVar("T", bound=Test)


def in_running_order(tests: Sequence[T], workers: int) -> list[T]:
    """The same tests, for so many workers; those of one file stay beside each other, since they may share fixtures."""
    if workers < 2:
        return list(tests)
    waiting: dict[str, list[T]] = {}
    for test in tests:
        if test.nodeid.startswith(WAITING):
            waiting.setdefault(_file(test), []).append(test)
    hands = _dealt(sorted(waiting.items(), key=_rank), (workers + 1) // 2)
    others = iter([test for test in tests if _file(test) not in waiting])
    ordered: list[T] = []
    for worker in range(workers):
        hand = [] if worker % 2 else hands[worker // 2]
        part = (len(tests) - len(ordered)) // (workers - worker)  # as pytest-xdist reckons
        ordered += [*hand, *(test for _, test in zip(range(part - len(hand)), others, strict=False))]
    return ordered


def _dealt(files: Sequence[tuple[str, list[T]]], hands: int) -> list[list[T]]:
    """Whole files, one after the other to each hand."""
    return [[test for _, found in files[n::hands] for test in found] for n in range(hands)]


def _rank(file: tuple[str, Any]) -> tuple[int, str]:
    name = file[0].rpartition("/")[2]
    return (LONGEST.index(name) if name in LONGEST else len(LONGEST)), name


def _file(test: Test) -> str:
    return test.nodeid.partition("::")[0]

"""The order of tests is one of all of them, and each worker's part is of whole files that wait, or of none."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.running_order import WAITING, in_running_order


@dataclass(frozen=True)
class Named:
    nodeid: str


files = st.sampled_from(["tests/a.py", "tests/b.py", "tests/faults/test_backup.py", "tests/faults/x.py", WAITING[1]])
suites = st.lists(st.tuples(files, st.integers(1, 30)), max_size=8, unique_by=lambda file: file[0]).map(
    lambda found: [Named(f"{file}::{n}") for file, tests in found for n in range(tests)]
)


@given(suites, st.integers(1, 5))
def test_every_test_is_run_once_and_those_of_a_file_in_their_order(suite: list[Named], workers: int) -> None:
    ordered = in_running_order(suite, workers)

    assert sorted(ordered, key=suite.index) == suite
    for file in {test.nodeid.partition("::")[0] for test in suite}:
        assert [t for t in ordered if t.nodeid.startswith(file)] == [t for t in suite if t.nodeid.startswith(file)]


@pytest.mark.parametrize(("workers", "begin"), [(2, [0]), (4, [0, 50])])
def test_every_second_worker_begins_with_what_waits(workers: int, begin: list[int]) -> None:
    waiting = [
        Named(f"tests/faults/{name}.py::t") for name in ("test_a", "test_backup", "test_b", "test_database_away")
    ]
    suite = [*(Named(f"tests/quick.py::{n}") for n in range(96)), *waiting]
    ordered = [test.nodeid.rpartition("/")[2] for test in in_running_order(suite, workers)]

    longest = ["test_database_away.py::t", "test_backup.py::t"]
    assert [ordered[first] for first in begin] == longest[: len(begin)]
    assert [n for n, name in enumerate(ordered) if name not in {t.nodeid.rpartition("/")[2] for t in suite[:96]}] == [
        n for first in begin for n in range(first, first + 4 // len(begin))
    ]


def test_one_worker_alone_goes_by_the_order_of_the_files() -> None:
    suite = [Named("tests/quick.py::t"), Named("tests/faults/test_backup.py::t")]

    assert in_running_order(suite, 1) == suite

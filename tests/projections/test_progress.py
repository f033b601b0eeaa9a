"""Waiting for read models: bounded, and cheap however many wait."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import psycopg

from projections.progress import ASK_AGAIN_SECONDS, Progress


def test_one_asks_the_database_for_all_who_wait():
    asked: list[float] = []
    here, asked_again = threading.Event(), threading.Event()

    def ask(seconds: float) -> dict[str, int]:
        asked.append(time.monotonic())
        if len(asked) > 2:
            asked_again.set()
        return {"timeline": 7 if here.is_set() else 6}

    progress = Progress(ask)
    with ThreadPoolExecutor(50) as threads:
        answers = [threads.submit(progress.wait_until, 7, 10, ["timeline"]) for _ in range(50)]
        assert asked_again.wait(10), "while it is not there, it is asked about again"
        here.set()
        assert all(answer.result() for answer in answers)
    assert all(later - earlier >= ASK_AGAIN_SECONDS for earlier, later in pairwise(asked)), "by one, however many wait"


def test_what_the_runner_here_tells_wakes_everybody_without_asking():
    asked: list[float] = []

    def ask(seconds: float) -> dict[str, int]:
        asked.append(seconds)
        return {}

    progress = Progress(ask)
    progress.runner_came()
    with ThreadPoolExecutor(20) as threads:
        answers = [threads.submit(progress.wait_until, 7, 10, ["timeline", "organisations"]) for _ in range(20)]
        time.sleep(0.2)
        progress.tell({"timeline": 7})
        time.sleep(0.1)
        assert not any(answer.done() for answer in answers), "all that is asked for, or nothing"
        progress.tell({"organisations": 9})
        before = time.monotonic()
        assert all(answer.result() for answer in answers)
        assert time.monotonic() - before < 5
    assert len(asked) <= 2


def test_a_database_that_is_away_is_waited_for_but_not_for_ever():
    def ask(seconds: float) -> dict[str, int]:
        raise psycopg.OperationalError

    before = time.monotonic()
    assert not Progress(ask).wait_until(1, 0.3, ["timeline"])
    assert 0.25 < time.monotonic() - before < 10


def test_what_is_told_is_not_taken_back_by_an_older_answer():
    progress = Progress(lambda seconds: {"timeline": 5})
    progress.tell({"timeline": 9})
    progress.tell({"timeline": 5})
    assert progress.wait_until(9, 0, ["timeline"])

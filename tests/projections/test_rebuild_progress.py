"""A long rebuild in the background tells the log how far it is; a short one says nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from projections.rebuild_progress import ProgressLog


def told(caplog: pytest.LogCaptureFixture, seconds: Iterator[float], *reports: tuple[int, int]) -> list[str]:
    log = ProgressLog("timeline", lambda: next(seconds))
    with caplog.at_level(logging.INFO):
        for done, total in reports:
            log(done, total)
    return caplog.messages


def test_it_is_said_every_ten_seconds_with_the_time_that_is_left(caplog: pytest.LogCaptureFixture):
    at = iter([0.0, 5.0, 20.0, 25.0, 30.0])
    reports = [(10_000, 100_000), (40_000, 100_000), (50_000, 100_000), (75_000, 100_000)]
    assert told(caplog, at, *reports) == [
        "rebuilding timeline: 40000 of 100000 entries, about 30 seconds left",
        "rebuilding timeline: 75000 of 100000 entries, about 10 seconds left",
    ]


def test_a_short_one_says_nothing(caplog: pytest.LogCaptureFixture):
    assert told(caplog, iter([0.0, 1.0, 9.0]), (10_000, 20_000), (20_000, 20_000)) == []


def test_nothing_can_be_said_before_anything_is_done(caplog: pytest.LogCaptureFixture):
    assert told(caplog, iter([0.0, 11.0]), (0, 20_000)) == []

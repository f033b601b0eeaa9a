"""Waiting for an append in a thread: each thread is told what became of its own append, and none is forgotten."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import UUID, uuid4

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError

from audit.envelope import Unstamped
from infrastructure.answer import Answer
from infrastructure.append_writer import AppendWriter
from infrastructure.appends import Append, Appended, Obstacle, Stored

SOON = 10.0


class Unobserved:
    """Nobody wants to know."""

    def appended(self, entries: int, seconds: float) -> None: ...

    def committed(self, appends: int) -> None: ...

    def conflicted(self) -> None: ...

    def gave_up(self) -> None: ...


def one(event_id: UUID | None = None) -> Append:
    """An append of one fact."""
    return Append(facts=[Unstamped(uuid4(), 1, "pledge.validated.v1", event_id or uuid4(), b"")])


def stored(append: Append) -> Sequence[Stored]:
    return [Stored(1, fact.type, datetime(2026, 1, 1, tzinfo=UTC), fact.event_id) for fact in append.facts]


def test_who_comes_late_is_told_the_same() -> None:
    early: Answer[int] = Answer()
    with ThreadPoolExecutor(1) as background:
        waiting = background.submit(early.result)
        assert not early.done()
        early.set_result(1)
        assert waiting.result(SOON) == 1
    late: Answer[int] = Answer()
    late.set_result(2)
    assert late.done()
    assert late.result() == 2


def test_a_failure_is_raised_where_somebody_waits() -> None:
    answer: Answer[int] = Answer()
    answer.set_exception(ZeroDivisionError())
    assert answer.done()
    with pytest.raises(ZeroDivisionError):
        answer.result()


def test_each_of_many_who_wait_is_told_of_its_own_append() -> None:
    """Some are made, some are overtaken, and each third group fails as a whole, so that its appends are tried alone."""
    overtaken = {uuid4() for _ in range(100)}
    groups: list[int] = []

    def append_together(appends: Sequence[Append], _: float) -> Sequence[Appended]:
        groups.append(len(appends))
        if len(appends) > 1 and len(groups) % 3 == 0:
            raise psycopg.DataError
        return [Obstacle.OVERTAKEN if append.facts[0].event_id in overtaken else stored(append) for append in appends]

    writer = AppendWriter(append_together, stored, lambda: None, Unobserved())

    def waits_for(append: Append) -> bool:
        try:
            told = writer.append(append, SOON)
        except IntegrityError:
            return append.facts[0].event_id in overtaken
        return [entry.event_id for entry in told] == [fact.event_id for fact in append.facts]

    appends = [one(event_id) for made in overtaken for event_id in (made, None)]
    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(waits_for, appends))
    writer.stop()
    assert max(groups) > 1


def test_who_waits_and_who_holds_a_future_are_told_together() -> None:
    come, groups = threading.Event(), list[int]()

    def append_together(appends: Sequence[Append], _: float) -> Sequence[Appended]:
        assert come.wait(SOON)
        groups.append(len(appends))
        return [stored(append) for append in appends]

    writer = AppendWriter(append_together, stored, lambda: None, Unobserved())
    first, held, waited = one(), one(), one()
    with ThreadPoolExecutor(1) as threads:
        of_first = writer.submit(first, SOON)
        _until(lambda: writer.waiting == 0)
        of_held = writer.submit(held, SOON)
        of_waited = threads.submit(writer.append, waited, SOON)
        _until(lambda: writer.waiting == 2)
        come.set()
        told = [future.result(SOON) for future in (of_first, of_held, of_waited)]
    writer.stop()
    assert told == [stored(append) for append in (first, held, waited)]
    assert groups == [1, 2]


def _until(is_so: Callable[[], bool]) -> None:
    while not is_so():
        threading.Event().wait(0.001)


def test_a_fault_is_told_to_all_who_wait() -> None:
    def append_together(*_: object) -> Sequence[Appended]:
        raise ZeroDivisionError

    writer = AppendWriter(append_together, stored, lambda: None, Unobserved())
    with pytest.raises(ZeroDivisionError):
        writer.append(one(), SOON)
    with pytest.raises(ZeroDivisionError):
        writer.append(one(), SOON)
    writer.stop()

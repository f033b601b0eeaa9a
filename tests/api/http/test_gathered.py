"""Questions that come while others are being asked are asked together, and each is answered for itself."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence

import pytest

import api.http.gathered
from api.http.failures import Failure
from api.http.gathered import Gathered, in_a_thread

SOON = 5.0


class Database:
    """Doubles what it is asked about, once it is let; keeps what was asked together."""

    def __init__(self) -> None:
        self.asked: list[Sequence[int]] = []
        self.is_asked = threading.Event()
        self.may_answer = threading.Semaphore(0)

    def ask(self, numbers: Sequence[int]) -> Mapping[int, int]:
        self.asked.append(numbers)
        self.is_asked.set()
        assert self.may_answer.acquire(timeout=SOON)
        if 13 in numbers:
            raise LookupError("thirteen")
        return {number: 2 * number for number in numbers}


async def under_way(database: Database) -> None:
    assert await asyncio.to_thread(database.is_asked.wait, SOON)


async def asking(about: int) -> tuple[Database, Gathered[int, int], asyncio.Task[int]]:
    """A database that is being asked about something, and whoever asks."""
    database = Database()
    gathered = Gathered(in_a_thread(database.ask))
    first = asyncio.create_task(gathered.get(about))
    await under_way(database)
    return database, gathered, first


def test_what_comes_while_one_is_asked_is_asked_together_afterwards():
    async def scenario() -> None:
        database, gathered, first = await asking(1)
        others = [asyncio.create_task(gathered.get(number)) for number in (2, 3, 2)]
        await asyncio.sleep(0.01)
        assert database.asked == [[1]]

        database.may_answer.release(2)

        assert await first == 2
        assert [await other for other in others] == [4, 6, 4]
        assert database.asked == [[1], [2, 3]]

    asyncio.run(scenario())


def test_who_asks_what_is_being_asked_is_told_what_was_so_later():
    async def scenario() -> None:
        database, gathered, first = await asking(1)
        again = asyncio.create_task(gathered.get(1))
        database.may_answer.release(2)
        assert (await first, await again) == (2, 2)
        assert database.asked == [[1], [1]]

    asyncio.run(scenario())


def test_a_failure_is_told_to_those_who_were_asked_about_together_and_to_nobody_else():
    async def scenario() -> None:
        database, gathered, first = await asking(1)
        together = [asyncio.create_task(gathered.get(number)) for number in (13, 2)]
        await asyncio.sleep(0.01)
        database.may_answer.release(3)

        assert await first == 2
        for each in together:
            with pytest.raises(LookupError, match="thirteen"):
                await each
        assert await gathered.get(2) == 4

    asyncio.run(scenario())


def test_what_is_asked_without_waiting_is_asked_all_the_same_and_its_failure_disturbs_nobody():
    async def scenario() -> None:
        database = Database()
        gathered = Gathered(in_a_thread(database.ask))
        failing = gathered.ask(13)
        await under_way(database)
        database.may_answer.release(2)
        assert await gathered.get(2) == 4
        assert isinstance(failing.exception(), LookupError)
        assert database.asked == [[13], [2]]

    asyncio.run(scenario())


def test_a_client_that_leaves_takes_nobodys_answer_along():
    async def scenario() -> None:
        database = Database()
        gathered = Gathered(in_a_thread(database.ask))
        leaving, staying = (asyncio.create_task(gathered.get(1)) for _ in range(2))
        await under_way(database)
        leaving.cancel()
        database.may_answer.release()
        assert await staying == 2

    asyncio.run(scenario())


def test_who_waits_too_long_to_be_asked_about_is_told_to_come_again(monkeypatch):
    monkeypatch.setattr(api.http.gathered, "WAIT_SECONDS", 0.05)

    async def scenario() -> None:
        database, gathered, first = await asking(1)
        with pytest.raises(Failure) as refused:
            await gathered.get(2)
        assert (refused.value.status, refused.value.turned_away) == (503, "overload")
        database.may_answer.release()
        assert await first == 2  # which was on its way already

    asyncio.run(scenario())

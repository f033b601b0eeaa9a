"""Questions of one kind that are asked of the database together: while one group is asked about, the next one gathers.

A question that comes alone is asked at once, and those of many clients cost little more than one. Each is answered by
a statement that began after the question came, so that nobody is told less than was so when they asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

from anyio import CapacityLimiter, to_thread

from api.http.turns import WAIT_SECONDS, no_turn

About = TypeVar("About")
Found = TypeVar("Found")

_Answers = dict[About, "asyncio.Future[Found]"]


Ask = Callable[[Sequence[About]], Awaitable[Mapping[About, Found]]]
"""Asks about several at once, on the event loop; what is found about each."""


def in_a_thread(ask: Callable[[Sequence[About]], Mapping[About, Found]]) -> Ask[About, Found]:
    """Let a question that would stop the event loop be asked in a thread of its own."""
    thread = CapacityLimiter(1)

    async def ask_there(about: Sequence[About]) -> Mapping[About, Found]:
        return await to_thread.run_sync(ask, about, limiter=thread)

    return ask_there


class Gathered(Generic[About, Found]):
    """Asks about one group at a time; used by the handlers of one event loop."""

    def __init__(self, ask: Ask[About, Found]) -> None:
        self._ask = ask
        self._next: _Answers[About, Found] = {}
        self._asking: asyncio.Task[None] | None = None
        self._patience: asyncio.TimerHandle | None = None

    async def get(self, about: About) -> Found:
        """What is found about it. Raises what asking raises, and Failure where it cannot be asked about in time."""
        return await asyncio.shield(self.ask(about))  # a client that leaves leaves the others their answer

    def ask(self, about: About) -> asyncio.Future[Found]:
        """Let it be asked about, whether anybody waits for the answer or not."""
        answer = self._next.get(about)
        if answer is None:
            answer = self._next[about] = asyncio.get_running_loop().create_future()
            answer.add_done_callback(_heard)
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_for_all())
        elif self._patience is None:
            self._patience = asyncio.get_running_loop().call_later(WAIT_SECONDS, self._turn_away)
        return answer

    async def _ask_for_all(self) -> None:
        try:
            while self._next:
                await self._ask_together(self._gathered())
        finally:
            self._asking = None

    async def _ask_together(self, answers: _Answers[About, Found]) -> None:
        try:
            found = await self._ask(list(answers))
        except Exception as failed:  # noqa: BLE001 - whatever it is, those who asked are to be told
            for answer in answers.values():
                answer.set_exception(failed)
        else:
            for about, answer in answers.items():
                answer.set_result(found[about])

    def _gathered(self) -> _Answers[About, Found]:
        if self._patience:
            self._patience.cancel()
        gathered, self._next, self._patience = self._next, {}, None
        return gathered

    def _turn_away(self) -> None:
        for answer in self._gathered().values():
            answer.set_exception(no_turn())


def _heard(answer: asyncio.Future[Found]) -> None:
    """Nobody need be told of a failure where all who asked have left."""
    if not answer.cancelled():
        answer.exception()

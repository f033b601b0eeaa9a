"""Turns: whose handler works now. Whoever waits too long for one is told to come again, and waits no longer.

There are as many turns as threads for handlers, so that a handler with a turn finds a thread and a connection of the
pool without waiting, but for the parts of long answers that are being written. A request has its turn while its handler
works: not while its body is on its way, while it waits for the read models, nor while its answer is sent, which all may
take as long as the other side likes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from anyio import CapacityLimiter, WouldBlock, current_time, move_on_after
from fastapi import Request, Response

from api.http import problems
from api.http.failures import RETRY_AFTER, Failure
from api.http.prepared_route import Handler, PreparedRoute

WAIT_SECONDS = 2.0
"""How long a request waits for its turn; for all of its turns together, where it takes several."""

READING = frozenset({"GET", "HEAD"})


class Turns:
    """The turns of a service.

    Reads can have three quarters of them, and so can commands: where one kind stands still, the other goes on.
    """

    def __init__(self, handlers: int) -> None:
        most_of_a_kind = max(1, handlers * 3 // 4)
        self._all = CapacityLimiter(handlers)
        self._reads = CapacityLimiter(most_of_a_kind)
        self._commands = CapacityLimiter(most_of_a_kind)

    def for_method(self, method: str) -> Turn:
        """The turn of a request, which it has yet to take."""
        return Turn(self._reads if method in READING else self._commands, self._all)


class Turn:
    """The turn of one request."""

    def __init__(self, *limiters: CapacityLimiter) -> None:
        self._limiters = limiters
        self._taken: list[CapacityLimiter] = []
        self._patience = WAIT_SECONDS  # for all the turns that it takes, one after the other

    async def take(self) -> None:
        """Wait for the turn. Raises Failure where it does not come in time."""
        try:
            if not self._took_at_once():
                await self._wait()
        except BaseException:
            self.give_back()
            raise

    def give_back(self) -> None:
        """Let another request have it; harmless where this one has none."""
        while self._taken:
            self._taken.pop().release_on_behalf_of(self)

    @asynccontextmanager
    async def given_back(self) -> AsyncIterator[None]:
        """Let another have it for as long as this request only waits. Raises Failure where it is not had again."""
        if not self._taken:
            yield
            return
        self.give_back()
        yield
        await self.take()

    @asynccontextmanager
    async def had(self) -> AsyncIterator[None]:
        """Have it for as long as this takes, and longer where the request has it already. Raises Failure."""
        if self._taken:
            yield
            return
        await self.take()
        try:
            yield
        finally:
            self.give_back()

    def _took_at_once(self) -> bool:
        try:
            for limiter in self._limiters:
                limiter.acquire_on_behalf_of_nowait(self)
                self._taken.append(limiter)
        except WouldBlock:
            return False
        return True

    async def _wait(self) -> None:
        begun = current_time()
        with move_on_after(self._patience):
            for limiter in self._limiters[len(self._taken) :]:
                await limiter.acquire_on_behalf_of(self)
                self._taken.append(limiter)
        self._patience = max(0.0, self._patience - (current_time() - begun))
        if len(self._taken) < len(self._limiters):
            raise no_turn()


def turn_of(request: Request) -> Turn:
    """The turn of a request, whether it has been taken or not."""
    if (turn := getattr(request.state, "turn", None)) is None:
        turns: Turns = request.app.state.turns
        turn = request.state.turn = turns.for_method(request.method)
    return cast("Turn", turn)


def no_turn() -> Failure:
    """What is answered to whom waited in vain."""
    return Failure(
        problems.OVERLOADED,
        f"No turn came within {WAIT_SECONDS:g} seconds.",
        headers=RETRY_AFTER,
        turned_away="overload",
    )


def records_alone(request: Request) -> bool:
    """Whether the request does nothing but record facts."""
    return request.method not in READING and isinstance(request.scope.get("route"), PromptRoute)


class PromptRoute(PreparedRoute):
    """A route whose handler only records facts, or asks together with others; it takes a turn itself for all else."""


class TurnRoute(PreparedRoute):
    """A route whose handler waits for its turn."""

    def get_route_handler(self) -> Handler:
        """The handler, in its turn."""
        handle = super().get_route_handler()

        async def handle_in_turn(request: Request) -> Response:
            async with turn_of(request).had():
                return await handle(request)

        return handle_in_turn

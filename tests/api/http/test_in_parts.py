"""Answers in parts let go of what they hold, whoever reads how much of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress

import pytest
from starlette.types import Message

from api.http.in_parts import InParts


class Parts(Iterator[bytes]):
    """Three parts, and whether they were closed."""

    def __init__(self) -> None:
        self.left = [b"three", b"two", b"one"]
        self.closed = False

    def __next__(self) -> bytes:
        if not self.left:
            raise StopIteration
        return self.left.pop()

    def close(self) -> None:
        self.closed = True


class ClientGone(Exception):
    """Nobody reads any more."""


@pytest.mark.parametrize("messages", [0, 1, 2, 10])
def test_parts_are_closed_whenever_the_client_leaves(messages: int) -> None:
    parts = Parts()
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        if len(sent) == messages:
            raise ClientGone
        sent.append(message)

    async def answer() -> None:
        with suppress(ClientGone, ExceptionGroup):
            await InParts(parts, media_type="text/plain", headers={})({"type": "http"}, receive, send)

    asyncio.run(answer())

    assert parts.closed
    assert [message.get("body") for message in sent[1:4]] == [b"one", b"two", b"three"][: max(messages - 1, 0)]

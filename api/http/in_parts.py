"""Answers in parts that hold something until they are sent, or until nobody wants them any more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


class Closable(Iterator[bytes], Protocol):
    """Bytes in parts that are to be closed."""

    def close(self) -> None:
        """Let go of what is held for them."""


class InParts(StreamingResponse):
    """An answer that closes its parts, also where the client leaves before the last of them."""

    def __init__(self, parts: Closable, *, media_type: str, headers: Mapping[str, str]) -> None:
        super().__init__(parts, media_type=media_type, headers=headers)
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._parts.close()

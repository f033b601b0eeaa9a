"""Delivering: one thread of the leading process makes messages of what happens, and sends them.

What is to be sent stands in the database until what came of it does: a process that is killed loses nothing, and what
it had sent without recording that is sent again, under the same id.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from infrastructure.metrics.webhooks import WebhookMetrics
from infrastructure.webhooks.dispatch import Dispatch
from infrastructure.webhooks.outbox import Outbox
from infrastructure.webhooks.queue import Queue
from infrastructure.webhooks.sending import Sender


class Deliverer:
    """Delivers in a thread of its own for as long as this process leads, or once, where it is asked to."""

    def __init__(self, outbox: Outbox, queue: Queue, sender: Sender, metrics: WebhookMetrics) -> None:
        self._parts = (outbox, queue, sender, metrics)
        self._running: tuple[asyncio.AbstractEventLoop, Dispatch, threading.Thread] | None = None

    def start(self, is_ours: Callable[[], bool], reached: Callable[[], int]) -> None:
        """Deliver from now on, whenever that is this process's task, until `stop`; `reached` is as `Dispatch` says."""
        if self._running:
            return
        loop, dispatch = asyncio.new_event_loop(), Dispatch(*self._parts, is_ours, reached)
        thread = threading.Thread(target=_run, args=(loop, dispatch.run), name="webhooks", daemon=True)
        self._running = loop, dispatch, thread
        thread.start()

    def stop(self) -> None:
        """End the thread; harmless where there is none."""
        if self._running is None:
            return
        loop, dispatch, thread = self._running
        loop.call_soon_threadsafe(dispatch.stop)
        thread.join()
        loop.close()
        self._running = None

    def deliver_due(self) -> None:
        """Make messages of everything that happened, and send what is to be sent now, here."""
        loop = asyncio.new_event_loop()
        try:
            _run(loop, Dispatch(*self._parts, lambda: True, lambda: 0).once)
        finally:
            loop.close()


def _run(loop: asyncio.AbstractEventLoop, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(work())
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        asyncio.set_event_loop(None)

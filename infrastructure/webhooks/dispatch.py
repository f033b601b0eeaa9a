"""Who is sent what, when: one event loop that makes messages of what happens and sends those that are due.

Each endpoint has a task of its own that sends one message after the other, so that a slow one keeps nobody else
waiting, and the first attempts come in the ledger's order.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import UUID

import psycopg

from infrastructure.metrics.webhooks import WebhookMetrics
from infrastructure.webhooks.outbox import Outbox
from infrastructure.webhooks.queue import Due, Queue
from infrastructure.webhooks.sending import Attempt, Sender
from infrastructure.webhooks.signatures import signed

LOOK_EVERY_SECONDS = 0.5
"""How often is looked whether the ledger has grown, which costs nothing in a process that keeps the read models up."""

ASK_EVERY_SECONDS = 2.0
"""How often the database is asked whether there is something to send, also where the ledger has not grown."""

AT_ONCE = 32
"""Requests under way at once. With more slow endpoints than these, others wait, at most the time of an attempt."""

FORGET_EVERY_SECONDS = 3_600.0

TELL_EVERY_SECONDS = 60.0

END_WITHIN_SECONDS = 1.0
"""How long requests under way may take when the loop is to end; what they sent is sent again otherwise."""

_log = logging.getLogger(__name__)

_Answer = TypeVar("_Answer")


class Dispatch:
    """What is sent in one event loop, while `is_ours` says that it is this process's task. To be run once.

    `reached` tells, asking nobody, how far the ledger has grown as far as this process knows.

    The database is asked in one thread, so that never more than one connection is used, and none while sending.
    """

    def __init__(
        self,
        outbox: Outbox,
        queue: Queue,
        sender: Sender,
        metrics: WebhookMetrics,
        is_ours: Callable[[], bool],
        reached: Callable[[], int],
    ) -> None:
        self._outbox = outbox
        self._queue = queue
        self._sender = sender
        self._metrics = metrics
        self._is_ours = is_ours
        self._reached = reached
        self._grown_to = 0
        self._ask_at = 0.0
        self._database = ThreadPoolExecutor(1, "webhooks-database")
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._stopping = asyncio.Event()
        self._forget_at = 0.0
        self._told: dict[str, float] = {}

    async def run(self) -> None:
        """Make messages and send them until `stop`; whatever fails is told to the log and tried again."""
        while not self._stopping.is_set():
            if not (self._is_ours() and self._may_have_to() and await self._round()):
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), LOOK_EVERY_SECONDS)
        await self._end()

    def stop(self) -> None:
        """Let `run` end; to be called in its loop."""
        self._stopping.set()

    async def once(self) -> None:
        """Make messages of everything that happened, and send what is due, until nothing is."""
        try:
            while await self._ask(self._outbox.fill):
                pass
            due = await self._ask(self._queue.due)
            await asyncio.gather(*(self._serve(webhook) for webhook in due))
        finally:
            self._database.shutdown()

    def _may_have_to(self) -> bool:
        """Whether it is worth asking the database."""
        now, reached = time.monotonic(), self._reached()
        if now < self._ask_at and reached == self._grown_to:
            return False
        self._ask_at, self._grown_to = now + ASK_EVERY_SECONDS, reached
        return True

    async def _round(self) -> bool:
        """Begin to send what is due, then make messages; whether there was something to make them of."""
        try:
            await self._forget()
            for webhook in await self._ask(self._queue.due):
                if webhook not in self._tasks:
                    self._begin(webhook)
            made = await self._ask(self._outbox.fill)
        except Exception as fault:  # noqa: BLE001 - whatever it is, only `stop` ends this
            self._tell(fault)
            return False
        if made:
            self._ask_at = 0.0  # the messages are to be sent, and there may be more to make
        return made

    async def _forget(self) -> None:
        if time.monotonic() >= self._forget_at:
            await self._ask(self._queue.forget_old)
            self._forget_at = time.monotonic() + FORGET_EVERY_SECONDS

    def _begin(self, webhook: UUID) -> None:
        task = asyncio.create_task(self._serve(webhook))
        self._tasks[webhook] = task
        task.add_done_callback(lambda ended: self._ended(webhook, ended))

    def _ended(self, webhook: UUID, task: asyncio.Task[None]) -> None:
        del self._tasks[webhook]
        if not task.cancelled() and (fault := task.exception()):
            self._tell(fault)

    async def _serve(self, webhook: UUID) -> None:
        """Send one message after the other to a webhook until there is none to be sent now."""
        while self._is_ours() and not self._stopping.is_set():
            async with self._turns:  # before it is signed, since a signature is soon too old
                due = await self._ask(self._queue.next_for, webhook)
                if due is None:
                    return
                headers = signed(due.message, due.now, due.body, due.secrets)
                attempt = await self._sender.send(due.url, headers, due.body)
            await self._record(due, attempt)

    async def _record(self, due: Due, attempt: Attempt) -> None:
        recorded = await self._ask(self._queue.record, due, attempt)
        if recorded is None:
            return
        self._metrics.attempted(recorded.state)
        host = urlsplit(due.url).hostname  # the rest of the address may be a secret of its owner
        if attempt.problem:
            _log.info("webhook %s at %s did not take %s: %s", due.webhook, host, due.message, attempt.problem)
        if recorded.disabled:
            _log.warning("webhook %s at %s is disabled: %s", due.webhook, host, recorded.disabled)

    async def _ask(self, ask: Callable[..., _Answer], *of: object) -> _Answer:
        """What the database answers, asked in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._database, ask, *of)

    def _tell(self, fault: BaseException) -> None:
        """Tell the log what keeps messages from being sent, the same at most once a minute."""
        now = time.monotonic()
        self._told = {text: at for text, at in self._told.items() if now - at < TELL_EVERY_SECONDS}
        if str(fault) not in self._told:
            self._told[str(fault)] = now
            shown = None if isinstance(fault, psycopg.Error) else fault
            _log.warning("webhooks are not delivered; trying until they are: %s", fault, exc_info=shown)

    async def _end(self) -> None:
        if self._tasks:
            await asyncio.wait(list(self._tasks.values()), timeout=END_WITHIN_SECONDS)
        cut_off = list(self._tasks.values())
        for task in cut_off:
            task.cancel()
        await asyncio.gather(*cut_off, return_exceptions=True)
        self._database.shutdown()

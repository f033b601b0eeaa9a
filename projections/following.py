"""Keeping read models up with the ledger, on the one connection that was elected to."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from psycopg import Connection, errors
from psycopg.rows import DictRow

from projections import tracking
from projections.ledger_entries import EntryReader
from projections.pledge_state import forget_states
from projections.progress import Progress
from projections.read_model import ReadModel
from projections.tracking import BuiltByAnotherVersion, Overtaken, Tracking

FIRST_RETRY_SECONDS = 1.0
LAST_RETRY_SECONDS = 60.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a read model stands still, and when it is tried again (by the monotonic clock)."""

    error: str
    retry_at: float
    wait: float


class Follower:
    """Applies the ledger's entries to the read models, each at its own pace.

    `rebuild` is asked for where tables were built by another version when following began; it tells whether it
    is done. Tables that another version builds later stay as they are: its process should be the one to follow.
    """

    def __init__(
        self,
        connection: Connection[DictRow],
        models: Sequence[ReadModel],
        reader: EntryReader,
        progress: Progress,
        rebuild: Callable[[ReadModel], bool],
    ) -> None:
        self._connection = connection
        self._models = models
        self._reader = reader
        self._progress = progress
        self._rebuild = rebuild
        self._to_rebuild: set[str] | None = None
        self.failures: dict[str, Failure] = {}

    def round(self) -> bool:
        """Apply at most one batch to each read model; whether any of them moved.

        Raises what the connection's loss raises. What a read model raises is its own failure: it stays where it
        is, says why, and is tried again later and later; the others go on.
        """
        tracked = tracking.read(self._connection, self._models)
        self._progress.tell({name: t.position for name, t in tracked.items()})
        if self._to_rebuild is None:
            self._to_rebuild = {m.name for m in self._models if tracked[m.name].version != m.version}
        moved = [self._follow(model, tracked[model.name]) for model in self._models if self._may_try(model)]
        forget_states()  # which the read models shared; the next entries are about others
        return any(moved)

    @property
    def next_retry(self) -> float | None:
        """When the first of the failed read models is tried again, by the monotonic clock."""
        return min((failure.retry_at for failure in self.failures.values()), default=None)

    def _may_try(self, model: ReadModel) -> bool:
        failure = self.failures.get(model.name)
        return failure is None or time.monotonic() >= failure.retry_at

    def _follow(self, model: ReadModel, tracked: Tracking) -> bool:
        try:
            moved = self._advance(model, tracked)
        except Overtaken:
            return True
        except Exception as fault:
            if self._connection.closed:
                raise
            self._failed(model, fault)
            return False
        self.failures.pop(model.name, None)
        return moved

    def _advance(self, model: ReadModel, tracked: Tracking) -> bool:
        if tracked.version != model.version:
            return self._built_again(model, tracked)
        batch = self._reader.after(self._connection, tracked.position)
        if not batch.entries:
            if batch.unreadable:
                raise batch.unreadable
            if tracked.error:
                tracking.note_error(self._connection, model, None)
            return False
        tracking.apply(self._connection, model, batch)
        self._progress.tell({model.name: batch.position})
        return True

    def _built_again(self, model: ReadModel, tracked: Tracking) -> bool:
        if model.name not in (self._to_rebuild or ()):
            raise BuiltByAnotherVersion(
                f"{model.name} was built by version {tracked.version} meanwhile, this process has {model.version}:"
                " restart it, or end it if it is the older one"
            )
        return self._rebuild(model)

    def _failed(self, model: ReadModel, fault: Exception) -> None:
        error, full = str(fault) or repr(fault), isinstance(fault, errors.DiskFull)
        before = self.failures.get(model.name)
        # There may be room again at any moment, while an entry that cannot be applied stays as it is.
        wait = min(before.wait * 2, LAST_RETRY_SECONDS) if before and not full else FIRST_RETRY_SECONDS
        self.failures[model.name] = Failure(error=error, retry_at=time.monotonic() + wait, wait=wait)
        if before is None or before.error != error:
            _log.error("%s stands still: %s", model.name, error, exc_info=None if full else fault)
        with suppress(errors.DiskFull):
            tracking.note_error(self._connection, model, error)

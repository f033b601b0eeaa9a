"""Places for streams: how many may be open at once, in this process and for one client."""

from __future__ import annotations

import resource
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from api.http import problems
from api.http.failures import Failure
from infrastructure.metrics.streams import StreamMetrics

COME_AGAIN_SECONDS = "30"


class StreamPlaces:
    """The places of a process; only its event loop may take and give back."""

    def __init__(self, most: int, most_for_one: int, metrics: StreamMetrics) -> None:
        self._most = min(most, _open_files() // 2)
        self._most_for_one = most_for_one
        self._metrics = metrics
        self._taken: Counter[str] = Counter()

    @property
    def taken(self) -> int:
        """How many are taken."""
        return self._taken.total()

    @contextmanager
    def one_for(self, client: str) -> Iterator[None]:
        """A place for a client while its stream is open. Raises Failure where there is none."""
        if self._taken[client] >= self._most_for_one:
            raise _too_many(f"{self._most_for_one} streams are open from this address or with this token.")
        if self.taken >= self._most:
            raise _too_many(f"{self._most} streams are open here, which is as many as there may be.")
        self._taken[client] += 1
        self._metrics.opened()
        try:
            yield
        finally:
            self._metrics.closed()
            self._taken[client] -= 1
            if not self._taken[client]:
                del self._taken[client]


def _open_files() -> int:
    """How many files and connections the process may have open; streams leave half of them to everything else."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 2**31 if allowed == resource.RLIM_INFINITY else allowed


def _too_many(detail: str) -> Failure:
    return Failure(
        problems.TOO_MANY_STREAMS, detail, headers={"Retry-After": COME_AGAIN_SECONDS}, turned_away="streams"
    )

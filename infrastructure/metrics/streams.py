"""Streams of events: how many are open, and how many were ended because their reader was too slow."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class StreamMetrics:
    """Counts the open streams."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._open = Gauge("p2c_streams_open", "Streams of events that are open.", registry=registry)
        self._dropped = Counter(
            "p2c_streams_dropped", "Streams that were ended because nobody read them.", registry=registry
        )

    def opened(self) -> None:
        """One was opened."""
        self._open.inc()

    def closed(self) -> None:
        """One has ended."""
        self._open.dec()

    def dropped(self) -> None:
        """One was ended because its reader did not read."""
        self._dropped.inc()

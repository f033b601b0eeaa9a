"""Appends to the ledger: how many there were, how long they took, and how many failed."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""The bounds that durations are told by: an append gives up after five seconds."""


class AppendMetrics:
    """The observer of the event store's appends."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._appends = Counter("p2c_appends", "Appends that were committed.", registry=registry)
        self._entries = Counter("p2c_appended_entries", "Entries that they added to the ledger.", registry=registry)
        self._took = Histogram(
            "p2c_append_duration_seconds",
            "From asking for the ledger's turn to the commit.",
            buckets=SECONDS,
            registry=registry,
        )
        self._conflicts = Counter(
            "p2c_append_conflicts", "Appends that another one overtook; their commands decide again.", registry=registry
        )
        self._given_up = Counter(
            "p2c_appends_given_up", "Appends that got no turn, or no answer, in time.", registry=registry
        )

    def appended(self, entries: int, seconds: float) -> None:
        """Entries were committed together."""
        self._appends.inc()
        self._entries.inc(entries)
        self._took.observe(seconds)

    def conflicted(self) -> None:
        """Another append took the version or the idempotency key."""
        self._conflicts.inc()

    def gave_up(self) -> None:
        """No turn came in time, or the database did not answer."""
        self._given_up.inc()

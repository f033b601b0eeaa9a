"""Appends to the ledger: how many there were, how long they took, and how many failed."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""The bounds that durations are told by: an append gives up after five seconds."""

GROUPS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
"""The bounds that appends in one transaction are told by."""


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
        self._together = Histogram(
            "p2c_appends_committed_together", "Appends in one transaction.", buckets=GROUPS, registry=registry
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

    def committed(self, appends: int) -> None:
        """So many appends shared one transaction."""
        self._together.observe(appends)

    def conflicted(self) -> None:
        """Another append took the version or the key, or what was decided on is no longer so."""
        self._conflicts.inc()

    def gave_up(self) -> None:
        """No turn came in time, or the database did not answer."""
        self._given_up.inc()

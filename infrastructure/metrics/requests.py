"""Requests: how many there were, how long they took, and how many were turned away."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The bounds that durations are told by: from a cached read to a whole report."""

_LABELS = ("operation", "method", "status")


class RequestMetrics:
    """Counts requests by operation, method and status, all of which must come from lists that have an end."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._answered = Counter("p2c_http_requests", "Requests that were answered.", _LABELS, registry=registry)
        self._took = Histogram(
            "p2c_http_request_duration_seconds",
            "From the headers of a request to the end of its answer.",
            _LABELS,
            buckets=SECONDS,
            registry=registry,
        )
        self._in_flight = Gauge("p2c_http_requests_in_flight", "Requests not answered yet.", registry=registry)
        self._turned_away = Counter(
            "p2c_http_requests_turned_away",
            "Requests refused by a limit: the rate of an address, the rate of a token, overload, or streams.",
            ("limit",),
            registry=registry,
        )
        for limit in ("address_rate", "token_rate", "overload", "streams"):
            self._turned_away.labels(limit)

    def came(self) -> None:
        """A request has come."""
        self._in_flight.inc()

    def went(self, operation: str, method: str, status: str, seconds: float) -> None:
        """It was answered."""
        self._in_flight.dec()
        self._answered.labels(operation, method, status).inc()
        self._took.labels(operation, method, status).observe(seconds)

    def turned_away(self, limit: str) -> None:
        """It was refused by a limit."""
        self._turned_away.labels(limit).inc()

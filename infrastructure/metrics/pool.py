"""The pool of connections, as it says itself."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from infrastructure.database import Pool

_GAUGES = {
    "pool_max": ("p2c_pool_connections_max", "Most connections that the pool opens."),
    "pool_size": ("p2c_pool_connections", "Connections that are open, in use or not."),
    "pool_available": ("p2c_pool_connections_available", "Connections that nobody uses."),
    "requests_waiting": ("p2c_pool_waiting", "Callers that wait for a connection."),
}
_COUNTERS = {
    "requests_num": ("p2c_pool_requests", "Times a connection was asked for."),
    "requests_queued": ("p2c_pool_requests_waited", "Times that had to wait for one."),
    "requests_errors": ("p2c_pool_requests_failed", "Times that got none in time."),
    "connections_errors": ("p2c_pool_connection_failures", "Failed attempts to connect."),
    "connections_lost": ("p2c_pool_connections_lost", "Connections found broken."),
}


class PoolMetrics(Collector):
    """What the pool counts."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def collect(self) -> Iterator[Metric]:
        """The figures, without asking the database."""
        stats = self._pool.get_stats()
        for key, (name, meaning) in _GAUGES.items():
            yield GaugeMetricFamily(name, meaning, value=stats.get(key, 0))
        for key, (name, meaning) in _COUNTERS.items():
            yield CounterMetricFamily(name, meaning, value=stats.get(key, 0))
        waited = stats.get("requests_wait_ms", 0) / 1_000
        yield CounterMetricFamily("p2c_pool_wait_seconds", "Seconds waited for connections, all told.", value=waited)

"""All metrics of one service, and how they are told."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Info, Metric, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from infrastructure.metrics.appends import AppendMetrics
from infrastructure.metrics.ledger import LedgerState
from infrastructure.metrics.requests import RequestMetrics
from infrastructure.metrics.streams import StreamMetrics
from infrastructure.metrics.webhooks import WebhookMetrics


class Metrics:
    """The metrics of one service, in a registry of its own."""

    def __init__(self, version: str) -> None:
        self._registry = CollectorRegistry()
        self.requests = RequestMetrics(self._registry)
        self.appends = AppendMetrics(self._registry)
        self.webhooks = WebhookMetrics(self._registry)
        self.streams = StreamMetrics(self._registry)
        ProcessCollector(registry=self._registry)
        Info("p2c_build", "What runs here.", registry=self._registry).info({"version": version})

    def watch(self, *collectors: Collector) -> None:
        """Tell what these collect, too."""
        for collector in collectors:
            self._registry.register(collector)

    def told(self, ledger: LedgerState | None, accept: str) -> tuple[bytes, str]:
        """Everything there is to tell, in the form that is accepted, and its media type.

        Without the ledger's state the database is down, and no figure is told that only it knows.
        """
        try:
            encode, media_type = choose_encoder(accept)
        except (TypeError, ValueError):  # it asks for a version that is none
            encode, media_type = choose_encoder("")
        return encode(_Everything(self._registry, ledger)), media_type


class _Everything(Collector):
    def __init__(self, registry: CollectorRegistry, ledger: LedgerState | None) -> None:
        self._registry = registry
        self._ledger = ledger

    def collect(self) -> Iterator[Metric]:
        yield from self._registry.collect()
        yield GaugeMetricFamily("p2c_database_up", "Whether the database answers.", value=float(bool(self._ledger)))
        if self._ledger:
            yield from self._ledger.metrics()

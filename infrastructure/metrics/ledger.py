"""The ledger and what is derived from it: positions, lags and checkpoints, asked of the database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from application.ledger import Ledger
from infrastructure.checkpoints import Checkpoints, StoredCheckpoint
from infrastructure.clock import DatabaseClock
from infrastructure.read_replica import ReadReplica
from infrastructure.signer import CheckpointSigner
from infrastructure.webhooks.queue import Counts, Queue
from projections.runner import ProjectionRunner, ReadModelStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerState:
    """How far the ledger, the read models and the checkpoints are at a time, by the database's clock."""

    at: datetime
    position: int
    read_models: Mapping[str, ReadModelStatus]
    checkpoint: StoredCheckpoint | None
    unsigned_for: timedelta
    webhooks: Counts

    def metrics(self) -> Iterator[Metric]:
        """The figures."""
        signed = self.checkpoint.size if self.checkpoint else 0
        yield _gauge("p2c_ledger_position", "Position of the last entry.", self.position)
        yield _gauge("p2c_checkpoint_size", "Entries that the latest checkpoint signs.", signed)
        yield _gauge("p2c_unsigned_entries", "Entries that no checkpoint signs yet.", max(self.position - signed, 0))
        seconds = self.unsigned_for.total_seconds()
        yield _gauge("p2c_unsigned_seconds", "How long the first of them has waited.", seconds)
        if self.checkpoint:
            age = max((self.at - self.checkpoint.signed_at).total_seconds(), 0.0)
            yield _gauge("p2c_checkpoint_age_seconds", "Time since the latest checkpoint was signed.", age)
        yield self._by_model("p2c_read_model_position", "Last entry that it tells.", "position")
        yield self._by_model("p2c_read_model_lag", "Entries that it does not tell yet.", "lag")
        yield self._by_model("p2c_read_model_rebuilding", "Whether it is being built again.", "rebuilding")
        failed = GaugeMetricFamily("p2c_read_model_failed", "Whether it stands still.", labels=["model"])
        for name, status in self.read_models.items():
            failed.add_metric([name], float(status.error is not None))
        yield failed
        yield _gauge("p2c_webhook_messages_pending", "Messages to be delivered.", self.webhooks.pending)
        by_state = GaugeMetricFamily("p2c_webhooks", "Webhooks, by whether messages are sent.", labels=["state"])
        by_state.add_metric(["enabled"], self.webhooks.enabled)
        by_state.add_metric(["disabled"], self.webhooks.disabled)
        yield by_state

    def _by_model(self, name: str, meaning: str, figure: str) -> Metric:
        family = GaugeMetricFamily(name, meaning, labels=["model"])
        for model, status in self.read_models.items():
            family.add_metric([model], float(getattr(status, figure)))
        return family


class LedgerMetrics(Collector):
    """Figures about the ledger; those that need the database are asked for apart."""

    def __init__(
        self,
        ledger: Ledger,
        projections: ProjectionRunner,
        checkpoints: Checkpoints,
        signer: CheckpointSigner,
        clock: DatabaseClock,
        replica: ReadReplica | None,
        webhooks: Queue,
    ) -> None:
        self._ledger = ledger
        self._projections = projections
        self._checkpoints = checkpoints
        self._signer = signer
        self._clock = clock
        self._replica = replica
        self._webhooks = webhooks

    def ask(self) -> LedgerState | None:
        """How far everything is; None where the database does not say."""
        try:
            return LedgerState(
                at=self._clock.now(),
                position=self._ledger.position,
                read_models=self._projections.status(),
                checkpoint=self._checkpoints.latest(),
                unsigned_for=self._checkpoints.unsigned_for(),
                webhooks=self._webhooks.counts(),
            )
        except psycopg.Error:
            return None

    def collect(self) -> Iterator[Metric]:
        """What this process knows by itself."""
        leading, problem = self._projections.leading, self._signer.problem
        yield _gauge("p2c_projections_leading", "Whether this process keeps the read models up.", leading)
        yield _gauge("p2c_signing_problem", "Whether signing has stopped, and somebody has to look.", bool(problem))
        skew = self._clock.skew
        yield _gauge("p2c_clock_skew_seconds", "By how much the database's clock is ahead of this machine's.", skew)
        if self._replica:
            yield _gauge("p2c_replica_in_use", "Whether reads go to the replica.", self._replica.in_use)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value=float(value))

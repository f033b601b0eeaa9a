"""The ledger and what is derived from it: positions, lags and checkpoints, asked of the database."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

import psycopg
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from application.ledger import Ledger
from infrastructure.checkpoints import Checkpoints, StoredCheckpoint
from infrastructure.signer import CheckpointSigner
from projections.runner import ProjectionRunner, ReadModelStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerState:
    """How far the ledger, the read models and the checkpoints are."""

    position: int
    read_models: Mapping[str, ReadModelStatus]
    checkpoint: StoredCheckpoint | None
    unsigned_for: timedelta

    def metrics(self) -> Iterator[Metric]:
        """The figures."""
        signed = self.checkpoint.size if self.checkpoint else 0
        yield _gauge("p2c_ledger_position", "Position of the last entry.", self.position)
        yield _gauge("p2c_checkpoint_size", "Entries that the latest checkpoint signs.", signed)
        yield _gauge("p2c_unsigned_entries", "Entries that no checkpoint signs yet.", max(self.position - signed, 0))
        seconds = self.unsigned_for.total_seconds()
        yield _gauge("p2c_unsigned_seconds", "How long the first of them has waited.", seconds)
        if self.checkpoint:
            age = max(time.time() - self.checkpoint.signed_at.timestamp(), 0.0)
            yield _gauge("p2c_checkpoint_age_seconds", "Time since the latest checkpoint was signed.", age)
        yield self._by_model("p2c_read_model_position", "Last entry that it tells.", "position")
        yield self._by_model("p2c_read_model_lag", "Entries that it does not tell yet.", "lag")
        yield self._by_model("p2c_read_model_rebuilding", "Whether it is being built again.", "rebuilding")
        failed = GaugeMetricFamily("p2c_read_model_failed", "Whether it stands still.", labels=["model"])
        for name, status in self.read_models.items():
            failed.add_metric([name], float(status.error is not None))
        yield failed

    def _by_model(self, name: str, meaning: str, figure: str) -> Metric:
        family = GaugeMetricFamily(name, meaning, labels=["model"])
        for model, status in self.read_models.items():
            family.add_metric([model], float(getattr(status, figure)))
        return family


class LedgerMetrics(Collector):
    """Figures about the ledger; those that need the database are asked for apart."""

    def __init__(
        self, ledger: Ledger, projections: ProjectionRunner, checkpoints: Checkpoints, signer: CheckpointSigner
    ) -> None:
        self._ledger = ledger
        self._projections = projections
        self._checkpoints = checkpoints
        self._signer = signer

    def ask(self) -> LedgerState | None:
        """How far everything is; None where the database does not say."""
        try:
            return LedgerState(
                position=self._ledger.position,
                read_models=self._projections.status(),
                checkpoint=self._checkpoints.latest(),
                unsigned_for=self._checkpoints.unsigned_for(),
            )
        except psycopg.Error:
            return None

    def collect(self) -> Iterator[Metric]:
        """What this process knows by itself."""
        leading, problem = self._projections.leading, self._signer.problem
        yield _gauge("p2c_projections_leading", "Whether this process keeps the read models up.", leading)
        yield _gauge("p2c_signing_problem", "Whether signing has stopped, and somebody has to look.", bool(problem))


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value=float(value))

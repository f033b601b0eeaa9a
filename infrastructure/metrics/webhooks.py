"""Webhooks: what came of attempts to deliver messages."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

OUTCOMES = {"delivered": "delivered", "pending": "to_be_retried", "failed": "given_up"}
"""What an attempt came to, by what its message is afterwards."""


class WebhookMetrics:
    """Counts what this process delivered and what it did not."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._attempts = Counter(
            "p2c_webhook_attempts", "Attempts to deliver a message, by outcome.", ("outcome",), registry=registry
        )
        for outcome in OUTCOMES.values():
            self._attempts.labels(outcome)

    def attempted(self, state: str) -> None:
        """A message was sent, and is in this state since."""
        self._attempts.labels(OUTCOMES[state]).inc()

"""The queue in the database: what is to be sent next, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from psycopg import Connection
from psycopg.rows import DictRow

from infrastructure.database import Pool
from infrastructure.webhooks.deliveries import TEST_TYPE, DeliveryState
from infrastructure.webhooks.schedule import Schedule
from infrastructure.webhooks.sending import Attempt
from infrastructure.webhooks.subscriptions import KEPT_DAYS

DISABLED_AFTER_DAYS = 5
"""An endpoint is left alone where every attempt failed for so long."""

FORGIVEN_AFTER_DAYS = 2
"""After so long without an attempt, a failure is the first one again. Attempts at one message are closer together."""

GONE = "The endpoint answered 410 Gone: it wants no more messages."

_DUE = """
SELECT DISTINCT webhook_id FROM ledger.webhook_deliveries JOIN ledger.webhooks ON webhooks.id = webhook_id
WHERE state = 'pending' AND next_attempt_at <= clock_timestamp() AND disabled_at IS NULL
"""

# Of messages that were never tried the one of the lowest position comes first, whatever the clock did meanwhile.
_NEXT = """
SELECT webhook_id, message_id, type, body, attempts, url, secret,
       CASE WHEN former_secret_until > clock_timestamp() THEN former_secret END AS former_secret,
       clock_timestamp() AS now
FROM ledger.webhook_deliveries AS due JOIN ledger.webhooks ON webhooks.id = webhook_id
WHERE webhook_id = %s AND state = 'pending' AND next_attempt_at <= clock_timestamp() AND disabled_at IS NULL
  AND (attempts > 0 OR due.position IS NULL OR NOT EXISTS (
      SELECT FROM ledger.webhook_deliveries AS earlier
      WHERE earlier.webhook_id = due.webhook_id AND earlier.state = 'pending' AND earlier.attempts = 0
        AND earlier.position < due.position))
ORDER BY next_attempt_at, due.position LIMIT 1
"""

# Where another process recorded the same attempt, its word stands.
_RECORD = """
UPDATE ledger.webhook_deliveries
SET attempts = attempts + 1, state = %(state)s, last_status = %(status)s, last_error = %(problem)s,
    last_attempt_at = clock_timestamp(), next_attempt_at = clock_timestamp() + make_interval(secs => %(wait)s)
WHERE webhook_id = %(webhook)s AND message_id = %(message)s AND state = 'pending' AND attempts = %(attempts)s
"""

_WELL = """
UPDATE ledger.webhooks SET failing_since = NULL, last_failed_at = NULL WHERE id = %s AND failing_since IS NOT NULL
"""

_FAILING = """
UPDATE ledger.webhooks
SET last_failed_at = clock_timestamp(),
    failing_since = CASE WHEN last_failed_at > clock_timestamp() - make_interval(days => %(forgiven)s)
                         THEN failing_since ELSE clock_timestamp() END
WHERE id = %(webhook)s
RETURNING failing_since < clock_timestamp() - make_interval(days => %(days)s) AS too_long
"""

_DISABLE = """
UPDATE ledger.webhooks SET disabled_at = clock_timestamp(), disabled_reason = %s WHERE id = %s AND disabled_at IS NULL
"""

_FORGET = """
DELETE FROM ledger.webhook_deliveries WHERE created_at < clock_timestamp() - make_interval(days => %s)
"""

_COUNT = """
SELECT (SELECT count(*) FROM ledger.webhook_deliveries WHERE state = 'pending') AS pending,
       (SELECT count(*) FROM ledger.webhooks WHERE disabled_at IS NULL) AS enabled,
       (SELECT count(*) FROM ledger.webhooks WHERE disabled_at IS NOT NULL) AS disabled
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A message to be sent now, with what it is signed with; `attempts` were made before."""

    webhook: UUID
    message: str
    type: str
    url: str
    secrets: tuple[str, ...] = field(repr=False)
    body: bytes = field(repr=False)
    attempts: int
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What became of a message, and why its webhook was disabled, if it was."""

    state: DeliveryState
    disabled: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many messages wait, and how many webhooks there are."""

    pending: int
    enabled: int
    disabled: int


class Queue:
    """What is to be delivered. It holds no connection between two questions."""

    def __init__(self, pool: Pool, schedule: Schedule | None = None) -> None:
        self._pool = pool
        self._schedule = schedule or Schedule()

    def due(self) -> Sequence[UUID]:
        """The webhooks for which there is something to be sent now."""
        with self._pool.connection() as connection:
            return [row["webhook_id"] for row in connection.execute(_DUE)]

    def next_for(self, webhook: UUID) -> Due | None:
        """What is to be sent to a webhook next, if it is time."""
        with self._pool.connection() as connection:
            row = connection.execute(_NEXT, (webhook,)).fetchone()
        if row is None:
            return None
        return Due(
            webhook=row["webhook_id"],
            message=row["message_id"],
            type=row["type"],
            url=row["url"],
            secrets=tuple(secret for secret in (row["secret"], row["former_secret"]) if secret),
            body=row["body"].encode(),
            attempts=row["attempts"],
            now=row["now"],
        )

    def record(self, due: Due, attempt: Attempt) -> Recorded | None:
        """Keep what came of an attempt; None where another process did, or the webhook was removed meanwhile."""
        state, wait = self._outcome(due, attempt)
        values = {
            "webhook": due.webhook,
            "message": due.message,
            "attempts": due.attempts,
            "state": state,
            "status": attempt.status,
            "problem": attempt.problem,
            "wait": wait,
        }
        with self._pool.connection() as connection, connection.transaction():
            if connection.execute(_RECORD, values).rowcount == 0:
                return None
            return Recorded(state=state, disabled=_disabled(connection, due, attempt))

    def forget_old(self) -> int:
        """Remove what is older than thirty days; how much that was."""
        with self._pool.connection() as connection:
            return connection.execute(_FORGET, (KEPT_DAYS,)).rowcount

    def counts(self) -> Counts:
        """How much there is."""
        with self._pool.connection() as connection:
            row = connection.execute(_COUNT).fetchone()
        assert row is not None, "aggregates answer"
        return Counts(**row)

    def _outcome(self, due: Due, attempt: Attempt) -> tuple[DeliveryState, float | None]:
        """What becomes of the message, and in how many seconds it is tried again."""
        if attempt.delivered:
            return DeliveryState.DELIVERED, None
        if due.type == TEST_TYPE:
            return DeliveryState.FAILED, None
        wait = self._schedule.wait_after(due.attempts + 1, attempt.retry_after)
        return (DeliveryState.FAILED if wait is None else DeliveryState.PENDING), wait


def _disabled(connection: Connection[DictRow], due: Due, attempt: Attempt) -> str | None:
    """Disable the webhook where its endpoint is gone or failed for too long; why, if so."""
    reason = _reason_to_disable(connection, due, attempt)
    if reason is None or connection.execute(_DISABLE, (reason, due.webhook)).rowcount == 0:
        return None
    return reason


def _reason_to_disable(connection: Connection[DictRow], due: Due, attempt: Attempt) -> str | None:
    if attempt.delivered:
        connection.execute(_WELL, (due.webhook,))
        return None
    if attempt.gone:
        return GONE
    if due.type == TEST_TYPE:
        return None
    values = {"webhook": due.webhook, "days": DISABLED_AFTER_DAYS, "forgiven": FORGIVEN_AFTER_DAYS}
    row = connection.execute(_FAILING, values).fetchone()
    if row and row["too_long"]:
        return f"Every attempt failed for {DISABLED_AFTER_DAYS} days, the last one so: {attempt.problem}"
    return None

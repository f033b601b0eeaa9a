"""What was delivered to a webhook, what was not, and why: the log, as its owner reads it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID, uuid4, uuid5

from psycopg import sql
from psycopg.rows import BaseRowFactory, kwargs_row

from application.access import Owner
from audit.envelope import format_instant
from infrastructure.database import Pool
from infrastructure.webhooks.faults import NoSuchDelivery, WebhookDisabled

TEST_TYPE = "webhook.test"


class DeliveryState(StrEnum):
    """What became of a message: it will be tried (again), the receiver has it, or it was given up."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message to a webhook. `number` is where it stands in the log; `position` is None for a test.

    `last_status` and `last_error` are of the last attempt: what the endpoint answered, and what was wrong, in words.
    """

    number: int
    message: str
    type: str
    position: int | None
    state: DeliveryState
    attempts: int
    created_at: datetime
    last_attempt_at: datetime | None
    last_status: int | None
    last_error: str | None
    next_attempt_at: datetime | None


class Known(Protocol):
    """What has to be known of a webhook."""

    @property
    def enabled(self) -> bool:
        """Whether messages are sent to it."""

    @property
    def disabled_reason(self) -> str | None:
        """Why not."""


Find = Callable[[Owner | None, UUID], Known]

_COLUMNS = sql.SQL(
    "number, message_id, type, position, state, attempts, created_at, last_attempt_at, last_status, last_error,"
    " next_attempt_at"
)

_PAGE = sql.SQL("""
SELECT {} FROM ledger.webhook_deliveries
WHERE webhook_id = %(webhook)s AND (%(before)s::bigint IS NULL OR number < %(before)s)
ORDER BY number DESC LIMIT %(limit)s
""").format(_COLUMNS)

_TEST = sql.SQL("""
INSERT INTO ledger.webhook_deliveries (webhook_id, message_id, type, body)
VALUES (%(webhook)s, %(message)s, %(type)s, %(body)s)
ON CONFLICT (webhook_id, message_id) DO UPDATE SET message_id = excluded.message_id
RETURNING {}
""").format(_COLUMNS)

_RETRY = sql.SQL("""
UPDATE ledger.webhook_deliveries
SET state = CASE WHEN attempts <> %(attempts)s::integer THEN state ELSE 'pending' END,
    next_attempt_at = CASE WHEN attempts <> %(attempts)s::integer THEN next_attempt_at ELSE clock_timestamp() END
WHERE webhook_id = %(webhook)s AND message_id = %(message)s
RETURNING {}
""").format(_COLUMNS)


class Deliveries:
    """The log of each webhook. `find` finds a webhook for an owner, and raises NoSuchWebhook."""

    def __init__(self, pool: Pool, find: Find) -> None:
        self._pool = pool
        self._find = find

    def page(
        self, owner: Owner | None, webhook: UUID, *, before: int | None = None, limit: int = 50
    ) -> Sequence[Delivery]:
        """The newest messages, or those that stand before a number in the log."""
        self._find(owner, webhook)
        with self._pool.connection() as connection, connection.cursor(row_factory=_DELIVERY) as cursor:
            return cursor.execute(_PAGE, {"webhook": webhook, "before": before, "limit": limit}).fetchall()

    def test(self, owner: Owner | None, webhook: UUID, *, key: UUID | None = None) -> Delivery:
        """A message that says nothing, to be sent at once and tried once; the same one where `key` is the same.

        Raises WebhookDisabled.
        """
        self._require_enabled(owner, webhook)
        body = {
            "type": TEST_TYPE,
            "timestamp": format_instant(datetime.now(UTC)),
            "data": {"summary": "This message was sent to see whether it arrives."},
        }
        id = uuid5(webhook, f"test {key}") if key else uuid4()
        values = {"webhook": webhook, "message": f"msg_{id.hex}", "type": TEST_TYPE, "body": json.dumps(body)}
        return self._one(_TEST, values)

    def retry(self, owner: Owner | None, webhook: UUID, message: str, *, attempts: int | None = None) -> Delivery:
        """The message, to be sent (again) at once, whatever became of it. Raises NoSuchDelivery, WebhookDisabled.

        Where `attempts` is given, and it was tried another number of times by now, it is left as it is.
        """
        self._require_enabled(owner, webhook)
        return self._one(_RETRY, {"webhook": webhook, "message": message, "attempts": attempts})

    def _require_enabled(self, owner: Owner | None, webhook: UUID) -> None:
        known = self._find(owner, webhook)
        if not known.enabled:
            raise WebhookDisabled(known.disabled_reason)

    def _one(self, query: sql.Composed, values: dict[str, Any]) -> Delivery:
        with self._pool.connection() as connection, connection.cursor(row_factory=_DELIVERY) as cursor:
            found = cursor.execute(query, values).fetchone()
        if found is None:
            raise NoSuchDelivery(str(values["message"]))
        return found


def _delivery(*, message_id: str, state: str, **columns: Any) -> Delivery:
    return Delivery(message=message_id, state=DeliveryState(state), **columns)


_DELIVERY: BaseRowFactory[Delivery] = kwargs_row(_delivery)

"""What an append is, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import NamedTuple, cast
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from application.ports import PublishedBytes, Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Append:
    """What is stored together or not at all, and what has to be so still.

    `seen` are the versions of other histories that it was decided on, `credential` the token that it was asked with:
    where a version is another one by now, or the token was revoked or has expired, the append is not made.
    """

    events: Sequence[StoredEvent]
    receipts: Sequence[Receipt] = ()
    snapshots: Sequence[PublishedBytes] = ()
    seen: Mapping[UUID, int] = field(default_factory=dict)
    credential: UUID | None = None


class Stored(NamedTuple):
    """An entry that is stored: its position, its type name and when it was recorded."""

    id: int
    topic: str
    recorded_at: datetime


class Obstacle(Enum):
    """Why an append was not made: what it was decided on is no longer so, or its token is worth nothing."""

    OVERTAKEN = "overtaken"
    TOKEN_WORTHLESS = "token worthless"  # noqa: S105 - no token at all


Appended = Sequence[Stored] | Obstacle
"""The entries of an append, or why there are none."""


def stream_of(event: StoredEvent) -> UUID:
    """The id of the history the event belongs to."""
    return cast("UUID", event.originator_id)

"""What an append is, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from uuid import UUID

import msgspec

from application.ports import PublishedBytes, Receipt
from audit.envelope import Unstamped


class Append(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored together or not at all, and what has to be so still.

    `seen` are the versions of other histories that it was decided on, `credential` the token that it was asked with:
    where a version is another one by now, or the token was revoked or has expired, the append is not made.
    """

    facts: Sequence[Unstamped]
    receipts: Sequence[Receipt] = ()
    snapshots: Sequence[PublishedBytes] = ()
    seen: Mapping[UUID, int] = {}
    credential: UUID | None = None


class Stored(msgspec.Struct, frozen=True, gc=False):
    """An entry that is stored: its position, its type name, when it was recorded, and the id of the fact."""

    position: int
    type: str
    recorded_at: datetime
    event_id: UUID


class Obstacle(Enum):
    """Why an append was not made: what it was decided on is no longer so, or its token is worth nothing."""

    OVERTAKEN = "overtaken"
    TOKEN_WORTHLESS = "token worthless"  # noqa: S105 - no token at all


Appended = Sequence[Stored] | Obstacle
"""The entries of an append, or why there are none."""

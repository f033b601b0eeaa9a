"""The day, for decisions. When something was recorded is told by the database's clock alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

Today = Callable[[], date]


def today_in_utc() -> date:
    """The day it is in UTC."""
    return datetime.now(UTC).date()

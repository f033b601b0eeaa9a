"""What the register knew of a history at a moment."""

from __future__ import annotations

from collections.abc import Iterable

from application.moments import Moment
from audit.envelope import Entry


def known_at(entries: Iterable[Entry], at: Moment) -> list[Entry]:
    """The facts that were recorded by the moment's position and true by its day, in order."""
    return [e for e in entries if e.position <= at.position and e.event.effective_on <= at.effective_on]

"""Facts in words, for whoever just recorded them or was overtaken by them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from audit.envelope import Entry
from audit.narrative import summarise
from domain.events import PledgeEvent
from domain.pledge import Pledge, evolve


def told_facts(entries: Iterable[Entry], before: Pledge | None) -> list[tuple[Entry, str]]:
    """Each entry with what it did to the pledge, which was as in `before` when the first of them was recorded."""
    told = []
    for entry in entries:
        event = cast("PledgeEvent", entry.event)
        told.append((entry, summarise(event, before)))
        before = evolve(before, event)
    return told

"""Replaying a history: each fact with the state before and after it, through the same pure fold as ever."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import cast

from audit.envelope import Entry
from audit.narrative import summarise
from domain.events import PledgeEvent
from domain.pledge import Pledge, evolve


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One fact in a pledge's life: what happened in words, and the pledge before and after it."""

    entry: Entry
    summary: str
    before: Pledge | None
    after: Pledge | None

    @property
    def changes(self) -> dict[str, tuple[object, object]]:
        """What the fact changed: by field, the value before and after. Everything, for the first fact."""
        names = [f.name for f in fields(Pledge) if f.name != "version"]
        pairs = {n: (getattr(self.before, n, None), getattr(self.after, n, None)) for n in names}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Until:
    """Where a replay stops: after a version, a position, an instant it was recorded by, or an effective date."""

    version: int | None = None
    position: int | None = None
    recorded_at: datetime | None = None
    effective_on: date | None = None

    def includes(self, entry: Entry) -> bool:
        """Whether the entry belongs to the selection."""
        return (
            (self.version is None or entry.event.originator_version <= self.version)
            and (self.position is None or entry.position <= self.position)
            and (self.recorded_at is None or entry.recorded_at <= self.recorded_at)
            and (self.effective_on is None or entry.event.effective_on <= self.effective_on)
        )


EVERYTHING = Until()


def replay(entries: Iterable[Entry], until: Until = EVERYTHING) -> Iterator[Step]:
    """The steps of a pledge's life, in ledger order."""
    pledge: Pledge | None = None
    for entry in entries:
        if not until.includes(entry):
            continue
        event = cast("PledgeEvent", entry.event)
        after = evolve(pledge, event)
        yield Step(entry=entry, summary=summarise(event, pledge), before=pledge, after=after)
        pledge = after

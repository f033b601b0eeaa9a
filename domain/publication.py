"""The publication: a point-in-time snapshot that BDT put before the public, and that stays as it was.

In the order of reading: what can be asked, what is known, what is decided, what a fact changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from uuid import UUID

from domain import refusals
from domain.circumstances import Circumstances, header
from domain.events import PublicationEvent, Published, SnapshotIdentity
from domain.text import require_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """Put a snapshot before the public, under a title."""

    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A published snapshot."""

    id: UUID
    version: int
    title: str
    snapshot: SnapshotIdentity


def decide(id: UUID, command: Publish, snapshot: SnapshotIdentity, at: Circumstances) -> tuple[PublicationEvent, ...]:
    """The fact that `command` causes, under a new id, for the snapshot that was taken; or a refusal."""
    require_text(command)
    if snapshot.effective_on > at.today:
        raise refusals.DateInFuture(snapshot.effective_on, at.today, field="effective_on")
    return (Published(**header(id, 0, at, at.today), title=command.title, snapshot=snapshot),)


def evolve(publication: Publication | None, event: PublicationEvent) -> Publication | None:
    """The publication after `event`."""
    return Publication(
        id=event.originator_id, version=event.originator_version, title=event.title, snapshot=event.snapshot
    )


def fold(publication: Publication | None, events: Iterable[PublicationEvent]) -> Publication | None:
    """The publication after all of `events`, in order."""
    return reduce(evolve, events, publication)

"""Whole histories, each with what its facts made of a pledge, folded once for all read models built from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, groupby
from typing import NamedTuple, Protocol
from uuid import UUID

from psycopg import Cursor
from psycopg.rows import DictRow

from audit.envelope import Entry
from domain.events import PledgeEvent
from projections.pledge_state import PledgeState, evolved


class Step(NamedTuple):
    """An entry about a pledge, and the state of the pledge before and after it."""

    entry: Entry
    event: PledgeEvent
    before: PledgeState | None
    after: PledgeState | None

    def evolve(self, state: PledgeState | None) -> PledgeState | None:
        """What the entry makes of any state of the pledge; of the one before it that is known already."""
        return self.after if state is self.before else evolved(state, self.event)


class History:
    """All entries of one history, in its order."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries

    @cached_property
    def steps(self) -> Sequence[Step]:
        """What each entry made of the pledge that the history is about; none for a history of something else."""
        steps: list[Step] = []
        state: PledgeState | None = None
        for entry in self.entries:
            if isinstance(event := entry.event, PledgeEvent):
                before, state = state, evolved(state, event)
                steps.append(Step(entry, event, before, state))
        return steps


class Builder(Protocol):
    """Makes the tables of a read model, which are empty, from whole histories.

    Nothing is read back or changed once it is written, so that it can be copied in. Names are found in the read model's
    own schema.
    """

    def add(self, cursor: Cursor[DictRow], histories: Sequence[History]) -> None:
        """Write what these histories tell, or keep it until the end. Each history comes once."""

    def finish(self, cursor: Cursor[DictRow]) -> None:
        """Write what only all histories together tell."""


@dataclass(frozen=True, slots=True)
class OneByOne:
    """A builder where no history depends on another."""

    write: Callable[[Cursor[DictRow], Sequence[History]], None]

    def add(self, cursor: Cursor[DictRow], histories: Sequence[History]) -> None:
        """Write what these histories tell."""
        self.write(cursor, histories)

    def finish(self, cursor: Cursor[DictRow]) -> None:
        """All is written already."""


def undivided(entries: Iterable[Sequence[Entry]], largest: int) -> Iterator[Sequence[History]]:
    """The histories of a ledger that is read history by history, at least one and about so many entries at once."""
    together: list[History] = []
    size = 0
    for _, history in groupby(chain.from_iterable(entries), _history_of):
        together.append(History(tuple(history)))
        size += len(together[-1].entries)
        if size >= largest:
            yield together
            together, size = [], 0
    if together:
        yield together


def _history_of(entry: Entry) -> UUID:
    return entry.event.originator_id

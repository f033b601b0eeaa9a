"""What is looked at for a decision: histories as this process folded them last, or as they are now.

A remembered state may be out of date, since other processes append too. So a decision made on it may only say yes:
every version that was looked at is checked when the facts are recorded, and whatever is refused is decided again on
what is so now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from enum import Enum
from typing import Any, TypeVar, cast
from uuid import UUID

from eventsourcing.application import LRUCache

from application.ports import ExchangeRates
from domain.organisation import Organisation
from domain.pledge import Pledge
from domain.publication import Publication
from domain.values import UsdRate

State = TypeVar("State", Pledge, Organisation, Publication)
Asked = TypeVar("Asked")

REMEMBERED_HISTORIES = 4_096
"""How many; the one that was not looked at for longest makes room for another."""

REMEMBERED_RATES = 4_096
"""How many rates, each of a currency and a month."""


class NotAtHand(Exception):
    """What is looked for is not remembered, and may not be asked for here."""


class Memory:
    """The histories that were looked at lately, as they were then. Any thread may use it."""

    def __init__(self) -> None:
        self._states: LRUCache[UUID, Any] = LRUCache(REMEMBERED_HISTORIES)
        self._rates: LRUCache[tuple[str, date], UsdRate] = LRUCache(REMEMBERED_RATES)

    def state(self, id: UUID) -> Any | None:
        """The state of the history with this id; None where it is not remembered."""
        try:
            return self._states.get(id)
        except KeyError:
            return None

    def advance(self, state: Pledge | Organisation | Publication) -> None:
        """Remember a state that was just recorded, unless a later one is known."""
        known = self.state(state.id)
        if known is None or known.version < state.version:
            self._states.put(state.id, state)

    def refresh(self, state: Pledge | Organisation | Publication) -> None:
        """Remember a state as it was just read, whatever was known: the ledger may be a restored one."""
        self._states.put(state.id, state)

    def rate(self, currency: str, month: date) -> UsdRate | None:
        """A published rate, which stays as it was published; None where none is remembered."""
        try:
            return self._rates.get((currency, month))
        except KeyError:
            return None

    def keep_rate(self, currency: str, month: date, rate: UsdRate) -> None:
        """Remember a published rate."""
        self._rates.put((currency, month), rate)


class Looking(Enum):
    """Where a view looks."""

    AT_WHAT_IS_SO = "now"
    AT_MEMORY_FIRST = "memory first"
    AT_MEMORY_ALONE = "memory alone"


class View:
    """What one decision looks at, and the versions that it had."""

    def __init__(
        self, memory: Memory, load: Callable[[UUID], Organisation | None], rates: ExchangeRates, at: Looking
    ) -> None:
        self._memory = memory
        self._load = load
        self._rates = rates
        self._at = at
        self._seen: dict[UUID, int] = {}

    def organisation(self, id: UUID) -> Organisation | None:
        """The organisation with this id; None where there is none. Raises NotAtHand."""
        return self.state(id, self._load)

    def state(self, id: UUID, load: Callable[[UUID], State | None]) -> State | None:
        """The state of a history; None where there is none. Raises NotAtHand."""
        found = None if self._at is Looking.AT_WHAT_IS_SO else cast("State | None", self._memory.state(id))
        if found is None:
            found = self.asked(lambda: load(id))
            if found is not None:
                self._memory.refresh(found)
        self._seen[id] = found.version if found else 0
        return found

    def rate(self, currency: str, on: date) -> UsdRate | None:
        """The published rate of the month, if there is one. Raises NotAtHand."""
        month = on.replace(day=1)
        rate = self._memory.rate(currency, month)
        if rate is None:
            rate = self.asked(lambda: self._rates.rate(currency, on))
            if rate is not None:
                self._memory.keep_rate(currency, month, rate)
        return rate

    def asked(self, question: Callable[[], Asked]) -> Asked:
        """The answer to what only the database knows. Raises NotAtHand where it may not be asked."""
        if self._at is Looking.AT_MEMORY_ALONE:
            raise NotAtHand
        return question()

    def seen_besides(self, id: UUID) -> Mapping[UUID, int]:
        """The versions of the other histories that were looked at."""
        return {other: version for other, version in self._seen.items() if other != id}

"""Why two answers of the register differ."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from typing import Protocol
from uuid import UUID

from application.moments import Moment
from application.ports import Register
from audit.difference import Compared, difference_document
from audit.envelope import Entry
from audit.snapshot import RULES_VERSION, Document
from domain.difference import Figures, PledgeDifference, Recorded, Side, difference, undecided
from domain.dimensions import Division
from domain.events import PledgeEvent
from domain.geography import moved_between
from domain.status import PledgeStatus


class ComparedRegister(Register, Protocol):
    """A register that tells apart the pledges that have not the same facts at two moments."""

    def changed(self, opening: Moment, closing: Moment) -> Sequence[UUID]:
        """These pledges, in no order."""

    def histories_of(self, pledges: Iterable[UUID], until: int) -> Iterator[Sequence[Entry]]:
        """The facts about pledges up to a position, one whole history at a time, each in ledger order."""

    def unchanged(
        self, opening: Moment, closing: Moment, touching: Collection[str] | None = None
    ) -> Sequence[PledgeStatus]:
        """The status of each of the others; only of those that touch one of some countries, if these are given."""

    def resting(self, opening: Moment, closing: Moment, moved: Collection[str]) -> Iterable[Figures]:
        """The figures of those others that touch no country that moved between groups, the same at both moments."""


class Differences:
    """Compares the register at two moments."""

    def __init__(self, register: ComparedRegister) -> None:
        self._register = register

    def between(self, opening: Moment, closing: Moment, division: Division, *, unpublished: bool = False) -> Document:
        """Every movement from one moment to the other, with its cause; `audit.difference` says what it tells.

        Pledges that were in the published register at neither are named only where `unpublished` ones are wanted.
        """
        compared = Compared(
            opening=_side(opening),
            opening_recorded_at=opening.recorded_at,
            closing=_side(closing),
            closing_recorded_at=closing.recorded_at,
            rules_version=RULES_VERSION,
            division=division,
            unpublished=unpublished,
        )
        changed = self._changed(opening, closing, division)
        if division.by:
            return difference_document(compared, chain(changed, self._unchanged(opening, closing, division)))
        # Without parts, what neither facts nor the date moved has the same figures at both, and need not be told apart.
        moved = moved_between(opening.effective_on, closing.effective_on)
        dated = self._unchanged(opening, closing, division, touching=moved) if moved else ()
        return difference_document(compared, chain(changed, dated), self._register.resting(opening, closing, moved))

    def _changed(self, opening: Moment, closing: Moment, division: Division) -> Iterable[PledgeDifference]:
        until = max(opening.position, closing.position)
        for entries in self._register.histories_of(self._register.changed(opening, closing), until):
            facts = [Recorded(entry.position, entry.event) for entry in entries if isinstance(entry.event, PledgeEvent)]
            if facts and (found := difference(facts, _side(opening), _side(closing), division)):
                yield found

    def _unchanged(
        self, opening: Moment, closing: Moment, division: Division, touching: Collection[str] | None = None
    ) -> Iterable[PledgeDifference]:
        for status in self._register.unchanged(opening, closing, touching):
            yield undecided(status, _side(opening), _side(closing), division)


def _side(moment: Moment) -> Side:
    return Side(moment.position, moment.effective_on)

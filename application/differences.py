"""Why two answers of the register differ."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

from application.moments import Moment
from application.ports import Register
from audit.difference import Compared, difference_document
from audit.envelope import Entry
from audit.snapshot import RULES_VERSION, Document
from domain.difference import Figures, PledgeDifference, Recorded, Side, difference, undecided
from domain.dimensions import Dimension, Division
from domain.events import PledgeEvent
from domain.geography import moved_between
from domain.pledge import Pledge
from domain.resting import resting_figures
from domain.status import PledgeStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedPledge:
    """A pledge that has not the same facts at two moments: its facts in ledger order, from the first one on.

    With a `state`, that of the earlier-named moment, only those that come after it: none that differs comes before.
    """

    state: Pledge | None
    entries: Sequence[Entry]


class ComparedRegister(Register, Protocol):
    """A register that tells apart the pledges that have not the same facts at two moments."""

    def changed(self, opening: Moment, closing: Moment) -> Iterator[ChangedPledge]:
        """These pledges, in no order, with their facts up to the later position."""

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
        dated, resting = self._unchanged(opening, closing, division)
        moved = (undecided(status, compared.opening, compared.closing, division) for status in dated)
        return difference_document(compared, chain(self._changed(opening, closing, division), moved), resting)

    def _changed(self, opening: Moment, closing: Moment, division: Division) -> Iterable[PledgeDifference]:
        for pledge in self._register.changed(opening, closing):
            facts = [Recorded(e.position, e.event) for e in pledge.entries if isinstance(e.event, PledgeEvent)]
            if found := difference(facts, _side(opening), _side(closing), division, state=pledge.state):
                yield found

    def _unchanged(
        self, opening: Moment, closing: Moment, division: Division
    ) -> tuple[Iterable[PledgeStatus], Iterable[Figures]]:
        """The pledges with the same facts at both moments that the date may move, and the figures of the others."""
        moved = moved_between(opening.effective_on, closing.effective_on)
        if not division.by:
            dated = self._register.unchanged(opening, closing, touching=moved) if moved else ()
            return dated, self._register.resting(opening, closing, moved)
        unchanged = self._register.unchanged(opening, closing)
        if Dimension.REPORTING in division.by:
            return unchanged, ()
        dated = [status for status in unchanged if not moved.isdisjoint(status.countries)]
        resting = (status for status in unchanged if moved.isdisjoint(status.countries))
        return dated, resting_figures(resting, closing.effective_on, division)


def _side(moment: Moment) -> Side:
    return Side(moment.position, moment.effective_on)

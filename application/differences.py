"""Why two answers of the register differ."""

from __future__ import annotations

from collections.abc import Iterable

from application.moments import Moment
from application.ports import Register
from audit.difference import Compared, difference_document
from audit.snapshot import RULES_VERSION, Document
from domain.difference import PledgeDifference, Recorded, Side, difference
from domain.dimensions import Division
from domain.events import PledgeEvent


class Differences:
    """Compares the register at two moments."""

    def __init__(self, register: Register) -> None:
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
        return difference_document(compared, self._each(compared, max(opening.position, closing.position)))

    def _each(self, compared: Compared, until: int) -> Iterable[PledgeDifference]:
        for entries in self._register.histories(until):
            facts = [Recorded(entry.position, entry.event) for entry in entries if isinstance(entry.event, PledgeEvent)]
            if facts and (found := difference(facts, compared.opening, compared.closing, compared.division)):
                yield found


def _side(moment: Moment) -> Side:
    return Side(moment.position, moment.effective_on)

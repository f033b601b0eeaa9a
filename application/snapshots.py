"""Taking the register's status at a moment."""

from __future__ import annotations

from dataclasses import dataclass

from application.moments import RULES_VERSION, Moment
from application.ports import Register
from audit.snapshot import Document, Selection, snapshot
from domain.dimensions import Attribution, Dimension


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """By what totals are divided, and how value is attributed to the parts."""

    by: tuple[Dimension, ...] = ()
    attribution: Attribution = Attribution.FULL


class Snapshots:
    """Takes snapshots: the same bytes for the same moment and grouping, whenever and wherever."""

    def __init__(self, register: Register) -> None:
        self._register = register

    def take(self, at: Moment, grouping: Grouping) -> Document:
        """The status of the register at a moment; `audit.snapshot` says what it tells."""
        selection = Selection(
            position=at.position,
            recorded_at=at.recorded_at,
            effective_on=at.effective_on,
            rules_version=RULES_VERSION,
            group_by=grouping.by,
            attribution=grouping.attribution,
        )
        return snapshot(selection, self._register.pledges(at), self._register.organisations(at))

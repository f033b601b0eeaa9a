"""Taking the register's status at a moment."""

from __future__ import annotations

from application.moments import Moment
from application.ports import SnapshotRegister
from audit.snapshot import (
    RULES_VERSION,
    Document,
    Parts,
    Selection,
    identified,
    snapshot,
    snapshot_in_parts,
    totals_snapshot,
)
from domain.dimensions import Attribution, Division
from domain.events import SnapshotIdentity
from domain.totals import Totals, totals


class Snapshots:
    """Takes snapshots: the same bytes for the same moment and grouping, whenever and wherever."""

    def __init__(self, register: SnapshotRegister) -> None:
        self._register = register

    def take(self, at: Moment, division: Division) -> Document:
        """The status of the register at a moment; `audit.snapshot` says what it tells."""
        return snapshot(self._selection(at, division), self._register.statuses(at), self._register.organisations(at))

    def take_in_parts(self, at: Moment, division: Division) -> tuple[SnapshotIdentity, Parts]:
        """What the same snapshot is of, with its digest, and its canonical bytes, a few at a time.

        The register has answered when this returns.
        """
        selection = self._selection(at, division)
        digest, parts = snapshot_in_parts(selection, self._register.statuses(at), self._register.organisations(at))
        return identified(selection, digest), parts

    def totals(self, at: Moment, division: Division) -> Document:
        """The totals of the snapshot alone.

        Where the register has kept running totals, no pledge has to be looked at.
        """
        return totals_snapshot(self._selection(at, division), self.counted(at, division))

    def counted(self, at: Moment, division: Division) -> Totals:
        """The same without what makes it a document: no root, no digest."""
        counted = self._running(at, division)
        if counted is None:
            counted = totals(self._register.statuses(at), at.effective_on, division.by, division.attribution)
        return counted

    def _running(self, at: Moment, division: Division) -> Totals | None:
        match division:
            case Division(by=()):
                return self._register.running_totals(at)
            case Division(by=(dimension,), attribution=Attribution.FULL):
                return self._register.running_totals(at, dimension)
            case _:
                return None

    def _selection(self, at: Moment, division: Division) -> Selection:
        return Selection(
            position=at.position,
            root=self._register.root(at),
            recorded_at=at.recorded_at,
            effective_on=at.effective_on,
            rules_version=RULES_VERSION,
            group_by=division.by,
            attribution=division.attribution,
        )

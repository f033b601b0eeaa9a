"""Taking a snapshot of the register at any moment, for whoever asks: the same moment, the same bytes."""

from __future__ import annotations

from datetime import date

from application.moments import AsOf
from application.ports import Register
from audit.snapshot import Options, Snapshot, snapshot


class Snapshots:
    """Takes point-in-time status snapshots."""

    def __init__(self, register: Register) -> None:
        self._register = register

    def take(self, options: Options, as_of: AsOf | None = None, effective_on: date | None = None) -> Snapshot:
        """The snapshot of a moment; of now where none is named. Raises MomentNotOver and PositionAhead."""
        moment = self._register.resolve(as_of, effective_on)
        return snapshot(
            self._register.pledges(moment),
            self._register.organisations(moment),
            position=moment.position,
            recorded_at=moment.recorded_at,
            effective_on=moment.effective_on,
            options=options,
        )

"""The status of a pledge: all that a point-in-time snapshot says of it, without its history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.counted import Counted, counted_fields
from domain.pledge import Pledge
from domain.schedule import delivered_share, held_against, measured_time
from domain.vocabulary import ScheduleHealth


@dataclass(frozen=True, slots=True, kw_only=True)
class PledgeStatus(Counted):
    """A pledge as a snapshot tells it.

    `value_usd` is what is promised; `delivered_share` the mean over the targets of what is delivered of each, of 1;
    `time` from when to when that is held against the time gone by, None where it cannot be.
    """

    reference: str
    version: int
    title: str
    scaled_up: bool
    value_usd: Decimal
    delivered_share: Decimal
    time: tuple[date, date] | None

    def schedule_health(self, on: date) -> ScheduleHealth:
        """The share of the targets delivered against the share of the time elapsed, on a day."""
        return held_against(self.time, self.delivered_share, on)


def status_of(pledge: Pledge) -> PledgeStatus:
    """The status of the pledge."""
    return PledgeStatus(
        **counted_fields(pledge),
        reference=pledge.reference,
        version=pledge.version,
        title=pledge.title,
        scaled_up=pledge.scaled_up,
        value_usd=pledge.value_usd,
        delivered_share=delivered_share(pledge),
        time=measured_time(pledge),
    )

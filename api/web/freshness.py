"""How far what is shown reaches, and how far it is signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from application.moments import Moment
from infrastructure.bootstrap import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """The last event that is shown, and the latest signed checkpoint; None where there is none."""

    position: int
    recorded_at: datetime | None
    signed_size: int | None
    signed_at: datetime | None

    @property
    def unsigned(self) -> int:
        """How many of the events that are shown no checkpoint has."""
        return max(0, self.position - (self.signed_size or 0))


def freshness(service: Service, at: Moment) -> Freshness:
    """How far what is shown at a moment reaches."""
    latest = service.checkpoints.latest()
    return Freshness(
        position=at.position,
        recorded_at=at.recorded_at,
        signed_size=latest.size if latest else None,
        signed_at=latest.signed_at if latest else None,
    )

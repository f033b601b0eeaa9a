"""What the first page shows: where the coalition stands at a moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from application.moments import Moment
from domain.dimensions import Dimension, Division, Key
from domain.ladder import RUNGS, ZERO, Ladder
from domain.progress.burn_up import GOAL, GOAL_ON
from domain.totals import Total, rate
from infrastructure.bootstrap import Service
from infrastructure.register import point_of

CUTS = (Dimension.FOCUS_AREA, Dimension.REGION, Dimension.TYPE, Dimension.SECTOR)
"""By what the first page divides the portfolio, in this order."""


@dataclass(frozen=True, slots=True)
class Rung:
    """A rung of the ladder: its US dollars, and their share of the rung that they are measured against, of 1.

    What was delivered and verified is measured against what was validated.
    """

    name: str
    usd: Decimal
    share: Decimal | None


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the portfolio, and how far its validated dollars reach along the longest part's, of 1."""

    key: Key
    total: Total
    length: Decimal


@dataclass(frozen=True, slots=True)
class Cut:
    """The portfolio divided by a dimension. Parts may overlap, so the whole stands beside them."""

    dimension: Dimension
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Where the coalition stands."""

    whole: Total
    ladder: Sequence[Rung]
    cuts: Sequence[Cut]
    course: Sequence[tuple[date, Ladder]]
    goal: Decimal = GOAL
    goal_on: date = GOAL_ON

    @property
    def reached(self) -> Decimal | None:
        """The share of the goal that is validated, of 1."""
        return rate(self.whole.ladder.validated, self.goal)


def overview(service: Service, at: Moment) -> Overview:
    """Where the coalition stands at a moment."""
    divided = {dimension: service.snapshots.counted(at, Division(by=(dimension,))) for dimension in CUTS}
    whole = divided[CUTS[0]].whole
    return Overview(
        whole=whole,
        ladder=tuple(rungs(whole.ladder)),
        cuts=[
            Cut(dimension, list(_parts([(group.keys[0], group.total) for group in totals.groups])))
            for dimension, totals in divided.items()
        ],
        course=service.pledges.course(point_of(at)),
    )


def rungs(ladder: Ladder) -> Iterator[Rung]:
    """The rungs of a ladder, the lowest first."""
    for name in RUNGS:
        usd = getattr(ladder, name)
        yield Rung(name, usd, rate(usd, ladder.validated) if name in {"delivered", "verified"} else None)


def _parts(groups: Sequence[tuple[Key, Total]]) -> Iterator[Part]:
    counted = [(key, total) for key, total in groups if total.pledges]
    longest = max((total.ladder.validated for _, total in counted), default=ZERO)
    for key, total in sorted(counted, key=lambda part: -part[1].ladder.validated):
        yield Part(key, total, rate(total.ladder.validated, longest) or ZERO)

"""What a periodic progress report says.

Resolution 88 of the WTDC (Kigali, 2022) asks BDT to report for a stated period on progress towards universal
connectivity. The contents follow the annual reports that Partner2Connect publishes.

US dollars are exact decimals, days are days in UTC. Pledges are named only where BDT admitted them by the end of the
period; the others are counted beside. Every percentage stands as a `Proportion`, with what it is of.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from domain.dimensions import Dimension, Key
from domain.good_practices import Story
from domain.ladder import ZERO, Ladder
from domain.obligations import Obligation
from domain.totals import Total, rate
from domain.vocabulary import FocusArea, ReportingHealth, Sector, SelfAssessment


@dataclass(frozen=True, slots=True)
class Period:
    """The days from `start` to `end`, both included. Raises ValueError where it ends before it starts."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"the period ends on {self.end}, before it starts on {self.start}")
        if self.start == date.min:
            raise ValueError(f"the period starts on {self.start}, before which there is no day to open with")

    def __contains__(self, day: date) -> bool:
        return self.start <= day <= self.end


@dataclass(frozen=True, slots=True)
class Proportion:
    """`part` of `whole`: numbers of pledges, or US dollars."""

    part: int | Decimal
    whole: int | Decimal

    @property
    def rate(self) -> Decimal | None:
        """`part` of `whole`, of 1, to four places; None where there is no whole."""
        return rate(self.part, self.whole)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number to date, at the end of the period, and what of it is new in the period."""

    to_date: int
    new: int


@dataclass(frozen=True, slots=True)
class Value:
    """US dollars to date, at the end of the period, and what of it is new in the period."""

    to_date: Decimal
    new: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """What the report opens with, of pledges that stand: admitted, not withdrawn.

    A pledge is new that stands at the end and did not before the period; `value` is the rung `validated` of the
    closing balance, new is that of the new pledges. `organisations` are leads and partners, `countries` those of
    implementation; new are those that no pledge had before the period.
    """

    pledges: Figure
    value: Value
    organisations: Figure
    countries: Figure


@dataclass(frozen=True, slots=True)
class Balance:
    """The whole register, as of the report's position, at the end of a day."""

    on: date
    total: Total


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """What one cause changed from the opening to the closing balance.

    `cause` is one of `domain.difference`'s; the changes of all causes sum to closing minus opening, to the cent.
    `pledges` is how many pledges it touched, `counted` by how many it changed the number of those that stand.
    """

    cause: str
    pledges: int
    change: Ladder
    counted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One part of a cut, at the end of the period.

    `pledges` stand; `ladder` is as in the balance. `new_pledges` and `new_value` are as in the headline,
    `new_delivered` is what was delivered in the period by pledges of this part, corrections included.
    """

    key: Key
    pledges: int
    ladder: Ladder
    new_pledges: int
    new_value: Decimal
    new_delivered: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The portfolio by one dimension.

    Rows are in the order of their keys; None is the key of what is not stated. Of some dimensions a pledge counts
    fully in each part it touches, so the rows may exceed `whole`, in which every pledge counts once.
    """

    dimension: Dimension
    rows: tuple[Row, ...]
    whole: Row


@dataclass(frozen=True, slots=True)
class Reach:
    """How many of the standing pledges reach a group, and how much of the closing balance's validated value is theirs.

    A pledge's whole value counts, for a pledge does not say how much of it goes where.
    """

    pledges: Proportion
    value: Proportion


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A pledge that was fulfilled, scaled up, scaled down or withdrawn on a day of the period.

    `usd` is what that moved: for a fulfilment the value promised then; for a change of scale the difference in
    promised dollars, below zero for less; for a withdrawal the value promised that was not delivered. `reason` is the
    pledger's words: a fulfilment's statement, a reason, None where none is asked for.
    """

    reference: str
    title: str
    lead: UUID
    lead_name: str
    on: date
    usd: Decimal
    reason: str | None


@dataclass(frozen=True, slots=True)
class Unnamed:
    """Pledges that are counted and not named, since BDT did not admit them; and the US dollars they promised."""

    pledges: int = 0
    usd: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What happened to pledges in the period, each list by day and reference.

    A pledge that was scaled twice is listed twice. `declined` and `withdrawn_before_admission` are counted only.
    """

    fulfilled: tuple[Change, ...]
    scaled_up: tuple[Change, ...]
    scaled_down: tuple[Change, ...]
    withdrawn: tuple[Change, ...]
    declined: Unnamed
    withdrawn_before_admission: Unnamed


@dataclass(frozen=True, slots=True)
class Response:
    """Of the pledges with this key that stand at the end of the period, how many were reported on in it."""

    key: Key
    reported: Proportion


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseRates:
    """Who answered: pledges with a progress report that is effective in the period, which is on a period that ends
    in it, out of the pledges that stand at its end."""

    overall: Proportion
    by_sector: tuple[Response, ...]
    by_focus_area: tuple[Response, ...]
    by_type: tuple[Response, ...]


@dataclass(frozen=True, slots=True)
class HealthBucket:
    """How many of the standing pledges are in a state of reporting at the end of the period."""

    health: ReportingHealth
    pledges: Proportion


@dataclass(frozen=True, slots=True)
class Debtor:
    """An organisation that owes reports, the longest owed first."""

    lead: UUID
    lead_name: str
    sector: Sector
    since: date
    obligations: tuple[Obligation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportingState:
    """How reporting stands at the end of the period: every bucket, also the empty ones; and who owes since when.

    `debtors` by name of the organisation.
    """

    buckets: tuple[HealthBucket, ...]
    debtors: tuple[Debtor, ...]


@dataclass(frozen=True, slots=True)
class Assessment:
    """How many of the pledges that were reported on assess themselves so, in their latest report of the period."""

    self_assessment: SelfAssessment
    pledges: Proportion


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """What a pledger said of a published pledge in a report of the period, in its own words."""

    reference: str
    title: str
    lead: UUID
    lead_name: str
    sector: Sector
    focus_area: FocusArea
    period_start: date
    period_end: date
    self_assessment: SelfAssessment
    text: str


@dataclass(frozen=True, slots=True)
class BurnUpPoint:
    """US dollars on each rung at the end of a day: a month's last one, or the last of the period."""

    on: date
    validated: Decimal
    delivered: Decimal
    verified: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnUp:
    """The way towards the goal of the coalition, month by month from the first announcement; no points without one.

    `reached` is the last point's validated value, of the goal.
    """

    goal: Decimal
    goal_on: date
    points: tuple[BurnUpPoint, ...]
    reached: Proportion


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressReport:
    """The report for a period, as of a position of the ledger.

    The same position, period and rules version have the same report for ever. `recorded_at` is when the fact at the
    position was recorded. `unadmitted` are the pledges that wait for BDT's decision at the end of the period.
    Voices and stories are by reference and period; the cuts come in the order of `CUTS`.
    """

    period: Period
    position: int
    recorded_at: datetime | None
    rules_version: int
    headline: Headline
    unadmitted: Unnamed
    opening: Balance
    movements: tuple[Movement, ...]
    closing: Balance
    cuts: tuple[Cut, ...]
    least_developed: Reach
    women: Reach
    top_sdgs: tuple[Row, ...]
    changes: Changes
    responses: ResponseRates
    reporting: ReportingState
    self_assessments: tuple[Assessment, ...]
    challenges: tuple[Voice, ...]
    next_steps: tuple[Voice, ...]
    good_practices: tuple[Story, ...]
    burn_up: BurnUp

    def cut(self, dimension: Dimension) -> Cut:
        """The portfolio by this dimension, one of `CUTS`. Raises KeyError for another."""
        for cut in self.cuts:
            if cut.dimension is dimension:
                return cut
        raise KeyError(dimension)


CUTS: tuple[Dimension, ...] = (
    Dimension.FOCUS_AREA,
    Dimension.PILLAR,
    Dimension.TYPE,
    Dimension.SECTOR,
    Dimension.PLEDGER_REGION,
    Dimension.REGION,
    Dimension.TARGET_GROUP,
    Dimension.BENEFICIARY_GROUP,
    Dimension.SDG,
    Dimension.WSIS_LINE,
)
"""By what a report cuts the portfolio."""

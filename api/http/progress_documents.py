"""What progress reports look like, for the description of the service; `audit.progress_report` makes them."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.http.documents import DecimalText, Instant
from api.http.obligation_documents import ObligationDocument
from api.http.snapshot_documents import TotalDocument
from api.http.story_documents import StoryDocument
from domain.dimensions import Dimension
from domain.vocabulary import FocusArea, ReportingHealth, Sector, SelfAssessment

RateText = Annotated[str | None, Field(description="`part` of `whole`, of 1; null where there is no whole")]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PeriodDocument(_Document):
    """The days from `start` to `end`, both included."""

    start: date
    end: date


class PledgesProportion(_Document):
    """So many pledges out of so many."""

    part: int
    whole: int
    rate: RateText


class ValueProportion(_Document):
    """So many US dollars out of so many."""

    part: DecimalText
    whole: DecimalText
    rate: RateText


class LadderDocument(_Document):
    """US dollars on each rung, never to be added; below zero only in a change."""

    announced_usd: DecimalText
    validated_usd: DecimalText
    delivered_usd: DecimalText
    verified_usd: DecimalText


class FigureDocument(_Document):
    """A number to date, and what of it is new in the period."""

    to_date: int
    new: int


class ValueDocument(_Document):
    """US dollars to date, and what of them is new in the period."""

    to_date: DecimalText
    new: DecimalText


class HeadlineDocument(_Document):
    """Pledges that are admitted and not withdrawn: their number, validated value, organisations and countries."""

    pledges: FigureDocument
    value: ValueDocument
    organisations: FigureDocument
    countries: FigureDocument


class UnnamedDocument(_Document):
    """Pledges that BDT did not admit: counted, with the US dollars they promised, and not named."""

    pledges: int
    usd: DecimalText


class BalanceDocument(_Document):
    """The whole register at the end of a day."""

    on: date
    total: TotalDocument


class MovementDocument(_Document):
    """What one cause changed; the changes of all causes sum to closing minus opening, to the cent.

    `pledges` is how many it touched, `counted` by how many it changed the number of those that stand.
    """

    cause: str
    pledges: int
    change: LadderDocument
    counted: int


class RowDocument(_Document):
    """One part of the portfolio; the key is null for what pledges do not state, and for the whole."""

    key: str | int | None
    pledges: int
    ladder: LadderDocument
    new_pledges: int
    new_value: DecimalText
    new_delivered: DecimalText


class CutDocument(_Document):
    """The portfolio by one dimension. A pledge counts fully in each part that it touches, and once in the whole."""

    dimension: Dimension
    rows: list[RowDocument]
    whole: RowDocument


class ReachDocument(_Document):
    """How many pledges reach a group, and how much of the validated value is theirs."""

    pledges: PledgesProportion
    value: ValueProportion


class ChangeDocument(_Document):
    """A pledge that was fulfilled, scaled up, scaled down or withdrawn, and the US dollars that this moved."""

    reference: str
    title: str
    lead: UUID
    lead_name: str
    on: date
    usd: DecimalText
    reason: str | None


class ChangesDocument(_Document):
    """What happened to pledges in the period."""

    fulfilled: list[ChangeDocument]
    scaled_up: list[ChangeDocument]
    scaled_down: list[ChangeDocument]
    withdrawn: list[ChangeDocument]
    declined: UnnamedDocument
    withdrawn_before_admission: UnnamedDocument


class ResponseDocument(_Document):
    """Of the standing pledges with this key, how many were reported on in the period."""

    key: str | int | None
    reported: PledgesProportion


class ResponseRatesDocument(_Document):
    """Pledges that were reported on in the period, out of those that stand at its end."""

    overall: PledgesProportion
    by_sector: list[ResponseDocument]
    by_focus_area: list[ResponseDocument]
    by_type: list[ResponseDocument]


class HealthBucketDocument(_Document):
    """How many of the standing pledges are in this state of reporting."""

    health: ReportingHealth
    pledges: PledgesProportion


class DebtorDocument(_Document):
    """An organisation that owes reports, and since when."""

    lead: UUID
    lead_name: str
    sector: Sector
    since: date
    obligations: list[ObligationDocument]


class ReportingStateDocument(_Document):
    """How reporting stands at the end of the period."""

    buckets: list[HealthBucketDocument]
    debtors: list[DebtorDocument]


class AssessmentDocument(_Document):
    """How many of the pledges that were reported on judge themselves so."""

    self_assessment: SelfAssessment
    pledges: PledgesProportion


class VoiceDocument(_Document):
    """What a pledger said in a report of the period."""

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


class BurnUpPointDocument(_Document):
    """US dollars at the end of a month, or of the period."""

    on: date
    validated: DecimalText
    delivered: DecimalText
    verified: DecimalText


class BurnUpDocument(_Document):
    """The way towards the goal; `reached` is the last point's validated value, of the goal."""

    goal: DecimalText
    goal_on: date
    points: list[BurnUpPointDocument]
    reached: ValueProportion


class ProgressReportDocument(_Document):
    """The report for a period, as of a position of the ledger.

    The same position, period and rules version give the same bytes for ever. `digest` is the SHA-256 of the canonical
    JSON (RFC 8785) of the document without it.
    """

    period: PeriodDocument
    position: int
    as_of: Instant | None
    rules_version: int
    headline: HeadlineDocument
    unadmitted: UnnamedDocument
    opening: BalanceDocument
    movements: list[MovementDocument]
    closing: BalanceDocument
    cuts: list[CutDocument]
    least_developed: ReachDocument
    women: ReachDocument
    top_sdgs: list[RowDocument]
    changes: ChangesDocument
    responses: ResponseRatesDocument
    reporting: ReportingStateDocument
    self_assessments: list[AssessmentDocument]
    challenges: list[VoiceDocument]
    next_steps: list[VoiceDocument]
    good_practices: list[StoryDocument]
    burn_up: BurnUpDocument
    digest: str

"""What can be asked of a pledge: imperative verbs, as plain values.

A command states; it is not checked yet. `domain.decisions` turns it into facts or refuses it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from domain.events import Description
from domain.values import Evidence, GoodPractice, Source, StatedMoney
from domain.vocabulary import Additionality, BeneficiaryGroup, FocusArea, PledgeType, SelfAssessment


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetStatement:
    """A target as stated: money for the measure `money`, a count for every other."""

    id: str
    measure: str
    value: StatedMoney | Decimal
    baseline: Decimal = Decimal(0)
    due_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContributionStatement:
    """A contribution as stated; without an id it is given the next free one."""

    target: str
    amount: StatedMoney | Decimal
    effective_on: date
    id: str | None = None
    description: str | None = None
    evidence: tuple[Evidence, ...] = ()
    country: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """An organisation that shares the promise, and its part of the value if one was agreed."""

    organisation: UUID
    share: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Announce:
    """Make a promise in public; without a reference the application gives it the next one."""

    lead: UUID
    title: str
    description: str
    type: PledgeType
    focus_area: FocusArea
    partners: tuple[Partner, ...] = ()
    pillars: tuple[str, ...] = ()
    targets: tuple[TargetStatement, ...] = ()
    countries: tuple[str, ...] = ()
    beneficiary_groups: tuple[BeneficiaryGroup, ...] = ()
    sdgs: tuple[int, ...] = ()
    wsis_lines: tuple[str, ...] = ()
    announced_on: date | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    occasion: str | None = None
    additionality: Additionality | None = None
    source: Source | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Validate:
    """Admit the pledge to the published register."""

    note: str | None = None
    effective_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline:
    """Refuse to admit the pledge."""

    reason: str
    effective_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleUp:
    """Promise more: higher values, new targets, further countries, a later end."""

    targets: tuple[TargetStatement, ...] = ()
    new_targets: tuple[TargetStatement, ...] = ()
    countries: tuple[str, ...] = ()
    ends_on: date | None = None
    effective_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleDown:
    """Promise less, and say why."""

    targets: tuple[TargetStatement, ...]
    reason: str
    effective_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribute:
    """Record what was delivered."""

    contributions: tuple[ContributionStatement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Report on a period, with what was delivered if that is not recorded yet."""

    period_start: date
    period_end: date
    narrative: str
    self_assessment: SelfAssessment
    challenges: str | None = None
    next_steps: str | None = None
    good_practices: tuple[GoodPractice, ...] = ()
    contributions: tuple[ContributionStatement, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fulfil:
    """State that the promise is kept, with the last contributions if any."""

    statement: str
    effective_on: date | None = None
    contributions: tuple[ContributionStatement, ...] = ()
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyContribution:
    """Confirm that the evidence of a contribution was checked."""

    contribution: str
    note: str | None = None
    effective_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryContribution:
    """Ask about a contribution."""

    contribution: str
    question: str
    effective_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Correct:
    """Take a contribution back, or replace its figures."""

    contribution: str
    reason: str
    replacement: ContributionStatement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Amend:
    """Put a descriptive mistake right."""

    changes: Description
    reason: str
    effective_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """Leave the promise, and say why."""

    reason: str
    superseded_by: str | None = None
    effective_on: date | None = None


PledgeCommand = (
    Announce
    | Validate
    | Decline
    | ScaleUp
    | ScaleDown
    | Contribute
    | Report
    | Fulfil
    | VerifyContribution
    | QueryContribution
    | Correct
    | Amend
    | Withdraw
)

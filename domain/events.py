"""The facts: everything that can happen to a pledge, one class each, with one line that says what it means.

They are stored for ever. A field may be added with a default; what a field means never changes. Stored names
and shapes are `audit.envelope`'s business.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from domain.named_ids import named_id
from domain.values import Actor, Contribution, Evidence, GoodPractice, Party, Source, Target
from domain.vocabulary import (
    Additionality,
    BeneficiaryGroup,
    FocusArea,
    PledgeType,
    Region,
    Sector,
    SelfAssessment,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every fact carries: whose history it belongs to, where in it, when it was true, who said so."""

    originator_id: UUID
    originator_version: int
    effective_on: date
    actor: Actor
    command_id: UUID
    idempotency_key: str | None = None

    @property
    def event_id(self) -> UUID:
        """The same for one attempt of one command, and for nothing else."""
        return named_id(self.command_id, f"{self.originator_id!s}/{self.originator_version}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced(Event):
    """The lead organisation made the promise in public."""

    reference: str
    title: str
    description: str
    lead: Party
    type: PledgeType
    focus_area: FocusArea
    partners: tuple[Party, ...] = ()
    pillars: tuple[str, ...] = ()
    targets: tuple[Target, ...] = ()
    countries: tuple[str, ...] = ()
    beneficiary_groups: tuple[BeneficiaryGroup, ...] = ()
    sdgs: tuple[int, ...] = ()
    wsis_lines: tuple[str, ...] = ()
    starts_on: date | None = None
    ends_on: date | None = None
    occasion: str | None = None
    additionality: Additionality | None = None
    source: Source | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated(Event):
    """BDT admitted the pledge to the published register."""

    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined(Event):
    """BDT refused to admit the pledge."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetChange:
    """A target as it was and as it is now."""

    before: Target
    after: Target


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledUp(Event):
    """The promise grew: higher values, new targets, more countries or a later end."""

    targets: tuple[TargetChange, ...] = ()
    new_targets: tuple[Target, ...] = ()
    new_countries: tuple[str, ...] = ()
    ends_on_before: date | None = None
    ends_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledDown(Event):
    """The promise shrank, and the pledger said why."""

    targets: tuple[TargetChange, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartiallyFulfilled(Event):
    """Something was delivered, on one day."""

    contributions: tuple[Contribution, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported(Event):
    """The pledger reported on a period; the fact is effective on the period's last day."""

    period_start: date
    period_end: date
    narrative: str
    self_assessment: SelfAssessment
    challenges: str | None = None
    next_steps: str | None = None
    good_practices: tuple[GoodPractice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fulfilled(Event):
    """The pledger stated that the promise is kept; last contributions stand just before it."""

    statement: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContributionVerified(Event):
    """BDT checked the evidence of a contribution."""

    contribution: str
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContributionQueried(Event):
    """BDT asked about a contribution; until it is verified it does not count as verified."""

    contribution: str
    question: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected(Event):
    """A contribution was taken back, or its figures replaced; it never counted, so the fact is effective on
    the contribution's own day. A replacement of another day follows as a `PartiallyFulfilled` of that day."""

    contribution: str
    reason: str
    replacement: Contribution | None = None
    reopens: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """The descriptive part of a pledge; None is what an amendment leaves as it is."""

    title: str | None = None
    description: str | None = None
    type: PledgeType | None = None
    focus_area: FocusArea | None = None
    pillars: tuple[str, ...] | None = None
    countries: tuple[str, ...] | None = None
    beneficiary_groups: tuple[BeneficiaryGroup, ...] | None = None
    sdgs: tuple[int, ...] | None = None
    wsis_lines: tuple[str, ...] | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    occasion: str | None = None
    additionality: Additionality | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Amended(Event):
    """A descriptive mistake was put right: what was written, and what is."""

    before: Description
    after: Description
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn(Event):
    """The pledger left the promise and said why."""

    reason: str
    superseded_by: str | None = None


PledgeEvent = (
    Announced
    | Validated
    | Declined
    | ScaledUp
    | ScaledDown
    | PartiallyFulfilled
    | Reported
    | Fulfilled
    | ContributionVerified
    | ContributionQueried
    | Corrected
    | Amended
    | Withdrawn
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered(Event):
    """A stakeholder joined the register."""

    name: str
    sector: Sector
    country: str | None = None
    region: Region | None = None
    website: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed(Event):
    """The stakeholder goes by another name."""

    name: str
    former_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deactivated(Event):
    """The stakeholder takes on nothing new; what it pledged stays."""

    reason: str


OrganisationEvent = Registered | Renamed | Deactivated


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotIdentity:
    """What a point-in-time snapshot is of, so that anybody can take it again, and the digest it must have then.

    `position` and `effective_on` are its moment; `group_by` and `attribution` are codes of `domain.dimensions`.
    """

    position: int
    effective_on: date
    rules_version: int
    digest: str
    group_by: tuple[str, ...] = ()
    attribution: str = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published(Event):
    """BDT published a snapshot; the fact is effective on the day of its publication, not on the snapshot's."""

    title: str
    snapshot: SnapshotIdentity


PublicationEvent = Published
AnyEvent = PledgeEvent | OrganisationEvent | PublicationEvent

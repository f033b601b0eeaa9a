"""What clients may say, one body for each command, and the command it means."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from api.http.statements import (
    Amount,
    Body,
    ContributionBody,
    CountryCode,
    Day,
    EvidenceBody,
    GoodPracticeBody,
    PillarCode,
    SdgNumber,
    TargetBody,
    WsisLine,
)
from domain import commands as asked
from domain.events import Description
from domain.vocabulary import (
    Additionality,
    BeneficiaryGroup,
    FocusArea,
    PledgeType,
    SelfAssessment,
)


def _refuse_targets(value: object) -> None:
    if value is not None:
        raise PydanticCustomError(
            "targets_are_scaled",
            "Targets are not amended: raise them with a scale-up, lower them with a scale-down and its reason.",
        )


class PartnerBody(Body):
    """An organisation that shares the promise."""

    organisation: UUID
    share: Amount | None = None


class Announcement(Body):
    """A promise made in public; the service gives it its reference."""

    lead: UUID
    title: str
    description: str
    type: PledgeType
    focus_area: FocusArea
    pillars: tuple[PillarCode, ...] = ()
    targets: tuple[TargetBody, ...] = ()
    countries: tuple[CountryCode, ...] = ()
    beneficiary_groups: tuple[BeneficiaryGroup, ...] = ()
    sdgs: tuple[SdgNumber, ...] = ()
    wsis_lines: tuple[WsisLine, ...] = ()
    partners: tuple[PartnerBody, ...] = ()
    announced_on: Day | None = None
    starts_on: Day | None = None
    ends_on: Day | None = None
    occasion: str | None = None
    additionality: Additionality | None = None

    def command(self) -> asked.Announce:
        """What is asked."""
        return asked.Announce(
            lead=self.lead,
            title=self.title,
            description=self.description,
            type=self.type,
            focus_area=self.focus_area,
            partners=tuple(asked.Partner(organisation=p.organisation, share=p.share) for p in self.partners),
            pillars=self.pillars,
            targets=tuple(target.stated() for target in self.targets),
            countries=self.countries,
            beneficiary_groups=self.beneficiary_groups,
            sdgs=self.sdgs,
            wsis_lines=self.wsis_lines,
            announced_on=self.announced_on,
            starts_on=self.starts_on,
            ends_on=self.ends_on,
            occasion=self.occasion,
            additionality=self.additionality,
        )


class Validation(Body):
    """The admission to the published register."""

    note: str | None = None

    def command(self) -> asked.Validate:
        """What is asked."""
        return asked.Validate(note=self.note)


class Reason(Body):
    """Why."""

    reason: str


class Declining(Reason):
    """The refusal to admit a pledge."""

    def command(self) -> asked.Decline:
        """What is asked."""
        return asked.Decline(reason=self.reason)


class ScalingUp(Body):
    """More is promised: higher values, new targets, further countries, a later end."""

    targets: tuple[TargetBody, ...] = ()
    new_targets: tuple[TargetBody, ...] = ()
    countries: tuple[CountryCode, ...] = ()
    ends_on: Day | None = None
    effective_on: Day | None = None

    def command(self) -> asked.ScaleUp:
        """What is asked."""
        return asked.ScaleUp(
            targets=tuple(target.stated() for target in self.targets),
            new_targets=tuple(target.stated() for target in self.new_targets),
            countries=self.countries,
            ends_on=self.ends_on,
            effective_on=self.effective_on,
        )


class ScalingDown(Body):
    """Less is promised, for a reason."""

    targets: tuple[TargetBody, ...]
    reason: str
    effective_on: Day | None = None

    def command(self) -> asked.ScaleDown:
        """What is asked."""
        return asked.ScaleDown(
            targets=tuple(target.stated() for target in self.targets),
            reason=self.reason,
            effective_on=self.effective_on,
        )


class Contributions(Body):
    """What was delivered."""

    contributions: tuple[ContributionBody, ...]

    def command(self) -> asked.Contribute:
        """What is asked."""
        return asked.Contribute(contributions=tuple(c.stated() for c in self.contributions))


class ProgressReport(Body):
    """A report on a period, with what was delivered if that is not recorded yet."""

    period_start: Day
    period_end: Day
    narrative: str
    self_assessment: SelfAssessment
    challenges: str | None = None
    next_steps: str | None = None
    good_practices: tuple[GoodPracticeBody, ...] = ()
    contributions: tuple[ContributionBody, ...] = ()

    def command(self) -> asked.Report:
        """What is asked."""
        return asked.Report(
            period_start=self.period_start,
            period_end=self.period_end,
            narrative=self.narrative,
            self_assessment=self.self_assessment,
            challenges=self.challenges,
            next_steps=self.next_steps,
            good_practices=tuple(practice.stated() for practice in self.good_practices),
            contributions=tuple(c.stated() for c in self.contributions),
        )


class Fulfilment(Body):
    """The statement that the promise is kept."""

    statement: str
    effective_on: Day | None = None
    contributions: tuple[ContributionBody, ...] = ()
    evidence: tuple[EvidenceBody, ...] = ()

    def command(self) -> asked.Fulfil:
        """What is asked."""
        return asked.Fulfil(
            statement=self.statement,
            effective_on=self.effective_on,
            contributions=tuple(c.stated() for c in self.contributions),
            evidence=tuple(item.stated() for item in self.evidence),
        )


class Verification(Body):
    """The evidence of a contribution was checked."""

    note: str | None = None

    def command(self, contribution: str) -> asked.VerifyContribution:
        """What is asked."""
        return asked.VerifyContribution(contribution=contribution, note=self.note)


class Question(Body):
    """A question about a contribution."""

    question: str

    def command(self, contribution: str) -> asked.QueryContribution:
        """What is asked."""
        return asked.QueryContribution(contribution=contribution, question=self.question)


class Correction(Body):
    """A contribution taken back, or its figures replaced."""

    reason: str
    replacement: ContributionBody | None = None

    def command(self, contribution: str) -> asked.Correct:
        """What is asked."""
        return asked.Correct(
            contribution=contribution,
            reason=self.reason,
            replacement=self.replacement.stated() if self.replacement else None,
        )


class Amendment(Body):
    """A descriptive mistake put right; what is not given, or null, stays as it is."""

    reason: str
    title: str | None = None
    description: str | None = None
    type: PledgeType | None = None
    focus_area: FocusArea | None = None
    pillars: tuple[PillarCode, ...] | None = None
    countries: tuple[CountryCode, ...] | None = None
    beneficiary_groups: tuple[BeneficiaryGroup, ...] | None = None
    sdgs: tuple[SdgNumber, ...] | None = None
    wsis_lines: tuple[WsisLine, ...] | None = None
    starts_on: Day | None = None
    ends_on: Day | None = None
    occasion: str | None = None
    additionality: Additionality | None = None
    targets: SkipJsonSchema[Annotated[None, BeforeValidator(_refuse_targets)]] = None

    def command(self) -> asked.Amend:
        """What is asked."""
        changes: dict[str, Any] = {name: getattr(self, name) for name in Description.__dataclass_fields__}
        return asked.Amend(changes=Description(**changes), reason=self.reason)


class Withdrawal(Body):
    """An honest exit, perhaps in favour of another pledge."""

    reason: str
    superseded_by: str | None = None

    def command(self) -> asked.Withdraw:
        """What is asked."""
        return asked.Withdraw(reason=self.reason, superseded_by=self.superseded_by)

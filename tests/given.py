"""How a pledge is tested: `given(facts).when(command).then(facts)`, or `.refused(because)`.

What a test does not say is filled in with something plain; only what it says is compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID, uuid5

from domain.circumstances import Circumstances
from domain.commands import Announce, ContributionStatement, PledgeCommand, TargetStatement
from domain.decisions import decide
from domain.events import (
    Announced,
    ContributionVerified,
    Declined,
    Event,
    Fulfilled,
    PartiallyFulfilled,
    PledgeEvent,
    Reported,
    Validated,
    Withdrawn,
)
from domain.organisation import Organisation
from domain.pledge import Pledge, fold
from domain.refusals import Refused
from domain.values import (
    MONEY,
    Actor,
    Contribution,
    Evidence,
    Money,
    Party,
    StatedMoney,
    Target,
    UsdRate,
)
from domain.vocabulary import FocusArea, PledgeType, Region, Role, Sector, SelfAssessment

Refusal = TypeVar("Refusal", bound=Refused)

SPACE = UUID("00000000-0000-4000-8000-000000000000")
PLEDGE = uuid5(SPACE, "pledge")
COMMAND = uuid5(SPACE, "command")
ANNOUNCED_ON = date(2024, 1, 1)
TODAY = date(2026, 6, 1)
ACTOR = Actor(role=Role.STAKEHOLDER, organisation=uuid5(SPACE, "Lead"))
RATE = UsdRate(rate=Decimal("1.25"), on=ANNOUNCED_ON, source="a test")


def organisation(name: str = "Lead", **given: Any) -> Organisation:
    """An organisation known by its name."""
    return replace(
        Organisation(
            id=uuid5(SPACE, name),
            version=1,
            name=name,
            sector=Sector.PRIVATE_SECTOR,
            country="KEN",
            region=Region.AFRICA,
        ),
        **given,
    )


def party(name: str = "Lead", share: str | None = None) -> Party:
    """The same organisation as a party to a pledge."""
    o = organisation(name)
    return Party(
        organisation=o.id,
        sector=o.sector,
        country=o.country,
        region=o.region,
        share=None if share is None else Decimal(share),
    )


def schools(value: int | str, id: str = "schools", **given: Any) -> Target:
    """A target counted in schools."""
    return replace(Target(id=id, measure="schools_connected", value=Decimal(value)), **given)


def usd(amount: int | str) -> Money:
    """US dollars as they are recorded."""
    return Money(amount=Decimal(amount), currency="USD", usd=Decimal(amount))


def money(value: Money, id: str = MONEY, **given: Any) -> Target:
    """A target in money."""
    return replace(Target(id=id, measure=MONEY, value=value), **given)


def stating(target: Target, value: int | str | None = None, **given: Any) -> TargetStatement:
    """The same target as somebody states it, with another value if one is given."""
    amount = target.value
    if isinstance(amount, Money):
        number = amount.amount if value is None else Decimal(value)
        stated: StatedMoney | Decimal = StatedMoney(amount=number, currency=amount.currency)
    else:
        stated = amount if value is None else Decimal(value)
    return replace(TargetStatement(id=target.id, measure=target.measure, value=stated), **given)


def delivering(
    amount: int | str | StatedMoney, target: str = "schools", on: date = date(2025, 1, 1), **given: Any
) -> ContributionStatement:
    """A contribution as somebody states it."""
    stated = amount if isinstance(amount, StatedMoney) else Decimal(amount)
    return replace(ContributionStatement(target=target, amount=stated, effective_on=on), **given)


def contribution(
    id: str, amount: int | str | Money, target: str = "schools", on: date = date(2025, 1, 1), **given: Any
) -> Contribution:
    """A contribution as it is recorded."""
    recorded = amount if isinstance(amount, Money) else Decimal(amount)
    return replace(Contribution(id=id, target=target, amount=recorded, effective_on=on), **given)


def header(on: date) -> dict[str, Any]:
    """What every fact carries; versions are given by `given`."""
    return {
        "originator_id": PLEDGE,
        "originator_version": 0,
        "effective_on": on,
        "actor": ACTOR,
        "command_id": COMMAND,
    }


def announced(*targets: Target, on: date = ANNOUNCED_ON, **more: Any) -> Announced:
    """The pledge was announced, with these targets."""
    described: dict[str, Any] = {
        "reference": "P2C-2024-000001",
        "title": "Schools online",
        "description": "Fibre for rural schools.",
        "lead": party(),
        "type": PledgeType.PROGRAMMATIC,
        "focus_area": FocusArea.ACCESS,
    }
    return Announced(**header(on), **{**described, "targets": targets, **more})


def validated(on: date = ANNOUNCED_ON) -> Validated:
    """BDT admitted it."""
    return Validated(**header(on))


def declined(on: date = ANNOUNCED_ON) -> Declined:
    """BDT refused it."""
    return Declined(**header(on), reason="not a pledge")


def contributed(*contributions: Contribution) -> PartiallyFulfilled:
    """Something was delivered, all on one day."""
    return PartiallyFulfilled(**header(contributions[0].effective_on), contributions=contributions)


def reported(start: date, end: date) -> Reported:
    """A report on a period was made."""
    return Reported(
        **header(end),
        period_start=start,
        period_end=end,
        narrative="Going well.",
        self_assessment=SelfAssessment.ON_TRACK,
    )


def fulfilled(on: date = date(2025, 6, 1)) -> Fulfilled:
    """It was stated to be kept."""
    return Fulfilled(**header(on), statement="Done.", evidence=(Evidence(url="https://example.org/report"),))


def withdrawn(on: date = date(2025, 6, 1)) -> Withdrawn:
    """The pledger left."""
    return Withdrawn(**header(on), reason="no funds")


def verified(id: str, on: date = date(2025, 6, 1)) -> ContributionVerified:
    """BDT checked a contribution."""
    return ContributionVerified(**header(on), contribution=id)


@dataclass(frozen=True)
class Given:
    """A history, and what is asked of it."""

    history: tuple[PledgeEvent, ...]
    at: Circumstances = field(
        default_factory=lambda: Circumstances(
            actor=ACTOR, today=TODAY, command_id=COMMAND, organisations=registry().get
        )
    )

    @property
    def pledge(self) -> Pledge | None:
        """The pledge after its history."""
        return fold(None, self.history)

    def on(self, today: date) -> Given:
        """The same, asked on another day."""
        return replace(self, at=replace(self.at, today=today))

    def where(self, **circumstances: Any) -> Given:
        """The same under other circumstances: rates, organisations."""
        return replace(self, at=replace(self.at, **circumstances))

    def when(self, command: PledgeCommand) -> Outcome:
        """What the command leads to."""
        try:
            return Outcome(self, decide(PLEDGE, self.pledge, command, self.at), None)
        except Refused as refusal:
            return Outcome(self, (), refusal)


@dataclass(frozen=True)
class Outcome:
    """The facts a command caused, or why it was refused."""

    given: Given
    facts: tuple[PledgeEvent, ...]
    refusal: Refused | None

    def then(self, *expected: PledgeEvent) -> Outcome:
        """The command caused exactly these facts, in this order, lawfully numbered."""
        assert self.refusal is None, f"refused: {self.refusal!r}"
        first = (self.given.pledge.version if self.given.pledge else 0) + 1
        assert [f.originator_version for f in self.facts] == list(range(first, first + len(self.facts)))
        assert [plain(fact) for fact in self.facts] == [plain(fact) for fact in expected]
        return self

    def refused(self, because: type[Refusal], *, field: str | None = None) -> Refusal:
        """The command was refused for this reason, about this field; the refusal."""
        assert self.refusal is not None, f"not refused: {self.facts}"
        assert isinstance(self.refusal, because), repr(self.refusal)
        assert self.refusal.message
        assert self.refusal.remedy
        if field is not None:
            assert self.refusal.field == field
        return self.refusal

    @property
    def pledge(self) -> Pledge:
        """The pledge after the facts."""
        assert self.refusal is None, f"refused: {self.refusal!r}"
        pledge = fold(self.given.pledge, self.facts)
        assert pledge is not None
        return pledge


def given(*history: PledgeEvent) -> Given:
    """A pledge with this history, numbered in order."""
    return Given(tuple(replace(event, originator_version=n) for n, event in enumerate(history, start=1)))


def plain(event: Event) -> tuple[type[Event], dict[str, Any]]:
    """What a fact says, without its number and its command."""
    left_out = {"originator_version", "command_id", "idempotency_key", "originator_id", "actor"}
    return type(event), {f.name: getattr(event, f.name) for f in fields(event) if f.name not in left_out}


def registry(*more: Organisation) -> dict[UUID, Organisation]:
    """The organisations the tests know."""
    known: Sequence[Organisation] = (organisation("Lead"), organisation("Partner"), organisation("Other"), *more)
    return {o.id: o for o in known}


def announcement(*targets: TargetStatement, **more: Any) -> Announce:
    """The command that leads to `announced()`."""
    described: dict[str, Any] = {
        "reference": "P2C-2024-000001",
        "title": "Schools online",
        "description": "Fibre for rural schools.",
        "lead": organisation("Lead").id,
        "type": PledgeType.PROGRAMMATIC,
        "focus_area": FocusArea.ACCESS,
        "announced_on": ANNOUNCED_ON,
    }
    return Announce(**{**described, "targets": targets, **more})

"""The story as commands: who did what on which day, in the order in which it happened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import chain
from typing import Any
from uuid import UUID, uuid5

from application.sample import KEY_PREFIX, REGISTER, labelled_description, labelled_name, labelled_title, statements
from application.sample.statements import Table
from domain.commands import (
    Amend,
    Announce,
    Contribute,
    Correct,
    Decline,
    Fulfil,
    Partner,
    PledgeCommand,
    QueryContribution,
    Report,
    ScaleDown,
    ScaleUp,
    Validate,
    VerifyContribution,
    Withdraw,
)
from domain.events import Description
from domain.organisation import Deactivate, OrganisationCommand, Register, Rename
from domain.values import Actor, GoodPractice, Source
from domain.vocabulary import (
    Additionality,
    BeneficiaryGroup,
    FocusArea,
    PledgeType,
    Region,
    Role,
    Sector,
    SelfAssessment,
)

YEARS = (2022, 2023, 2024, 2025, 2026)
ORGANISATIONS = UUID("1b0d5b76-8f52-5c0e-9d0a-7a0c54a3f2de")
"""The name space of sample organisations: the same ones in every ledger."""

BDT = Actor(role=Role.BDT)
_DECIDED_BY_BDT = frozenset({"validate", "decline", "verify", "query"})
_CLASSIFICATION = ("countries", "pillars", "sdgs", "wsis_lines")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationStep:
    """Something that happened to an organisation."""

    on: date
    idempotency_key: str
    organisation: UUID
    command: OrganisationCommand
    actor: Actor = BDT


@dataclass(frozen=True, slots=True, kw_only=True)
class PledgeStep:
    """Something that happened to the pledge with a key of the story; the command may name others by their keys."""

    on: date
    idempotency_key: str
    pledge: str
    command: PledgeCommand
    actor: Actor


Step = OrganisationStep | PledgeStep


@cache
def story() -> Sequence[Step]:
    """All steps, by day; on one day in the order of the files."""
    pledges = chain.from_iterable(statements.read(f"pledges_{year}.toml")["pledge"] for year in YEARS)
    lives = chain.from_iterable(_life(pledge, line) for line, pledge in enumerate(pledges, start=1))
    return sorted(chain(_organisations(), lives), key=lambda step: step.on)


def story_end() -> date:
    """The day of the last step."""
    return story()[-1].on


def organisation_id(key: str) -> UUID:
    """The id of the sample organisation with a key of the story."""
    return uuid5(ORGANISATIONS, key)


def _organisations() -> Iterator[OrganisationStep]:
    told = statements.read("organisations.toml")
    for table in told["organisation"]:
        yield _organisation_step(table["key"], date.min, "registration", _register(table))
    for table in told["renaming"]:
        yield _organisation_step(
            table["organisation"], table["on"], "renaming", Rename(name=labelled_name(table["name"]))
        )
    for table in told["deactivation"]:
        yield _organisation_step(table["organisation"], table["on"], "deactivation", Deactivate(reason=table["reason"]))


def _organisation_step(key: str, on: date, what: str, command: OrganisationCommand) -> OrganisationStep:
    return OrganisationStep(
        on=on,
        idempotency_key=f"{KEY_PREFIX}organisation/{key}/{what}",
        organisation=organisation_id(key),
        command=command,
    )


def _register(table: Table) -> Register:
    return Register(
        name=labelled_name(table["name"]),
        sector=Sector(table["sector"]),
        country=table.get("country"),
        region=Region(table["region"]) if "region" in table else None,
        website=table.get("website"),
    )


def _life(pledge: Table, line: int) -> Iterator[PledgeStep]:
    key, lead = pledge["key"], Actor(role=Role.STAKEHOLDER, organisation=organisation_id(pledge["lead"]))
    steps = sorted(chain(pledge.get("life", ()), pledge.get("report", ())), key=lambda step: step["on"])
    commands: list[tuple[date, Actor, PledgeCommand]] = [(pledge["announced_on"], lead, _announce(pledge, line))]
    commands += [(s["on"], BDT if _DECIDED_BY_BDT & s.keys() else lead, _command(s, pledge)) for s in steps]
    for number, (on, actor, command) in enumerate(commands, start=1):
        yield PledgeStep(
            on=on,
            idempotency_key=f"{KEY_PREFIX}pledge/{key}/{number}",
            pledge=key,
            command=command,
            actor=actor,
        )


def _announce(pledge: Table, line: int) -> Announce:
    on = pledge["announced_on"]
    return Announce(
        lead=organisation_id(pledge["lead"]),
        title=labelled_title(pledge["title"]),
        description=labelled_description(pledge["description"]),
        type=PledgeType(pledge["type"]),
        focus_area=FocusArea(pledge["focus_area"]),
        partners=tuple(_partner(table) for table in pledge.get("partners", ())),
        targets=statements.targets(pledge.get("targets", ()), on),
        beneficiary_groups=tuple(BeneficiaryGroup(group) for group in pledge.get("beneficiary_groups", ())),
        **_classification(pledge),
        announced_on=on,
        starts_on=pledge.get("starts_on"),
        ends_on=pledge.get("ends_on"),
        occasion=pledge.get("occasion"),
        additionality=Additionality(pledge["additionality"]) if "additionality" in pledge else None,
        source=Source(register=REGISTER, record=pledge["key"], line=line),
    )


def _classification(table: Table) -> dict[str, Any]:
    return {name: tuple(table[name]) for name in _CLASSIFICATION if name in table}


def _partner(table: Table) -> Partner:
    share = table.get("share")
    return Partner(
        organisation=organisation_id(table["organisation"]),
        share=Decimal(share) if share else None,
    )


def _command(step: Table, pledge: Table) -> PledgeCommand:
    on = step["on"]
    match step:
        case {"validate": note}:
            return Validate(note=note or None, effective_on=on)
        case {"decline": reason}:
            return Decline(reason=reason, effective_on=on)
        case {"scale_up": raised}:
            return ScaleUp(
                targets=statements.changed_targets(raised.get("targets", ()), statements.measures(pledge["targets"])),
                new_targets=statements.targets(raised.get("new_targets", ()), on),
                countries=tuple(raised.get("countries", ())),
                ends_on=raised.get("ends_on"),
                effective_on=on,
            )
        case {"scale_down": reason, "targets": lowered}:
            measures = statements.measures(pledge["targets"])
            return ScaleDown(targets=statements.changed_targets(lowered, measures), reason=reason, effective_on=on)
        case {"fulfil": statement}:
            delivered = statements.contributions(step)
            evidence = () if delivered else statements.evidence(step)
            return Fulfil(statement=statement, effective_on=on, contributions=delivered, evidence=evidence)
        case {"verify": contribution}:
            return VerifyContribution(contribution=contribution, note=step.get("note"), effective_on=on)
        case {"query": contribution, "question": question}:
            return QueryContribution(contribution=contribution, question=question, effective_on=on)
        case {"correct": contribution, "reason": reason}:
            replacement = next(iter(statements.contributions(step)), None)
            return Correct(contribution=contribution, reason=reason, replacement=replacement)
        case {"amend": reason}:
            return Amend(changes=_amended(step), reason=reason, effective_on=on)
        case {"withdraw": reason}:
            return Withdraw(reason=reason, superseded_by=step.get("superseded_by"), effective_on=on)
        case {"deliver": _}:
            return Contribute(contributions=statements.contributions(step))
        case {"says": _}:
            return _report(step)
        case _:
            raise ValueError(f"{pledge['key']}: the step of {on} says nothing that can happen to a pledge")


def _amended(step: Table) -> Description:
    title, description = step.get("title"), step.get("description")
    return Description(
        title=labelled_title(title) if title else None,
        description=labelled_description(description) if description else None,
        **_classification(step),
    )


def _report(step: Table) -> Report:
    return Report(
        period_start=step["from"],
        period_end=step["to"],
        narrative=step["says"],
        self_assessment=SelfAssessment(step["assessed"]),
        challenges=step.get("challenges"),
        next_steps=step.get("next_steps"),
        good_practices=tuple(GoodPractice(**practice) for practice in step.get("practices", ())),
        contributions=statements.contributions(step),
    )

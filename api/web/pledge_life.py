"""The life of a pledge as its page tells it: each fact in words, and what became of each contribution and report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import cast
from uuid import UUID

from api.languages.texts import Texts
from api.web.stories import Story, lived, story
from application.ledger import Ledger
from audit.envelope import Entry
from domain.events import (
    ContributionQueried,
    ContributionVerified,
    Corrected,
    OrganisationEvent,
    PartiallyFulfilled,
    Reported,
)
from domain.organisation import evolve
from domain.pledge import Pledge
from domain.values import Contribution
from domain.vocabulary import Role

NameAt = Callable[[UUID, int], str]
"""What an organisation was called at a position of the ledger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A fact of a pledge's life: what it did, who said so, when it was true and when it was recorded."""

    version: int
    position: int
    type: str
    effective_on: date
    recorded_at: datetime
    role: Role
    organisation: UUID | None
    organisation_name: str | None
    story: Story


class Standing(StrEnum):
    """What became of a contribution."""

    REPORTED = "reported"
    VERIFIED = "verified"
    QUERIED = "queried"
    CORRECTED = "corrected"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContributionLine:
    """A contribution that was ever recorded. `said` is what was last written about it; `version` that of its fact.

    `replaced_by` is the id of the contribution that has the right figures, where it was corrected so.
    """

    contribution: Contribution
    measure: str
    version: int
    recorded_by: UUID | None
    standing: Standing = Standing.REPORTED
    said: str | None = None
    replaced_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLine:
    """A progress report, and the version and the recorded time of its fact."""

    report: Reported
    version: int
    recorded_at: datetime


def steps(entries: Sequence[Entry], name_at: NameAt, texts: Texts) -> list[Step]:
    """Every fact of the life, in order."""
    return [_step(entry, before, name_at, texts) for entry, before in lived(entries)]


def contributions(entries: Sequence[Entry]) -> list[ContributionLine]:
    """Every contribution that was ever recorded, in the order of the ledger, those that were taken back among them."""
    lines: dict[str, ContributionLine] = {}
    for entry, before in lived(entries):
        match entry.event:
            case PartiallyFulfilled(contributions=given):
                lines |= {one.id: _line(one, entry, before) for one in given}
            case ContributionVerified(contribution=id, note=note) if id in lines:
                lines[id] = replace(lines[id], standing=Standing.VERIFIED, said=note)
            case ContributionQueried(contribution=id, question=question) if id in lines:
                lines[id] = replace(lines[id], standing=Standing.QUERIED, said=question)
            case Corrected(contribution=id, reason=reason, replacement=other):
                if id in lines:
                    lines[id] = replace(lines[id], standing=Standing.CORRECTED, said=reason)
                if other:
                    lines[other.id] = _line(other, entry, before)
            case _:
                pass
    replacements = {line.contribution.replaces: id for id, line in lines.items() if line.contribution.replaces}
    return [replace(line, replaced_by=replacements.get(id)) for id, line in lines.items()]


def reports(entries: Iterable[Entry]) -> list[ReportLine]:
    """Every progress report, the latest period first."""
    found = [
        ReportLine(report=entry.event, version=entry.event.originator_version, recorded_at=entry.recorded_at)
        for entry in entries
        if isinstance(entry.event, Reported)
    ]
    return sorted(found, key=lambda line: line.report.period_end, reverse=True)


def names_through_time(ledger: Ledger, ids: Iterable[UUID]) -> NameAt:
    """What these organisations were called whenever; the id of one that the register did not know."""
    called = {id: list(_names(ledger.entries(id))) for id in ids}

    def name_at(id: UUID, position: int) -> str:
        known = [name for since, name in called.get(id, ()) if since <= position]
        return known[-1] if known else str(id)

    return name_at


def _names(entries: Iterable[Entry]) -> Iterator[tuple[int, str]]:
    organisation = None
    for entry in entries:
        organisation = evolve(organisation, cast("OrganisationEvent", entry.event))
        if organisation:
            yield entry.position, organisation.name


def _step(entry: Entry, before: Pledge | None, name_at: NameAt, texts: Texts) -> Step:
    event, actor = entry.event, entry.event.actor
    return Step(
        version=event.originator_version,
        position=entry.position,
        type=entry.type,
        effective_on=event.effective_on,
        recorded_at=entry.recorded_at,
        role=actor.role,
        organisation=actor.organisation,
        organisation_name=name_at(actor.organisation, entry.position) if actor.organisation else None,
        story=story(event, before, texts),
    )


def _line(given: Contribution, entry: Entry, before: Pledge | None) -> ContributionLine:
    target = before.target(given.target) if before else None
    return ContributionLine(
        contribution=given,
        measure=target.measure if target else given.target,
        version=entry.event.originator_version,
        recorded_by=entry.event.actor.organisation,
    )

"""The organisation: who joins the register, under which name, and whether it is still active.

In the order of reading: what can be asked, what is known, what a fact changes. What is decided stands in
`domain.organisation_decisions`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce
from typing import assert_never
from uuid import UUID

from domain.events import Deactivated, OrganisationEvent, Registered, Renamed
from domain.vocabulary import Region, Sector


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Let a stakeholder join."""

    name: str
    sector: Sector
    country: str | None = None
    region: Region | None = None
    website: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    """Give a stakeholder another name."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deactivate:
    """Let a stakeholder take on nothing new."""

    reason: str


OrganisationCommand = Register | Rename | Deactivate


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """A stakeholder as it is after its facts."""

    id: UUID
    version: int
    name: str
    sector: Sector
    country: str | None = None
    region: Region | None = None
    website: str | None = None
    active: bool = True


def evolve(organisation: Organisation | None, event: OrganisationEvent) -> Organisation | None:
    """The organisation after `event`; total, so that any selection of facts can be folded."""
    if isinstance(event, Registered):
        return Organisation(
            id=event.originator_id,
            version=event.originator_version,
            name=event.name,
            sector=event.sector,
            country=event.country,
            region=event.region,
            website=event.website,
        )
    if organisation is None:
        return None
    organisation = replace(organisation, version=event.originator_version)
    match event:
        case Renamed(name=name):
            return replace(organisation, name=name)
        case Deactivated():
            return replace(organisation, active=False)
        case _:
            assert_never(event)


def fold(organisation: Organisation | None, events: Iterable[OrganisationEvent]) -> Organisation | None:
    """The organisation after all of `events`, in order."""
    return reduce(evolve, events, organisation)

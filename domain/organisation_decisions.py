"""What is decided when something is asked of an organisation: the facts it causes, or a refusal."""

from __future__ import annotations

from typing import assert_never
from uuid import UUID

from domain import refusals
from domain.circumstances import Circumstances, header
from domain.events import Deactivated, OrganisationEvent, Registered, Renamed
from domain.geography import countries
from domain.organisation import Deactivate, Organisation, OrganisationCommand, Register, Rename
from domain.text import require_text
from domain.vocabulary import Region


def decide(
    id: UUID, organisation: Organisation | None, command: OrganisationCommand, at: Circumstances
) -> tuple[OrganisationEvent, ...]:
    """The facts that `command` causes, or a refusal."""
    require_text(command)
    if isinstance(command, Register):
        return (_register(id, organisation, command, at),)
    if organisation is None:
        raise refusals.UnknownOrganisation(str(id))
    if not organisation.active:
        raise refusals.OrganisationDeactivated(organisation.name)
    match command:
        case Rename(name=name):
            if name == organisation.name:
                raise refusals.NameUnchanged(name)
            return (
                Renamed(**header(id, organisation.version, at, at.today), name=name, former_name=organisation.name),
            )
        case Deactivate(reason=reason):
            return (Deactivated(**header(id, organisation.version, at, at.today), reason=reason),)
        case _:
            assert_never(command)


def _register(id: UUID, organisation: Organisation | None, command: Register, at: Circumstances) -> Registered:
    if organisation is not None:
        raise refusals.AlreadyRegistered(organisation.name)
    return Registered(
        **header(id, 0, at, at.today),
        name=command.name,
        sector=command.sector,
        country=command.country,
        region=_region(command),
        website=command.website,
    )


def _region(command: Register) -> Region | None:
    """The ITU region of the country; a stakeholder of no country, or of none the ITU lists, may name one."""
    if command.country is None:
        return command.region
    country = countries().get(command.country)
    if country is None:
        raise refusals.UnknownCodes({"country": [command.country]})
    if country.region is not None and command.region not in (None, country.region):
        raise refusals.ContradictoryRegion(command.country, country.region)
    return country.region or command.region

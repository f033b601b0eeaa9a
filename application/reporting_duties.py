"""Who owes a progress report at a moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from uuid import UUID

from application.moments import Moment
from application.ports import Register
from domain.obligations import Obligation, obligations
from domain.vocabulary import Region, ReportingHealth, Sector


@dataclass(frozen=True, slots=True, kw_only=True)
class Debts:
    """Which obligations are asked about: any of the values of each criterion will do, none means all.

    `region` is where a pledge is implemented, `pledger_region` the lead's.
    """

    health: tuple[ReportingHealth, ...] = ()
    lead: tuple[UUID, ...] = ()
    sector: tuple[Sector, ...] = ()
    region: tuple[Region, ...] = ()
    pledger_region: tuple[Region, ...] = ()

    def include(self, owed: Obligation) -> bool:
        """Whether an obligation meets every criterion."""
        return (
            _meets(owed.health, self.health)
            and _meets(owed.lead, self.lead)
            and _meets(owed.sector, self.sector)
            and _meets(owed.pledger_region, self.pledger_region)
            and (not self.region or bool(set(self.region) & set(owed.regions)))
        )


class ReportingDuties:
    """Tells who owes which report."""

    def __init__(self, register: Register) -> None:
        self._register = register

    def owed(self, at: Moment, debts: Debts) -> tuple[Obligation, ...]:
        """The reports owed at a moment that are asked about, by lead, the longest owed first."""
        found = obligations(self._register.pledges(at), names_at(self._register, at), at.effective_on)
        return tuple(filter(debts.include, found))


def names_at(register: Register, at: Moment) -> Mapping[UUID, str]:
    """What every organisation was called at a moment; where it joined the register later than the effective date,
    as happens to those of an imported register, what it was called when the register knew it."""
    known_by = max(at.effective_on, at.recorded_at.astimezone(UTC).date()) if at.recorded_at else at.effective_on
    found = {**register.organisations(replace(at, effective_on=known_by)), **register.organisations(at)}
    return {id: organisation.name for id, organisation in found.items()}


def _meets(value: object, wanted: tuple[object, ...]) -> bool:
    return not wanted or value in wanted

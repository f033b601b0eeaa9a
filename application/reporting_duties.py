"""Who owes a progress report at a moment."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from itertools import accumulate
from typing import Protocol
from uuid import UUID

from application.moments import Moment
from application.ports import Register
from domain.obligations import Duty, Obligation, in_order_of_leads, owed_of
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


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedPart:
    """A part of the reports that are owed, how many there are of all, and by how many organisations."""

    items: tuple[Obligation, ...]
    of_all: int
    leads: int


class DutiesRegister(Register, Protocol):
    """A register that tells the duties to report that are due, without looking at what else there is of a pledge."""

    def due(self, at: Moment, debts: Debts) -> Sequence[Duty]:
        """All of them, in no order."""

    def due_by_lead(self, at: Moment, debts: Debts) -> Mapping[UUID, int]:
        """How many each lead has that has one."""

    def due_of_leads(self, at: Moment, debts: Debts, leads: Sequence[UUID], *, skip: int, limit: int) -> Sequence[Duty]:
        """At most `limit` of those of some leads, without the first `skip`: by lead, those due for longest first."""


class ReportingDuties:
    """Tells who owes which report."""

    def __init__(self, register: DutiesRegister) -> None:
        self._register = register

    def owed(self, at: Moment, debts: Debts) -> tuple[Obligation, ...]:
        """The reports owed at a moment that are asked about, by lead, the longest owed first."""
        return owed_of(self._register.due(at, debts), names_at(self._register, at), at.effective_on)

    def part(self, at: Moment, debts: Debts, *, skip: int, limit: int) -> OwedPart:
        """At most `limit` of the same list, without the first `skip`."""
        names, due = names_at(self._register, at), self._register.due_by_lead(at, debts)
        ahead, leads = _leads_of_part(in_order_of_leads(due, names), due, skip, limit)
        told = self._register.due_of_leads(at, debts, leads, skip=skip - ahead, limit=limit) if leads else ()
        return OwedPart(items=owed_of(told, names, at.effective_on), of_all=sum(due.values()), leads=len(due))


def _leads_of_part(leads: Sequence[UUID], due: Mapping[UUID, int], skip: int, limit: int) -> tuple[int, Sequence[UUID]]:
    """Whose duties a part of the list has, and how many those have that come before."""
    ends = list(accumulate(due[lead] for lead in leads))
    first, last = bisect_right(ends, skip), bisect_left(ends, skip + limit)
    return ends[first - 1] if first else 0, leads[first : last + 1]


def names_at(register: Register, at: Moment) -> Mapping[UUID, str]:
    """What every organisation was called at a moment; where it joined the register later than the effective date,
    as happens to those of an imported register, what it was called when the register knew it."""
    known_by = max(at.effective_on, at.recorded_at.astimezone(UTC).date()) if at.recorded_at else at.effective_on
    found = {**register.organisations(replace(at, effective_on=known_by)), **register.organisations(at)}
    return {id: organisation.name for id, organisation in found.items()}

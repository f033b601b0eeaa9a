"""Which pledges are wanted, and the same said in SQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, LiteralString
from uuid import UUID

from psycopg import sql

from domain.geography import members
from domain.vocabulary import (
    BeneficiaryGroup,
    CountryGroup,
    FocusArea,
    Lifecycle,
    PledgeType,
    Region,
    ReportingHealth,
    Sector,
)
from projections.database import can_be_stored
from projections.search_text import words


@dataclass(frozen=True, slots=True, kw_only=True)
class PledgeFilters:
    """Which pledges are wanted: those that meet every filter. Empty and None filter nothing.

    Of several values of one filter any will do; of `q` every word has to occur in the reference, the title, the
    description or the lead's name, whatever the case. `region` is the one of implementation, `year` that of the
    announcement, `organisation` the lead or a partner, `register` the one a pledge was imported from; `published`
    pledges are those that BDT admitted; those that the organisation `or_party` leads or is a partner in come with them.
    """

    lifecycle: tuple[Lifecycle, ...] = ()
    type: tuple[PledgeType, ...] = ()
    focus_area: tuple[FocusArea, ...] = ()
    pillar: tuple[str, ...] = ()
    sector: tuple[Sector, ...] = ()
    region: tuple[Region, ...] = ()
    pledger_region: tuple[Region, ...] = ()
    country: tuple[str, ...] = ()
    target_group: tuple[CountryGroup, ...] = ()
    beneficiary_group: tuple[BeneficiaryGroup, ...] = ()
    sdg: tuple[int, ...] = ()
    wsis_line: tuple[str, ...] = ()
    lead: tuple[UUID, ...] = ()
    organisation: tuple[UUID, ...] = ()
    reporting: tuple[ReportingHealth, ...] = ()
    scaled_up: bool | None = None
    year: tuple[int, ...] = ()
    register: tuple[str, ...] = ()
    published: bool | None = None
    or_party: UUID | None = None
    q: str | None = None


_CONDITIONS: Mapping[str, LiteralString] = {
    "lifecycle": "lifecycle = ANY(%(lifecycle)s::text[])",
    "type": "type = ANY(%(type)s::text[])",
    "focus_area": "focus_area = ANY(%(focus_area)s::text[])",
    "pillar": "pillars && %(pillar)s::text[]",
    "sector": "lead_sector = ANY(%(sector)s::text[])",
    "region": "regions && %(region)s::text[]",
    "pledger_region": "lead_region = ANY(%(pledger_region)s::text[])",
    "country": "countries && %(country)s::text[]",
    "beneficiary_group": "beneficiary_groups && %(beneficiary_group)s::text[]",
    "sdg": "sdgs && %(sdg)s::integer[]",
    "wsis_line": "wsis_lines && %(wsis_line)s::text[]",
    "lead": "lead = ANY(%(lead)s::uuid[])",
    "organisation": "(lead = ANY(%(organisation)s::uuid[]) OR partners && %(organisation)s::uuid[])",
    "year": "extract(year FROM announced_on)::integer = ANY(%(year)s::integer[])",
    "register": "source_register = ANY(%(register)s::text[])",
}

REPORTING_HEALTH: Mapping[ReportingHealth, LiteralString] = {
    ReportingHealth.NOT_DUE: "(due_on IS NULL OR %(on)s < due_on)",
    ReportingHealth.NEVER_REPORTED: "(%(on)s >= due_on AND never_reported)",
    ReportingHealth.DUE: "(%(on)s >= due_on AND %(on)s < overdue_on AND NOT never_reported)",
    ReportingHealth.OVERDUE: "(%(on)s >= overdue_on AND %(on)s < silent_on AND NOT never_reported)",
    ReportingHealth.SILENT: "(%(on)s >= silent_on AND NOT never_reported)",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on a row of `pledges`, and the values it names."""

    text: sql.Composable
    values: Mapping[str, Any]


def conditions(filters: PledgeFilters, on: date, current: sql.Composable) -> Iterator[Condition]:
    """What a row must meet, all of it.

    Dates are compared with `on`, which the statement has to be given. `current` tells the interval rows that are
    wanted from earlier and later ones, in `names` too.
    """
    for name, text in _CONDITIONS.items():
        if wanted := getattr(filters, name):
            yield Condition(sql.SQL(text), {name: [v for v in wanted if not isinstance(v, str) or can_be_stored(v)]})
    if filters.scaled_up is not None:
        yield Condition(sql.SQL("scaled_up = %(scaled_up)s"), {"scaled_up": filters.scaled_up})
    if filters.published is not None:
        yield Condition(
            sql.SQL("(published = %(published)s OR lead = %(or_party)s OR %(or_party)s::uuid = ANY(partners))"),
            {"published": filters.published, "or_party": filters.or_party},
        )
    if filters.target_group:
        countries = frozenset[str]().union(*(members(group, on) for group in filters.target_group))
        yield Condition(sql.SQL("countries && %(members)s::text[]"), {"members": sorted(countries)})
    if filters.reporting:
        yield Condition(
            sql.SQL("({})").format(sql.SQL(" OR ").join(sql.SQL(REPORTING_HEALTH[h]) for h in filters.reporting)), {}
        )
    for n, word in enumerate(words(filters.q or "")):
        yield _occurs(word, f"word_{n}", current) if can_be_stored(word) else Condition(sql.SQL("false"), {})


def _occurs(word: str, placeholder: str, current: sql.Composable) -> Condition:
    # Not LIKE, whose signs for "anything" people do write in titles.
    text = sql.SQL(
        "(strpos(searched, {word}) > 0 OR lead IN"
        " (SELECT id FROM pledge_status.names WHERE strpos(searched, {word}) > 0 AND {current}))"
    ).format(word=sql.Placeholder(placeholder), current=current)
    return Condition(text, {placeholder: word})

"""Countries, the ITU's regions, and the country groups, whose membership is a question about a date.

Sources: ISO 3166-1 and UN M49 for codes; the ITU's list of Member States by region (Palestine is listed with
the Arab States; territories have no region of their own); the lists of least developed, landlocked developing
and small island developing countries of the United Nations, with graduation dates from the Committee for
Development Policy. They stand in `data/countries.csv` and `data/country_groups.csv`.

A membership without `since` began before any day that the register is asked about; the data do not say when.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib import resources
from types import MappingProxyType

from domain.vocabulary import LANGUAGES, CountryGroup, Region


@dataclass(frozen=True, slots=True)
class Country:
    """A country or territory of ISO 3166-1: its codes, its ITU region if it has one, its name by language."""

    iso3: str
    iso2: str
    m49: str
    region: Region | None
    names: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Membership:
    """One stay of a country in a group: from `since`, if known, until the day before `until`, if any."""

    group: CountryGroup
    iso3: str
    since: date | None
    until: date | None

    def holds(self, on: date) -> bool:
        """Whether the country is in the group on that day."""
        return (self.since is None or self.since <= on) and (self.until is None or on < self.until)


@cache
def countries() -> Mapping[str, Country]:
    """Every country and territory by ISO 3166-1 alpha-3 code."""
    return MappingProxyType(
        {
            row["iso3"]: Country(
                iso3=row["iso3"],
                iso2=row["iso2"],
                # M49 codes have three digits; the table comes without their leading zeros.
                m49=row["m49"].zfill(3),
                region=Region(row["itu_region"]) if row["itu_region"] else None,
                names=MappingProxyType({language: row[f"name_{language}"] for language in LANGUAGES}),
            )
            for row in _rows("countries.csv")
        }
    )


@cache
def memberships() -> tuple[Membership, ...]:
    """Every stay of a country in a group, past, present and scheduled: the reason of a reclassification."""
    return tuple(
        Membership(CountryGroup(row["group"]), row["iso3"], _day(row["from"]), _day(row["until"]))
        for row in _rows("country_groups.csv")
    )


def country(iso3: str) -> Country | None:
    """The country with this alpha-3 code (upper case), or None where there is none."""
    return countries().get(iso3)


def region_of(iso3: str) -> Region | None:
    """The ITU region of a country; None for an unknown code and for territories outside the ITU's list."""
    found = country(iso3)
    return found.region if found else None


def regions_of(iso3s: Iterable[str]) -> frozenset[Region]:
    """The ITU regions that these countries lie in; those without a region add none."""
    return frozenset(region for region in map(region_of, iso3s) if region is not None)


def groups_of(iso3: str, on: date) -> frozenset[CountryGroup]:
    """The groups that a country is in on that day; none for an unknown code."""
    return frozenset(stay.group for stay in _memberships_by_country().get(iso3, ()) if stay.holds(on))


def members(group: CountryGroup, on: date) -> frozenset[str]:
    """The alpha-3 codes of the countries that are in the group on that day."""
    return frozenset(stay.iso3 for stay in memberships() if stay.group == group and stay.holds(on))


def moved_between(one: date, other: date) -> frozenset[str]:
    """The alpha-3 codes of the countries that are not in the same groups on these two days."""
    touched = {stay.iso3 for stay in memberships()}
    return frozenset(iso3 for iso3 in touched if groups_of(iso3, one) != groups_of(iso3, other))


@cache
def _memberships_by_country() -> Mapping[str, tuple[Membership, ...]]:
    stays: dict[str, tuple[Membership, ...]] = {}
    for stay in memberships():
        stays[stay.iso3] = (*stays.get(stay.iso3, ()), stay)
    return stays


def _rows(name: str) -> list[dict[str, str]]:
    text = resources.files("domain").joinpath(f"data/{name}").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None

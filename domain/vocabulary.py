"""The words of the register: closed lists that code branches on, open lists that are data.

Closed lists are enums here and labelled in `data/vocabulary.toml`; a test holds the two together. Open lists
(pillars, measures, SDGs, WSIS action lines) exist only in that file, so that the official lists can grow
without a change of code. Codes are never translated; every code has a label in each of `LANGUAGES`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final

LANGUAGES: Final = ("en", "fr", "es", "ru", "ar", "zh")
"""The six official languages of the United Nations, as ISO 639-1 codes, in the order of the data file."""


class FocusArea(StrEnum):
    """The four focus areas of the P2C Action Framework; a pledge has exactly one."""

    ACCESS = "access"
    ADOPTION = "adoption"
    VALUE_CREATION = "value_creation"
    ACCELERATE = "accelerate"


class PledgeType(StrEnum):
    """What kind of promise it is; a pledge has exactly one."""

    FINANCIAL = "financial"
    POLICY = "policy"
    PROGRAMMATIC = "programmatic"
    ADVOCACY = "advocacy"


class Sector(StrEnum):
    """The sector an organisation belongs to."""

    GOVERNMENT = "government"
    PRIVATE_SECTOR = "private_sector"
    FINANCIAL_INSTITUTION = "financial_institution"
    ACADEMIA = "academia"
    CIVIL_SOCIETY = "civil_society"
    INTERNATIONAL_ORGANISATION = "international_organisation"
    UN_AGENCY = "un_agency"
    YOUTH = "youth"
    OTHER = "other"


class BeneficiaryGroup(StrEnum):
    """A group of people whom a pledge is meant to reach."""

    WOMEN_AND_GIRLS = "women_and_girls"
    YOUTH = "youth"
    CHILDREN = "children"
    PERSONS_WITH_DISABILITIES = "persons_with_disabilities"
    OLDER_PERSONS = "older_persons"
    INDIGENOUS_PEOPLES = "indigenous_peoples"
    DISPLACED_PEOPLE = "displaced_people"
    RURAL_COMMUNITIES = "rural_communities"


class CountryGroup(StrEnum):
    """A country group of the United Nations; which countries are in it is a question about a date."""

    LDC = "ldc"
    LLDC = "lldc"
    SIDS = "sids"


class Region(StrEnum):
    """The six regions of the ITU."""

    AFRICA = "africa"
    AMERICAS = "americas"
    ARAB_STATES = "arab_states"
    ASIA_PACIFIC = "asia_pacific"
    CIS = "cis"
    EUROPE = "europe"


class Additionality(StrEnum):
    """Whether a promise adds to what was promised before."""

    NEW = "new"
    EXTENSION = "extension"
    EXISTING = "existing"


class SelfAssessment(StrEnum):
    """How the pledger judges its own progress in a report."""

    ON_TRACK = "on_track"
    DELAYED = "delayed"
    AT_RISK = "at_risk"
    COMPLETED = "completed"


class Lifecycle(StrEnum):
    """Where a pledge stands; derived from its history."""

    ANNOUNCED = "announced"
    VALIDATED = "validated"
    IN_PROGRESS = "in_progress"
    FULFILLED = "fulfilled"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class ReportingHealth(StrEnum):
    """Whether the reports on a pledge come in time, at a date."""

    NOT_DUE = "not_due"
    DUE = "due"
    OVERDUE = "overdue"
    SILENT = "silent"
    NEVER_REPORTED = "never_reported"


class ScheduleHealth(StrEnum):
    """The share delivered against the share of time gone by, at a date."""

    AHEAD = "ahead"
    ON_SCHEDULE = "on_schedule"
    BEHIND = "behind"
    PAST_END = "past_end"
    UNMEASURED = "unmeasured"


class Role(StrEnum):
    """Who is asking: what may be read and done depends on it."""

    PUBLIC = "public"
    STAKEHOLDER = "stakeholder"
    BDT = "bdt"
    AUDITOR = "auditor"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Term:
    """A code of an open list, with its label by language."""

    code: str
    labels: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Pillar(Term):
    """A theme inside one focus area."""

    focus_area: FocusArea


@cache
def labels(list_name: str) -> Mapping[str, Mapping[str, str]]:
    """The labels of one list: code → language → text, codes in the order in which they are shown.

    `list_name` is the singular name of the list as in the data file: `focus_area`, `pillar`, `sdg`,
    `wsis_line` … All codes are strings here, those of the SDGs too ("1" to "17"). Raises `KeyError` for a
    list that does not exist.
    """
    return MappingProxyType(
        {
            code: MappingProxyType({language: entry[language] for language in LANGUAGES})
            for code, entry in _lists()[list_name].items()
        }
    )


@cache
def pillars() -> Mapping[str, Pillar]:
    """The pillars by code, those of one focus area together. Source: see the data file."""
    return MappingProxyType(
        {
            code: Pillar(code, text, FocusArea(_lists()["pillar"][code]["focus_area"]))
            for code, text in labels("pillar").items()
        }
    )


@cache
def measures() -> Mapping[str, Term]:
    """What targets are measured in, by code; `money` is the one whose values are amounts in a currency."""
    return _terms("measure")


@cache
def wsis_lines() -> Mapping[str, Term]:
    """The action lines of the WSIS Geneva Plan of Action, "C1" to "C11", in their order."""
    return _terms("wsis_line")


@cache
def sdgs() -> Mapping[int, Term]:
    """The Sustainable Development Goals by number, 1 to 17, with their short titles."""
    return MappingProxyType({int(code): term for code, term in _terms("sdg").items()})


def catalogue() -> dict[str, list[dict[str, object]]]:
    """Every list, as `GET /v1/vocabulary` publishes it: list name → entries in the order to show them.

    An entry is `{"code", "labels": {language: text}}`, a pillar has its `focus_area` too. An SDG's code is an
    integer, as in a pledge. Plain containers made anew for each call, so that the caller may serialise or
    change them.
    """
    return {list_name: [_entry(list_name, code) for code in labels(list_name)] for list_name in _lists()}


def _entry(list_name: str, code: str) -> dict[str, object]:
    entry: dict[str, object] = {
        "code": int(code) if list_name == "sdg" else code,
        "labels": dict(labels(list_name)[code]),
    }
    if list_name == "pillar":
        entry["focus_area"] = pillars()[code].focus_area.value
    return entry


def _terms(list_name: str) -> Mapping[str, Term]:
    return MappingProxyType({code: Term(code, text) for code, text in labels(list_name).items()})


@cache
def _lists() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    data = resources.files("domain").joinpath("data/vocabulary.toml")
    return MappingProxyType(tomllib.loads(data.read_text(encoding="utf-8")))

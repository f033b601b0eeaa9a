"""Codes of IATI 2.03's code lists, under the names of the lists, and what ours are in them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from domain.vocabulary import Lifecycle, Sector

VERSION = "2.03"

REPORTING_ORGANISATION = "XM-DAC-41303"
"""The International Telecommunication Union, by its channel code in the OECD DAC's list."""

REPORTING_ORGANISATION_NAME = "International Telecommunication Union"

REGISTER_PREFIX = f"{REPORTING_ORGANISATION}-P2C"
"""Before a pledge's reference it makes an activity identifier, and before an organisation's id its own."""


class ActivityStatus(StrEnum):
    """How far an activity is."""

    PIPELINE = "1"
    IMPLEMENTATION = "2"
    CLOSED = "4"
    CANCELLED = "5"


class ActivityDateType(StrEnum):
    """What a date of an activity is."""

    PLANNED_START = "1"
    ACTUAL_START = "2"
    PLANNED_END = "3"
    ACTUAL_END = "4"


class OrganisationType(StrEnum):
    """What an organisation is."""

    GOVERNMENT = "10"
    NATIONAL_NGO = "22"
    MULTILATERAL = "40"
    PRIVATE_SECTOR = "70"
    ACADEMIC = "80"
    OTHER = "90"


class OrganisationRole(StrEnum):
    """What an organisation does in an activity."""

    FUNDING = "1"
    IMPLEMENTING = "4"


class TransactionType(StrEnum):
    """What a transaction is."""

    OUTGOING_COMMITMENT = "2"
    DISBURSEMENT = "3"
    OUTGOING_PLEDGE = "12"


class SectorVocabulary(StrEnum):
    """Whose list a sector is of."""

    REPORTING_ORGANISATION = "99"


class TagVocabulary(StrEnum):
    """Whose list a tag is of."""

    SDG_GOAL = "2"
    REPORTING_ORGANISATION = "99"


class ResultType(StrEnum):
    """What a result is."""

    OUTPUT = "1"


class IndicatorMeasure(StrEnum):
    """What an indicator counts."""

    UNIT = "1"
    NOMINAL = "3"


STATUS: Mapping[Lifecycle, ActivityStatus] = {
    Lifecycle.ANNOUNCED: ActivityStatus.PIPELINE,
    Lifecycle.VALIDATED: ActivityStatus.IMPLEMENTATION,
    Lifecycle.IN_PROGRESS: ActivityStatus.IMPLEMENTATION,
    Lifecycle.FULFILLED: ActivityStatus.CLOSED,
    Lifecycle.WITHDRAWN: ActivityStatus.CANCELLED,
    Lifecycle.DECLINED: ActivityStatus.CANCELLED,
}

TYPE_OF_SECTOR: Mapping[Sector, OrganisationType] = {
    Sector.GOVERNMENT: OrganisationType.GOVERNMENT,
    Sector.PRIVATE_SECTOR: OrganisationType.PRIVATE_SECTOR,
    Sector.FINANCIAL_INSTITUTION: OrganisationType.OTHER,
    Sector.ACADEMIA: OrganisationType.ACADEMIC,
    Sector.CIVIL_SOCIETY: OrganisationType.NATIONAL_NGO,
    Sector.INTERNATIONAL_ORGANISATION: OrganisationType.MULTILATERAL,
    Sector.UN_AGENCY: OrganisationType.MULTILATERAL,
    Sector.YOUTH: OrganisationType.OTHER,
    Sector.OTHER: OrganisationType.OTHER,
}

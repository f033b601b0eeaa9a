"""A pledge as an IATI activity; the elements stand in the order in which the schema wants them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from lxml.etree import Element, SubElement, _Element

from api.iati import codes
from api.iati.codes import (
    ActivityDateType,
    IndicatorMeasure,
    OrganisationRole,
    ResultType,
    SectorVocabulary,
    TagVocabulary,
    TransactionType,
)
from api.iati.text import readable
from audit.envelope import format_instant
from domain.geography import country
from domain.organisation import Organisation
from domain.pledge import Pledge
from domain.values import USD, Contribution, Money, Party, Target
from domain.vocabulary import labels

LANGUAGE = "en"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
PERCENT = 10_000
"""A whole, in hundredths of a percent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A pledge as it stood, with the organisations it names, and when its last fact was recorded."""

    pledge: Pledge
    organisations: Mapping[UUID, Organisation]
    recorded_at: datetime | None
    on: date
    vocabulary_uri: str


def activity(reported: Reported) -> _Element:
    """The pledge as an activity."""
    pledge = reported.pledge
    element = Element("iati-activity", {_LANG: LANGUAGE, "default-currency": _currency(pledge), "humanitarian": "0"})
    if reported.recorded_at:
        element.set("last-updated-datetime", format_instant(reported.recorded_at))
    _add(element, "iati-identifier", f"{codes.REGISTER_PREFIX}-{pledge.reference}")
    reporting = _add(element, "reporting-org", ref=codes.REPORTING_ORGANISATION, type="40")
    _narrative(reporting, codes.REPORTING_ORGANISATION_NAME)
    _narrative(_add(element, "title"), pledge.title)
    _narrative(_add(element, "description", type="1"), pledge.description)
    _organisations(element, reported)
    other = _add(element, "other-identifier", ref=pledge.reference, type="A1")
    _narrative(_add(other, "owner-org", ref=codes.REPORTING_ORGANISATION), codes.REPORTING_ORGANISATION_NAME)
    _add(element, "activity-status", code=codes.STATUS[pledge.lifecycle])
    _dates(element, pledge)
    _countries(element, pledge)
    _classification(element, reported)
    for transaction in _transactions(reported):
        element.append(transaction)
    if pledge.superseded_by:
        _add(element, "related-activity", ref=f"{codes.REGISTER_PREFIX}-{pledge.superseded_by}", type="3")
    for target in pledge.targets:
        element.append(_result(reported, target))
    return element


def _currency(pledge: Pledge) -> str:
    return next((target.value.currency for target in pledge.targets if isinstance(target.value, Money)), USD)


def _organisations(element: _Element, reported: Reported) -> None:
    for party in reported.pledge.parties:
        for role in (OrganisationRole.FUNDING, OrganisationRole.IMPLEMENTING):
            _narrative(
                _add(
                    element,
                    "participating-org",
                    ref=_organisation_reference(party.organisation),
                    role=role,
                    type=codes.TYPE_OF_SECTOR[party.sector],
                ),
                _name(reported, party),
            )


def _organisation_reference(id: UUID) -> str:
    return f"{codes.REGISTER_PREFIX}-ORG-{id}"


def _name(reported: Reported, party: Party) -> str:
    organisation = reported.organisations.get(party.organisation)
    return organisation.name if organisation else str(party.organisation)


def _dates(element: _Element, pledge: Pledge) -> None:
    ended = pledge.fulfilled_on or pledge.withdrawn_on or pledge.declined_on
    delivered = [counted.contribution.effective_on for counted in pledge.contributions.values()]
    dates = {
        ActivityDateType.PLANNED_START: pledge.starts_on or pledge.announced_on,
        ActivityDateType.ACTUAL_START: min(delivered, default=None),
        ActivityDateType.PLANNED_END: pledge.ends_on,
        ActivityDateType.ACTUAL_END: ended,
    }
    for kind, day in dates.items():
        if day:
            _add(element, "activity-date", type=kind, **{"iso-date": day.isoformat()})


def _countries(element: _Element, pledge: Pledge) -> None:
    """The countries in equal parts of exactly a hundred percent: the first ones get what does not divide."""
    known = [found for code in pledge.countries if (found := country(code))]
    for n, found in enumerate(known):
        hundredths = PERCENT // len(known) + (n < PERCENT % len(known))
        percentage = f"{Decimal(hundredths) / 100:.2f}"
        _narrative(_add(element, "recipient-country", code=found.iso2, percentage=percentage), found.names[LANGUAGE])


def _classification(element: _Element, reported: Reported) -> None:
    pledge, uri = reported.pledge, reported.vocabulary_uri
    sector = {"vocabulary": SectorVocabulary.REPORTING_ORGANISATION, "vocabulary-uri": uri}
    _narrative(
        _add(element, "sector", code=pledge.focus_area, percentage="100", **sector),
        _label("focus_area", pledge.focus_area),
    )
    for goal in pledge.sdgs:
        _add(element, "tag", code=str(goal), vocabulary=TagVocabulary.SDG_GOAL)
    own = {"vocabulary": TagVocabulary.REPORTING_ORGANISATION, "vocabulary-uri": uri}
    lists = (
        ("pledge_type", [pledge.type]),
        ("pillar", pledge.pillars),
        ("beneficiary_group", pledge.beneficiary_groups),
        ("wsis_line", pledge.wsis_lines),
    )
    for name, found in lists:
        for code in found:
            _narrative(_add(element, "tag", code=code, **own), _label(name, code))


def _transactions(reported: Reported) -> Iterator[_Element]:
    pledge = reported.pledge
    if pledge.declined_on is None:
        for target in pledge.targets:
            yield from _promised(reported, target)
    for counted in pledge.contributions.values():
        if isinstance(counted.contribution.amount, Money):
            yield _delivered(reported, counted.contribution, counted.contribution.amount)


def _promised(reported: Reported, target: Target) -> Iterator[_Element]:
    """A pledge until it is admitted, then a commitment; a withdrawal takes back what was not delivered."""
    pledge = reported.pledge
    if not isinstance(target.value, Money):
        return
    kind = TransactionType.OUTGOING_COMMITMENT if pledge.validated_on else TransactionType.OUTGOING_PLEDGE
    promised_on = pledge.validated_on or pledge.announced_on
    yield _transaction(reported, kind, promised_on, target.value.amount, target.value.currency, f"Target {target.id}")
    if pledge.withdrawn_on and (left := pledge.missing(target)):
        words = f"Target {target.id}: withdrawn before it was delivered"
        yield _transaction(reported, kind, pledge.withdrawn_on, -left, target.value.currency, words)


def _delivered(reported: Reported, contribution: Contribution, money: Money) -> _Element:
    words = contribution.description or f"Towards target {contribution.target}"
    on = contribution.effective_on
    return _transaction(reported, TransactionType.DISBURSEMENT, on, money.amount, money.currency, words)


def _transaction(
    reported: Reported, kind: TransactionType, on: date, amount: Decimal, currency: str, words: str
) -> _Element:
    element = Element("transaction")
    _add(element, "transaction-type", code=kind)
    _add(element, "transaction-date", **{"iso-date": on.isoformat()})
    value = _add(element, "value", currency=currency, **{"value-date": on.isoformat()})
    value.text = f"{amount:f}"
    _narrative(_add(element, "description"), words)
    lead = reported.pledge.lead
    provider = _add(element, "provider-org", ref=_organisation_reference(lead.organisation))
    _narrative(provider, _name(reported, lead))
    return element


def _result(reported: Reported, target: Target) -> _Element:
    """What was promised, measured: the baseline, what is to be reached and what is."""
    pledge, money = reported.pledge, isinstance(target.value, Money)
    element = Element("result", {"type": ResultType.OUTPUT, "aggregation-status": "0"})
    words = f"Money, {target.unit}" if money else _label("measure", target.measure)
    _narrative(_add(element, "title"), words)
    measure = IndicatorMeasure.NOMINAL if money else IndicatorMeasure.UNIT
    indicator = _add(element, "indicator", measure=measure, ascending="1")
    _narrative(_add(indicator, "title"), f"{words} (target {target.id})")
    start = pledge.starts_on or pledge.announced_on
    _add(indicator, "baseline", year=f"{start.year:04d}", value=f"{target.baseline:f}")
    period = _add(indicator, "period")
    _add(period, "period-start", **{"iso-date": start.isoformat()})
    end = target.due_on or pledge.ends_on or reported.on
    _add(period, "period-end", **{"iso-date": max(start, end).isoformat()})
    _add(period, "target", value=f"{target.promised + target.baseline:f}")
    _add(period, "actual", value=f"{pledge.delivered(target) + target.baseline:f}")
    return element


def _label(list_name: str, code: str) -> str:
    return labels(list_name)[code][LANGUAGE]


def _add(parent: _Element, name: str, text: str | None = None, /, **attributes: str) -> _Element:
    element = SubElement(parent, name, {key: readable(value) for key, value in attributes.items()})
    element.text = text
    return element


def _narrative(parent: _Element, text: str) -> None:
    SubElement(parent, "narrative").text = readable(text)

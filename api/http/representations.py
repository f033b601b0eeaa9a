"""Pledges and organisations as documents.

Every document can be made again from the same facts, to the byte: what it says about a day says so of the day it
was made for (`effective_on`), never of "now".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Context, Decimal
from uuid import UUID

from api.http.documents import (
    Contribution,
    Evidence,
    Money,
    OrganisationDocument,
    Party,
    PledgeDocument,
    Report,
    Source,
    Sum,
    Target,
    UsdRate,
)
from domain import geography, schedule, values
from domain.currencies import currencies
from domain.organisation import Organisation
from domain.pledge import Pledge, RecordedContribution, share_of
from domain.values import USD
from domain.vocabulary import CountryGroup

_EXACT = Context(prec=80)

Names = Mapping[UUID, str]
"""What organisations are called, by id."""


def pledge_document(pledge: Pledge, names: Names, *, position: int, recorded_at: datetime, on: date) -> PledgeDocument:
    """The pledge after the entry at `position`, reckoned for the day `on`."""
    schedule_ = schedule.reporting_schedule(pledge)
    return PledgeDocument(
        reference=pledge.reference,
        version=pledge.version,
        lifecycle=pledge.lifecycle,
        scaled_up=pledge.scaled_up,
        lead=_party(pledge.lead, names),
        partners=[_party(partner, names) for partner in pledge.partners],
        title=pledge.title,
        description=pledge.description,
        type=pledge.type,
        focus_area=pledge.focus_area,
        pillars=list(pledge.pillars),
        targets=[_target(pledge, target) for target in pledge.targets],
        contributions=[_contribution(recorded) for recorded in pledge.contributions.values()],
        reports=[
            Report(period_start=r.period_start, period_end=r.period_end, self_assessment=r.self_assessment)
            for r in pledge.reports
        ],
        countries=list(pledge.countries),
        regions=sorted(geography.regions_of(pledge.countries)),
        target_groups=_target_groups(pledge.countries, on),
        beneficiary_groups=list(pledge.beneficiary_groups),
        sdgs=list(pledge.sdgs),
        wsis_lines=list(pledge.wsis_lines),
        announced_on=pledge.announced_on,
        validated_on=pledge.validated_on,
        declined_on=pledge.declined_on,
        fulfilled_on=pledge.fulfilled_on,
        withdrawn_on=pledge.withdrawn_on,
        superseded_by=pledge.superseded_by,
        starts_on=pledge.starts_on,
        ends_on=pledge.ends_on,
        occasion=pledge.occasion,
        additionality=pledge.additionality,
        source=_source(pledge.source),
        value_usd=in_currency(pledge.value_usd, USD),
        delivered_usd=in_currency(pledge.delivered_usd, USD),
        verified_usd=in_currency(pledge.verified_usd, USD),
        reporting_health=schedule.reporting_health(pledge, on),
        next_report_due_on=schedule_.due_on if schedule_ else None,
        schedule_health=schedule.schedule_health(pledge, on),
        position=position,
        recorded_at=recorded_at,
        effective_on=on,
    )


def organisation_document(organisation: Organisation, *, position: int, recorded_at: datetime) -> OrganisationDocument:
    """The organisation after the entry at `position`."""
    return OrganisationDocument(
        id=organisation.id,
        version=organisation.version,
        name=organisation.name,
        sector=organisation.sector,
        country=organisation.country,
        region=organisation.region,
        website=organisation.website,
        active=organisation.active,
        position=position,
        recorded_at=recorded_at,
    )


def parties(pledges: Iterable[Pledge]) -> set[UUID]:
    """The organisations that lead or share these pledges."""
    return {party.organisation for pledge in pledges for party in pledge.parties}


def in_currency(amount: Decimal, currency: str) -> str:
    """The amount in plain decimal notation, with the decimals its currency has at least."""
    known = currencies().get(currency)
    places = (known.minor_units if known else None) or 0
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and -exponent < places:
        amount = amount.quantize(Decimal(1).scaleb(-places), context=_EXACT)
    return f"{amount:f}"


def _party(party: values.Party, names: Names) -> Party:
    return Party(
        id=party.organisation,
        name=names.get(party.organisation),
        sector=party.sector,
        country=party.country,
        region=party.region,
        share=None if party.share is None else f"{party.share:f}",
    )


def _target(pledge: Pledge, target: values.Target) -> Target:
    delivered = pledge.delivered(target)
    return Target(
        id=target.id,
        measure=target.measure,
        value=_amount(target.value),
        baseline=f"{target.baseline:f}",
        due_on=target.due_on,
        delivered=_sum(delivered, target),
        verified=_sum(pledge.delivered(target, verified=True), target),
        share=f"{share_of(delivered, target.promised):f}",
    )


def _amount(amount: values.Money | Decimal) -> Money | str:
    return _money(amount) if isinstance(amount, values.Money) else f"{amount:f}"


def _money(money: values.Money) -> Money:
    rate = money.usd_rate
    return Money(
        amount=in_currency(money.amount, money.currency),
        currency=money.currency,
        usd=in_currency(money.usd, USD),
        usd_rate=UsdRate(rate=f"{rate.rate:f}", on=rate.on, source=rate.source) if rate else None,
    )


def _sum(total: Decimal, target: values.Target) -> Sum | str:
    if not isinstance(target.value, values.Money):
        return f"{total:f}"
    return Sum(amount=in_currency(total, target.value.currency), currency=target.value.currency)


def _contribution(recorded: RecordedContribution) -> Contribution:
    given = recorded.contribution
    return Contribution(
        id=given.id,
        target=given.target,
        amount=_money(given.amount) if isinstance(given.amount, values.Money) else None,
        quantity=None if isinstance(given.amount, values.Money) else f"{given.amount:f}",
        effective_on=given.effective_on,
        description=given.description,
        evidence=[Evidence(url=item.url, sha256=item.sha256, title=item.title) for item in given.evidence],
        country=given.country,
        standing=recorded.standing,
        replaces=given.replaces,
    )


def _target_groups(countries: Iterable[str], on: date) -> list[CountryGroup]:
    return sorted({group for country in countries for group in geography.groups_of(country, on)})


def _source(source: values.Source | None) -> Source | None:
    return Source(register=source.register, record=source.record, line=source.line) if source else None

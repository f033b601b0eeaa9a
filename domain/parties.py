"""Who stands behind a promise, and with which shares of it."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from domain import refusals, statements
from domain.circumstances import Circumstances
from domain.commands import Partner
from domain.values import Party


def parties(lead: UUID, partners: tuple[Partner, ...], at: Circumstances) -> tuple[Party, ...]:
    """The lead first, then the partners, with shares that make exactly one whole, or with none."""
    _require_distinct(partners)
    shares = _shares(lead, partners)
    others = ((i, partner.organisation) for i, partner in enumerate(partners) if partner.organisation != lead)
    return (
        _party(lead, shares, at, "lead"),
        *(_party(id, shares, at, f"partners.{i}.organisation") for i, id in others),
    )


def _require_distinct(partners: tuple[Partner, ...]) -> None:
    seen: set[UUID] = set()
    for partner in partners:
        if partner.organisation in seen:
            raise refusals.DuplicatePartners(str(partner.organisation))
        seen.add(partner.organisation)


def _shares(lead: UUID, partners: tuple[Partner, ...]) -> dict[UUID, Decimal]:
    """Each party's share; the lead, unless it is listed, has what the partners leave."""
    stated_shares = [(p.organisation, p.share) for p in partners if p.share is not None]
    if not stated_shares:
        return {}
    if len(stated_shares) != len(partners):
        raise refusals.SharesDoNotSum("some partners have one and some have none")
    given = {
        id: statements.positive(statements.exact(share, 12, f"partners.{i}.share"), f"partners.{i}.share")
        for i, (id, share) in enumerate(stated_shares)
    }
    total = sum(given.values(), Decimal(0))
    if lead in given and total != 1:
        raise refusals.SharesDoNotSum(f"together they are {total:f}")
    if total > 1:
        raise refusals.SharesDoNotSum(f"the partners' alone are {total:f}")
    return given if lead in given else {lead: 1 - total, **given}


def _party(id: UUID, shares: dict[UUID, Decimal], at: Circumstances, field: str) -> Party:
    organisation = at.organisations(id)
    if organisation is None:
        raise refusals.UnknownOrganisation(str(id), field=field)
    if not organisation.active:
        raise refusals.OrganisationInactive(organisation.name, field=field)
    return Party(
        organisation=organisation.id,
        sector=organisation.sector,
        country=organisation.country,
        region=organisation.region,
        share=shares.get(id),
    )

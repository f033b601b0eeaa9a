"""The vocabulary: every code with its labels in six languages, the countries and the currencies."""

from __future__ import annotations

import hashlib
from datetime import date
from functools import cache
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from api.http.conditions import IfNoneMatch, names_version
from api.http.openapi import CACHED, LIMITED, answers
from api.http.problems import INVALID_REQUEST, MALFORMED_HEADER
from api.http.turns import TurnRoute
from domain import currencies as currency_data
from domain import geography
from domain.currencies import currencies
from domain.vocabulary import CountryGroup, Region, catalogue

router = APIRouter(prefix="/v1/vocabulary", tags=["vocabulary"], route_class=TurnRoute)

CACHE_CONTROL = "public, max-age=86400"


class Term(BaseModel):
    """A code, with its label by language (ISO 639-1); a pillar has its focus area."""

    code: str | int
    labels: dict[str, str]
    focus_area: str | None = None


class Membership(BaseModel):
    """A stay in a country group: `until` is the first day outside it, `since` is missing where it is long ago."""

    group: CountryGroup
    since: date | None
    until: date | None


class Country(BaseModel):
    """A country or territory of ISO 3166-1, by its alpha-3 code, with its ITU region and country groups."""

    code: str
    iso2: str
    m49: str
    region: Region | None
    groups: list[Membership]
    labels: dict[str, str]


class Currency(BaseModel):
    """A currency of ISO 4217; `until` is the first day on which it was no longer money."""

    code: str
    minor_units: int | None
    name: str
    until: date | None


class Vocabulary(BaseModel):
    """Every list of codes by its name, in the order in which it is shown."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, list[Term]] = Field(init=False)

    countries: list[Country]
    currencies: list[Currency]


@router.get(
    "",
    operation_id="getVocabulary",
    summary="Read the vocabulary",
    response_model=Vocabulary,
    responses={
        **answers(200, CACHED, (MALFORMED_HEADER, INVALID_REQUEST, *LIMITED)),
        304: {"description": "The client has the current vocabulary", "headers": CACHED},
    },
)
def get_vocabulary(if_none_match: IfNoneMatch = None) -> Response:
    """Codes never change their meaning; labels may be bettered, and lists may grow."""
    content, tag = _vocabulary()
    headers = {"ETag": tag, "Cache-Control": CACHE_CONTROL}
    if names_version(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


@cache
def _vocabulary() -> tuple[bytes, str]:
    content = Vocabulary(
        countries=[_country(country) for country in geography.countries().values()],
        currencies=[_currency(currency) for currency in currencies().values()],
        **_lists(),
    )
    document = content.model_dump_json(exclude_unset=True).encode()
    return document, f'"{hashlib.sha256(document).hexdigest()[:32]}"'


def excerpt() -> Vocabulary:
    """The beginning of the vocabulary, as an example."""
    return Vocabulary(
        countries=[_country(geography.countries()["SEN"])],
        currencies=[_currency(currencies()["EUR"])],
        **{name: terms[:1] for name, terms in _lists().items()},
    )


def _lists() -> dict[str, Any]:
    return {name: [Term.model_validate(entry) for entry in entries] for name, entries in catalogue().items()}


def _country(country: geography.Country) -> Country:
    return Country(
        code=country.iso3,
        iso2=country.iso2,
        m49=country.m49,
        region=country.region,
        groups=_groups(country.iso3),
        labels=dict(country.names),
    )


def _currency(currency: currency_data.Currency) -> Currency:
    return Currency(code=currency.code, minor_units=currency.minor_units, name=currency.name, until=currency.until)


def _groups(iso3: str) -> list[Membership]:
    return [
        Membership(group=stay.group, since=stay.since, until=stay.until)
        for stay in geography.memberships()
        if stay.iso3 == iso3
    ]

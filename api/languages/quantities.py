"""Amounts in words: money with its US dollars beside it, counts with what is counted, as the language has it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from babel.lists import format_list
from babel.numbers import format_currency, format_decimal

from api.languages.texts import Texts
from domain.values import MONEY, USD, Money


def quantity(texts: Texts, amount: Money | Decimal, measure: str) -> str:
    """An amount of a measure: `EUR 1,250,000 (USD 1,350,000)`, `200 schools`."""
    return money(texts, amount) if isinstance(amount, Money) else counted(texts, amount, measure)


def money(texts: Texts, given: Money) -> str:
    """Money in its currency, with the US dollars it was fixed at beside it."""
    stated = in_currency(texts, given.amount, given.currency)
    if given.currency == USD:
        return stated
    return texts.say("{amount} ({dollars})", amount=stated, dollars=in_currency(texts, given.usd, USD))


def in_currency(texts: Texts, amount: Decimal, currency: str) -> str:
    """An exact amount with its currency's code before it; cents only where there are some."""
    form = "¤¤\u00a0#,##0" if amount == amount.to_integral_value() else "¤¤\u00a0#,##0.00"
    return str(
        format_currency(
            amount, currency, format=form, locale=texts.locale, currency_digits=False, decimal_quantization=False
        )
    )


def exactly(texts: Texts, number: Decimal) -> str:
    """A number with every decimal that it has, and no zeros after them."""
    return str(format_decimal(number, locale=texts.locale, decimal_quantization=False))


def counted(texts: Texts, number: Decimal, measure: str) -> str:
    """A number of what a measure counts, in the plural form that the number has."""
    if number == number.to_integral_value() and (words := _counted(texts, measure, int(number))):
        return words
    return texts.say("{n} ({measure})", n=exactly(texts, number), measure=measure_label(texts, measure))


def amount_of(texts: Texts, number: Decimal, unit: str, measure: str) -> str:
    """A sum in a target's own unit: its currency where the measure is money, else what it counts."""
    return in_currency(texts, number, unit) if measure == MONEY else counted(texts, number, measure)


def measure_label(texts: Texts, measure: str) -> str:
    """What a measure is called; its code where the vocabulary does not know it."""
    try:
        return texts.label("measure", measure)
    except KeyError:
        return measure


def listed(texts: Texts, parts: Iterable[str]) -> str:
    """Several things in a row, as the language enumerates them."""
    return str(format_list(list(parts), locale=texts.locale))


def isolated(text: str) -> str:
    """A text of somebody's own inside a sentence of ours: its direction of writing does not disturb the sentence's.

    Nobody can write these two characters themselves (`domain.text`).
    """
    return f"\u2068{text}\u2069"


def _counted(texts: Texts, measure: str, n: int) -> str | None:
    """None for a measure that the vocabulary has and no message counts: the list may grow without this code."""
    match measure:
        case "people_connected":
            return texts.count("{n} person connected", "{n} people connected", n)
        case "households_connected":
            return texts.count("{n} household", "{n} households", n)
        case "schools_connected":
            return texts.count("{n} school", "{n} schools", n)
        case "health_facilities_connected":
            return texts.count("{n} health facility", "{n} health facilities", n)
        case "communities_connected":
            return texts.count("{n} community", "{n} communities", n)
        case "people_trained":
            return texts.count("{n} person trained", "{n} people trained", n)
        case "sites_built":
            return texts.count("{n} network site", "{n} network sites", n)
        case "km_of_fibre":
            return texts.count("{n} kilometre of fibre", "{n} kilometres of fibre", n)
        case "public_access_points":
            return texts.count("{n} public access point", "{n} public access points", n)
        case "devices_distributed":
            return texts.count("{n} device", "{n} devices", n)
        case "businesses_supported":
            return texts.count("{n} business supported", "{n} businesses supported", n)
        case "digital_services_launched":
            return texts.count("{n} digital service", "{n} digital services", n)
        case "policies_adopted":
            return texts.count("{n} policy or regulation", "{n} policies or regulations", n)
        case "countries_supported":
            return texts.count("{n} country supported", "{n} countries supported", n)
        case "deliverable":
            return texts.count("{n} deliverable", "{n} deliverables", n)
        case _:
            return None

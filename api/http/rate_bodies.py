"""What clients may say of exchange rates."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from api.http.statements import Amount, Body, CurrencyCode
from domain.values import USD

_ISO_MONTH = re.compile(r"^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])$")


def _month(value: object) -> date:
    if not isinstance(value, str) or not _ISO_MONTH.fullmatch(value):
        raise PydanticCustomError("not_a_month", "Give a month such as 2026-11.")
    return date.fromisoformat(f"{value}-01")


Month = Annotated[
    date,
    PlainValidator(_month),
    WithJsonSchema({"type": "string", "pattern": _ISO_MONTH.pattern, "examples": ["2026-11"]}),
]


def _needs_a_rate(currency: str) -> str:
    if currency == USD:
        raise PydanticCustomError("usd_needs_no_rate", "Rates are stated in US dollars, which need none.")
    return currency


class MonthlyRate(Body):
    """What one unit of a currency was worth in US dollars in a month."""

    currency: Annotated[CurrencyCode, AfterValidator(_needs_a_rate), Field(json_schema_extra={"not": {"const": USD}})]
    month: Month
    rate: Amount
    source: Annotated[str, Field(max_length=300)]


class ExchangeRates(Body):
    """Rates to publish, all or none."""

    rates: Annotated[tuple[MonthlyRate, ...], Field(min_length=1)]

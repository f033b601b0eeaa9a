"""Exchange rates: BDT publishes them by month, once; money without a rate of its own is reckoned with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from api.http import problems
from api.http import rate_bodies as bodies
from api.http.authentication import Known
from api.http.documents import DecimalText
from api.http.failures import Failure, FieldError
from api.http.json_request import CommandRoute
from api.http.moments import as_of_of, asked
from api.http.openapi import READING, WAITING, WRITING, answers
from api.http.queries import RatesQuery
from api.http.service import Services
from application.access import Permission, require
from application.moments import AsOf, Moment, end_of
from domain import refusals as no
from domain import statements
from infrastructure.command_stores import PublishedRate

LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
"""Before anything was published."""

router = APIRouter(prefix="/v1/exchange-rates", tags=["exchange rates"], route_class=CommandRoute)


class RateDocument(BaseModel):
    """What one unit of a currency was worth in US dollars in a month."""

    currency: str
    month: str
    rate: DecimalText
    source: str


class RateList(BaseModel):
    """Published rates."""

    rates: list[RateDocument]


@router.post(
    "",
    operation_id="publishExchangeRates",
    summary="Publish exchange rates",
    status_code=201,
    response_model=RateList,
    responses=answers(201, {}, (*WRITING, problems.RATE_PUBLISHED_BEFORE), (no.NotPositive, no.UnacceptableAmount)),
)
def publish_exchange_rates(body: bodies.ExchangeRates, service: Services, by: Known) -> Response:
    """Publish rates, all or none. A month's rate stays; publishing it again unchanged changes nothing. For BDT."""
    require(by, Permission.RATES_WRITE)
    rates = [_checked(rate, f"rates.{i}.rate") for i, rate in enumerate(body.rates)]
    _require_once(rates)
    # In one order for everybody, so that two publications at once cannot wait for each other.
    if clashes := service.rates.publish(sorted(rates, key=_month_of_currency)):
        raise _published_before(rates, [_month_of_currency(clash) for clash in clashes])
    return _rates(rates, 201)


@router.get(
    "",
    operation_id="listExchangeRates",
    summary="List exchange rates",
    response_model=RateList,
    responses=answers(200, {}, (*READING, *WAITING, problems.MOMENT_NOT_OVER)),
)
def list_exchange_rates(query: Annotated[RatesQuery, Query()], service: Services) -> Response:
    """All published rates, or one currency's, the latest month first; with `as_of`, those published by then."""
    moment = asked(service, query.as_of, query.effective_on)
    by = _published_by(as_of_of(query.as_of), moment) if moment else None
    published = service.rates.published(query.currency, by=by, month_until=query.effective_on)
    return _rates(published, 200)


def _published_by(as_of: AsOf | None, moment: Moment) -> datetime | None:
    """The instant by which a rate must have been published: the one that is meant, or that of a position's fact."""
    match as_of:
        case None:
            return None
        case int():
            return moment.recorded_at or LONG_AGO
        case datetime():
            return as_of
        case date():
            return end_of(as_of)


def _checked(rate: bodies.MonthlyRate, field: str) -> PublishedRate:
    figure = statements.positive(statements.exact(rate.rate, statements.RATE_PLACES, field), field)
    return PublishedRate(currency=rate.currency, month=rate.month, rate=figure, source=rate.source)


def _month_of_currency(rate: PublishedRate) -> tuple[str, str]:
    return rate.currency, _month(rate)


def _month(rate: PublishedRate) -> str:
    return rate.month.isoformat()[:7]


def _require_once(rates: list[PublishedRate]) -> None:
    seen: set[tuple[str, str]] = set()
    for i, named in enumerate(map(_month_of_currency, rates)):
        if named in seen:
            detail = f"The rate of {named[0]} for {named[1]} is given twice."
            raise Failure(problems.INVALID_REQUEST, detail, errors=[FieldError(field=f"/rates/{i}", detail=detail)])
        seen.add(named)


def _published_before(rates: list[PublishedRate], clashes: list[tuple[str, str]]) -> Failure:
    errors = [
        FieldError(field=f"/rates/{i}", detail=f"{currency} for {month} was published before, and otherwise.")
        for i, (currency, month) in enumerate(map(_month_of_currency, rates))
        if (currency, month) in clashes
    ]
    listed = ", ".join(f"{currency} for {month}" for currency, month in clashes)
    return Failure(problems.RATE_PUBLISHED_BEFORE, f"Published otherwise before: {listed}.", errors=errors)


def _rates(rates: Sequence[PublishedRate], status: int) -> Response:
    content = RateList(
        rates=[
            RateDocument(currency=rate.currency, month=_month(rate), rate=f"{rate.rate:f}", source=rate.source)
            for rate in rates
        ]
    )
    return Response(
        content.model_dump_json(),
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-cache"},
    )

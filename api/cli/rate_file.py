"""A file of exchange rates, read line by line: what it says, and everything that is wrong with it."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from domain.currencies import currencies
from domain.statements import RATE_PLACES
from domain.text import composed, fault
from domain.values import USD
from infrastructure.command_stores import PublishedRate

COLUMNS = ("currency", "month", "rate", "source")

Row = Mapping[str, str | None]


def read_rates(file: Path) -> tuple[list[PublishedRate], list[str]]:
    """The rates of the file, and its faults, each with its line, column and reason."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        return [], [f"{file.name}: is not UTF-8 text"]
    reader = csv.DictReader(text.splitlines())
    if missing := [column for column in COLUMNS if column not in (reader.fieldnames or ())]:
        return [], [f"line 1: lacks the columns {', '.join(missing)}"]
    rates: list[PublishedRate] = []
    faults: list[str] = []
    first_line: dict[tuple[str, date], int] = {}
    for row in reader:
        line = reader.line_num
        try:
            rate = _rate(row)
        except ValueError as fault:
            faults.append(f"line {line}, {fault}")
            continue
        before = first_line.setdefault((rate.currency, rate.month), line)
        if before != line:
            faults.append(f"line {line}, month: {rate.currency} has a rate of {rate.month:%Y-%m} on line {before}")
        rates.append(rate)
    if not rates and not faults:
        faults.append("line 2: there is no rate")
    return rates, faults


def _rate(row: Row) -> PublishedRate:
    """The rate that a line gives. Raises ValueError with column and reason."""
    values = {column: (row[column] or "").strip() for column in COLUMNS}
    currency = values["currency"].upper()
    if currency not in currencies():
        raise ValueError(f"currency: {values['currency'] or 'nothing'} is not a currency of ISO 4217")
    if currency == USD:
        raise ValueError("currency: the US dollar is what others are told in, and has no rate")
    source = composed(values["source"])
    if reason := fault("source", source):
        raise ValueError(f"source: {reason}")
    return PublishedRate(
        currency=currency,
        month=_month(values["month"]),
        rate=_figure(values["rate"]),
        source=source,
    )


def _month(text: str) -> date:
    for form in ("%Y-%m", "%Y-%m-%d"):
        try:
            month = datetime.strptime(text, form).date()  # noqa: DTZ007 - a month has no time zone
        except ValueError:
            continue
        if month.day == 1:
            return month
    raise ValueError(f"month: {text or 'nothing'} is not a month such as 2026-11")


def _figure(text: str) -> Decimal:
    try:
        rate = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"rate: {text or 'nothing'} is not a number") from None
    if not rate.is_finite() or rate <= 0:
        raise ValueError(f"rate: {text} is not above zero")
    if rate != round(rate, RATE_PLACES):
        raise ValueError(f"rate: {text} has more than {RATE_PLACES} decimal places")
    return rate

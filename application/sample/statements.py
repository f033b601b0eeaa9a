"""From the words of the story's files to what the commands state: amounts, targets, deliveries, evidence."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

from application.sample import RATE_SOURCE
from domain.commands import ContributionStatement, TargetStatement
from domain.values import USD, Evidence, StatedMoney, UsdRate

Table = Mapping[str, Any]

_EVIDENCE_SITE = "https://sample.example/"  # a domain that is reserved, and so leads nowhere


def read(name: str) -> dict[str, Any]:
    """One file of the story."""
    return tomllib.loads(resources.files(__package__).joinpath(name).read_text(encoding="utf-8"))


def rate(currency: str, on: date) -> UsdRate | None:
    """The sample rate of a currency in the year of `on`; None for dollars, which need none."""
    if currency == USD:
        return None
    return UsdRate(rate=Decimal(_rates()[currency][str(on.year)]), on=on.replace(month=1, day=1), source=RATE_SOURCE)


def amount(text: str, on: date) -> StatedMoney | Decimal:
    """`"120"` as a count, `"1500.00 EUR"` as money at the rate of the year."""
    figure, _, currency = text.partition(" ")
    if not currency:
        return Decimal(figure)
    return StatedMoney(amount=Decimal(figure), currency=currency, usd_rate=rate(currency, on))


def targets(tables: Sequence[Table], on: date) -> tuple[TargetStatement, ...]:
    """What was promised on a day."""
    return tuple(
        TargetStatement(
            id=table["id"],
            measure=table["measure"],
            value=amount(table["value"], on),
            baseline=Decimal(table.get("baseline", 0)),
            due_on=table.get("due_on"),
        )
        for table in tables
    )


def changed_targets(tables: Sequence[Table], promised: Mapping[str, str]) -> tuple[TargetStatement, ...]:
    """Targets with new values, measured as they were `promised` (measure by id); money keeps its first rate."""
    return tuple(
        TargetStatement(id=table["id"], measure=promised[table["id"]], value=_without_rate(table["value"]))
        for table in tables
    )


def contributions(step: Table) -> tuple[ContributionStatement, ...]:
    """What a step of a life delivered: its own delivery and those beside it; nothing if it tells of none."""
    if "deliver" not in step:
        return ()
    on = step.get("when", step["on"])
    return tuple(_contribution(table, on) for table in (step, *step.get("also", ())))


def evidence(step: Table) -> tuple[Evidence, ...]:
    """The document that a step names, at an address that is a sample too."""
    if "proof" not in step:
        return ()
    return (Evidence(url=f"{_EVIDENCE_SITE}{step['proof']}", title="Sample evidence"),)


def measures(tables: Sequence[Table]) -> dict[str, str]:
    """What each target is measured in, by its id."""
    return {table["id"]: table["measure"] for table in tables}


def _contribution(table: Table, on: date) -> ContributionStatement:
    return ContributionStatement(
        target=table["to"],
        amount=amount(table["deliver"], on),
        effective_on=on,
        description=table.get("what"),
        evidence=evidence(table),
        country=table.get("in"),
    )


def _without_rate(text: str) -> StatedMoney | Decimal:
    figure, _, currency = text.partition(" ")
    return StatedMoney(amount=Decimal(figure), currency=currency) if currency else Decimal(figure)


@cache
def _rates() -> Mapping[str, Mapping[str, str]]:
    return read("rates.toml")

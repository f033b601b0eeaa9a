"""The periodic progress report: made from the ledger as of a moment, and written down for ever.

The document is canonical JSON: the same position, period and rules version give the same bytes, and `digest` is the
SHA-256 of the canonical document without itself, so that anybody can check a report they were given.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from hashlib import sha256
from typing import Any
from uuid import UUID

from application.moments import RULES_VERSION, AsOf
from application.ports import Register
from audit.canonical import canonical
from audit.envelope import Entry, format_instant
from domain.events import Deactivated, PledgeEvent, Registered, Renamed
from domain.progress.making import progress_report
from domain.progress.report import Period, ProgressReport, Proportion


class ProgressReports:
    """Makes progress reports of a register."""

    def __init__(self, register: Register) -> None:
        self._register = register

    def make(self, period: Period, as_of: AsOf | None = None) -> ProgressReport:
        """The report for a period as the register tells it as of a moment; now, without one.

        A period that is not over is reported on as far as it went. Raises MomentNotOver and PositionAhead.
        """
        at = self._register.resolve(as_of, period.end)
        facts, names = _gathered(self._register.entries(at.position), period.end)
        return progress_report(
            period, facts, names, position=at.position, recorded_at=at.recorded_at, rules_version=RULES_VERSION
        )


def report_bytes(report: ProgressReport) -> bytes:
    """The document of a report, canonical, with its digest."""
    return canonical(report_document(report))


def report_document(report: ProgressReport) -> dict[str, Any]:
    """The document of a report: US dollars and rates as decimal strings, days and instants as ISO 8601 says."""
    document: dict[str, Any] = _plain(report)
    return {**document, "digest": sha256(canonical(document)).hexdigest()}


def _gathered(entries: Iterable[Entry], on: date) -> tuple[dict[UUID, list[PledgeEvent]], dict[UUID, str]]:
    """The facts by pledge, and what organisations were called on a day: as registered, where that is later."""
    facts: defaultdict[UUID, list[PledgeEvent]] = defaultdict(list)
    names: dict[UUID, str] = {}
    for entry in entries:
        match entry.event:
            case Registered(originator_id=id, name=name):
                names[id] = name
            case Renamed(originator_id=id, name=name, effective_on=since):
                if since <= on:
                    names[id] = name
            case Deactivated():
                pass
            case fact:
                facts[fact.originator_id].append(fact)
    return facts, names


def _plain(value: Any) -> Any:
    match value:
        case Enum():
            return value.value
        case None | bool() | int() | str():
            return value
        case Decimal():
            return in_dollars(value)
        case datetime():
            return format_instant(value)
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
        case Proportion(part=part, whole=whole, rate=rate):
            return {"part": _plain(part), "whole": _plain(whole), "rate": None if rate is None else f"{rate:f}"}
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case tuple():
            return [_plain(item) for item in value]
        case _ if is_dataclass(value):
            return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"a report holds no {type(value).__name__}")


def in_dollars(amount: Decimal) -> str:
    """US dollars in plain notation, with two decimals at least and not one less than there are."""
    exponent = amount.as_tuple().exponent
    places = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"{amount:.{places}f}"

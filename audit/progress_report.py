"""The document of a periodic progress report: canonical JSON with its digest, the same bytes for ever.

It needs no database: whoever has the facts makes the report again and compares the bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from audit.envelope import format_instant
from audit.snapshot import Document, dollars, ladder_document, sealed, total_document
from domain.ladder import Ladder
from domain.progress.report import ProgressReport, Proportion
from domain.totals import Total


def report_document(report: ProgressReport) -> Document:
    """The document of a report, named as its fields are; dollars and rates are text.

    `as_of` is when the fact at the report's position was recorded. The digest is the SHA-256 of the canonical
    document without it, as that of a snapshot.
    """
    told = {field.name: getattr(report, field.name) for field in fields(report) if field.name != "recorded_at"}
    recorded_at = format_instant(report.recorded_at) if report.recorded_at else None
    return sealed({"as_of": recorded_at, **{name: plain(value) for name, value in told.items()}})


def plain(value: Any) -> Any:
    """A value of a report as JSON has it. Raises TypeError for what no report holds."""
    match value:
        case Enum():
            return value.value
        case None | bool() | int() | str():
            return value
        case Decimal():
            return dollars(value)
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
        case Proportion(part=part, whole=whole, rate=rate):
            return {"part": plain(part), "whole": plain(whole), "rate": None if rate is None else f"{rate:f}"}
        case Ladder():
            return ladder_document(value)
        case Total():
            return plain(total_document(value))
        case Mapping():
            return {plain(key): plain(item) for key, item in value.items()}
        case tuple():
            return [plain(item) for item in value]
        case _ if is_dataclass(value):
            return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"a report holds no {type(value).__name__}")

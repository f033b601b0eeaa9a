"""A status snapshot as tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from api.exports.tables import Cell, Table
from api.exports.workbooks import workbook
from audit.envelope import parse_instant
from audit.snapshot import Document

STATUS_COLUMNS: Sequence[str] = (
    "reference",
    "version",
    "title",
    "lead_id",
    "lead_name",
    "sector",
    "pledger_region",
    "type",
    "focus_area",
    "pillars",
    "countries",
    "regions",
    "target_groups",
    "beneficiary_groups",
    "sdgs",
    "wsis_lines",
    "announced_on",
    "lifecycle",
    "scaled_up",
    "value_usd",
    "announced_usd",
    "validated_usd",
    "delivered_usd",
    "verified_usd",
    "delivered_share",
    "reports",
    "reporting",
    "next_report_due_on",
    "schedule",
)
_LISTS = frozenset({"pillars", "countries", "regions", "target_groups", "beneficiary_groups", "sdgs", "wsis_lines"})
_DAYS = frozenset({"announced_on", "next_report_due_on"})
_TOTALS: Sequence[str] = (
    "pledges",
    "organisations",
    "countries",
    "announced_usd",
    "validated_usd",
    "delivered_usd",
    "verified_usd",
    "reported",
    "response_rate",
)

HOW_TO_CHECK = (
    "Ask the register for the same position, effective date and grouping as JSON: the digest is the SHA-256 of that "
    "document's canonical JSON (RFC 8785) without its digest."
)


def status_table(snapshot: Document) -> Table:
    """One row for each admitted pledge."""
    return Table(title="Pledges", columns=STATUS_COLUMNS, rows=_status_rows(snapshot["pledges"]))


def totals_table(snapshot: Document) -> Table:
    """One row for each part by which the totals are divided; for the whole where they are not."""
    dimensions, parts = snapshot["group_by"], snapshot["groups"] if snapshot["group_by"] else [snapshot["totals"]]
    return Table(
        title="Totals",
        columns=[*dimensions, *_TOTALS, *(name for name, _ in _counts(snapshot["totals"]))],
        rows=(
            [*(part["key"][name] for name in dimensions), *_figures(part), *(n for _, n in _counts(part))]
            for part in parts
        ),
    )


def snapshot_workbook(snapshot: Document) -> bytes:
    """A workbook with a cover sheet that says which moment it is of, and a sheet for each table."""
    made: datetime | None = parse_instant(snapshot["as_of"]) if snapshot["as_of"] else None
    tables = [_totals_table(snapshot["totals"]), *_group_tables(snapshot), status_table(snapshot)]
    return workbook(_cover(snapshot), tables, title="Status of pledges", made=made)


def _cover(snapshot: Document) -> list[tuple[str, Cell]]:
    totals = snapshot["totals"]
    return [
        ("Position in the ledger", snapshot["position"]),
        ("As of (recorded by)", snapshot["as_of"] or "before the first fact"),
        ("Effective on (true by)", date.fromisoformat(snapshot["effective_on"])),
        ("Rules version", snapshot["rules_version"]),
        ("Grouped by", ", ".join(snapshot["group_by"]) or "nothing"),
        ("Attribution of value", snapshot["attribution"]),
        ("Digest", snapshot["digest"]),
        ("Root of the tree of entries", snapshot["root"]),
        ("How to check", HOW_TO_CHECK),
        ("Pledges counted", totals["pledges"]),
        ("Of these reported on", totals["reported"]),
        ("What is counted", "Pledges admitted and not withdrawn; announced ones stand beside them."),
    ]


def _totals_table(totals: Mapping[str, Any]) -> Table:
    figures = zip(_TOTALS, _figures(totals), strict=True)
    return Table(title="Totals", columns=("figure", "value"), rows=[*figures, *_counts(totals)])


def _figures(totals: Mapping[str, Any]) -> list[Cell]:
    return [_figure(name, totals[name]) for name in _TOTALS]


def _counts(totals: Mapping[str, Any]) -> list[tuple[str, int]]:
    return [(f"{of}: {code}", count) for of in ("lifecycle", "reporting") for code, count in totals[of].items()]


def _group_tables(snapshot: Document) -> Iterator[Table]:
    if dimensions := snapshot["group_by"]:
        yield Table(
            title="Groups",
            columns=[*dimensions, *_TOTALS],
            rows=([*(group["key"][name] for name in dimensions), *_figures(group)] for group in snapshot["groups"]),
        )


def _status_rows(pledges: Sequence[Mapping[str, Any]]) -> Iterator[Sequence[Cell]]:
    for pledge in pledges:
        flat = {**pledge, "lead_id": pledge["lead"]["id"], "lead_name": pledge["lead"]["name"]}
        yield [_figure(name, flat[name]) for name in STATUS_COLUMNS]


def _figure(name: str, value: Any) -> Cell:
    if value is None or isinstance(value, int):
        return value
    if name in _LISTS:
        return " ".join(map(str, value))
    if name in _DAYS:
        return date.fromisoformat(value)
    if name.endswith(("_usd", "_share", "_rate")):
        return Decimal(value)
    return str(value)

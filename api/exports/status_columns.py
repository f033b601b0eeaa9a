"""The columns of a status snapshot: of its pledges, of its totals and of its groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from api.exports.cells import Cell, Column, Kind, Row
from domain.ladder import RUNGS
from domain.vocabulary import Lifecycle, ReportingHealth

LIST_SEPARATOR = "; "


def _stated(name: str) -> Callable[[Row], Cell]:
    return lambda row: row[name]


def _decimal(name: str) -> Callable[[Row], Cell]:
    return lambda row: None if row[name] is None else Decimal(row[name])


def _day(name: str) -> Callable[[Row], Cell]:
    return lambda row: None if row[name] is None else date.fromisoformat(row[name])


def _listed(name: str) -> Callable[[Row], Cell]:
    return lambda row: LIST_SEPARATOR.join(str(item) for item in row[name])


def _of_lead(name: str) -> Callable[[Row], Cell]:
    return lambda row: row["lead"][name]


def _counted(name: str, code: str) -> Callable[[Row], Cell]:
    return lambda row: row[name][code]


def _dollars(rung: str) -> Column:
    name = f"{rung}_usd"
    return Column(name=name, title=f"{rung.capitalize()}, USD", read=_decimal(name), kind=Kind.DOLLARS, width=20)


PLEDGES: Sequence[Column] = (
    Column(name="reference", title="Reference", read=_stated("reference"), width=18),
    Column(name="version", title="Version", read=_stated("version"), kind=Kind.COUNT, width=8),
    Column(name="lifecycle", title="Lifecycle", read=_stated("lifecycle")),
    Column(name="scaled_up", title="Scaled up", read=_stated("scaled_up"), kind=Kind.WHETHER, width=10),
    Column(name="lead_id", title="Lead, id", read=_of_lead("id"), width=38),
    Column(name="lead_name", title="Lead", read=_of_lead("name"), width=32),
    Column(name="lead_sector", title="Lead, sector", read=_of_lead("sector"), width=20),
    Column(name="lead_country", title="Lead, country", read=_of_lead("country")),
    Column(name="lead_region", title="Lead, region", read=_of_lead("region"), width=16),
    Column(name="title", title="Title", read=_stated("title"), width=48),
    Column(name="type", title="Type", read=_stated("type")),
    Column(name="focus_area", title="Focus area", read=_stated("focus_area")),
    Column(name="pillars", title="Pillars", read=_listed("pillars"), width=24),
    Column(name="countries", title="Countries", read=_listed("countries"), width=20),
    Column(name="regions", title="Regions", read=_listed("regions"), width=20),
    Column(name="target_groups", title="Target groups", read=_listed("target_groups")),
    Column(name="beneficiary_groups", title="Beneficiary groups", read=_listed("beneficiary_groups"), width=24),
    Column(name="sdgs", title="SDGs", read=_listed("sdgs")),
    Column(name="wsis_lines", title="WSIS lines", read=_listed("wsis_lines")),
    Column(name="announced_on", title="Announced on", read=_day("announced_on"), kind=Kind.DAY),
    Column(name="value_usd", title="Value, USD", read=_decimal("value_usd"), kind=Kind.DOLLARS, width=20),
    *(_dollars(rung) for rung in RUNGS),
    Column(
        name="delivered_share", title="Delivered of value", read=_decimal("delivered_share"), kind=Kind.SHARE, width=18
    ),
    Column(name="reports", title="Reports", read=_stated("reports"), kind=Kind.COUNT, width=8),
    Column(name="reporting_health", title="Reporting", read=_stated("reporting_health"), width=16),
    Column(
        name="next_report_due_on", title="Next report due", read=_day("next_report_due_on"), kind=Kind.DAY, width=16
    ),
    Column(name="schedule_health", title="Schedule", read=_stated("schedule_health")),
)

TOTALS: Sequence[Column] = (
    Column(name="pledges", title="Pledges", read=_stated("pledges"), kind=Kind.COUNT, width=9),
    Column(name="organisations", title="Organisations", read=_stated("organisations"), kind=Kind.COUNT),
    Column(name="countries", title="Countries", read=_stated("countries"), kind=Kind.COUNT, width=10),
    *(_dollars(rung) for rung in RUNGS),
    Column(name="reported", title="Reported on", read=_stated("reported"), kind=Kind.COUNT),
    Column(name="response_rate", title="Response rate", read=_decimal("response_rate"), kind=Kind.SHARE),
    *(
        Column(
            name=f"lifecycle_{code}",
            title=f"Lifecycle: {code}",
            read=_counted("lifecycle", code),
            kind=Kind.COUNT,
        )
        for code in Lifecycle
    ),
    *(
        Column(
            name=f"reporting_{code}",
            title=f"Reporting: {code}",
            read=_counted("reporting", code),
            kind=Kind.COUNT,
        )
        for code in ReportingHealth
    ),
)


def of_groups(group_by: Sequence[str]) -> Sequence[Column]:
    """The columns of groups: their keys, then their totals."""
    return (*(_key(dimension) for dimension in group_by), *TOTALS)


def _key(dimension: str) -> Column:
    def read(row: Row) -> Cell:
        key: Any = row["key"][dimension]
        return "(none stated)" if key is None else key

    return Column(name=dimension, title=dimension.replace("_", " ").capitalize(), read=read, width=24)

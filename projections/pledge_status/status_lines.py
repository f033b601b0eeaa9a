"""All status rows at a point as lines of a CSV file, written by the database.

What the columns hold is what the domain reckoned when the state was told; only dates are left to compare here. So a
file of 100,000 pledges needs neither their states read nor their figures reckoned again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import LiteralString
from uuid import UUID

from psycopg import sql

from domain.geography import members
from domain.vocabulary import CountryGroup
from projections.database import Source, rows
from projections.pinning import AT_POINT, Point, point, require_reached
from projections.pledge_status.filters import REPORTING_HEALTH

_LINES = sql.SQL("""
SELECT tracking.position AS reached, found.reference, found.line
FROM pledge_status.tracking LEFT JOIN (
    SELECT reference, array_to_string(ARRAY[{cells}], ',', '') AS line
    FROM pledge_status.pledges
    LEFT JOIN unnest(%(leads)s::uuid[], %(lead_names)s::text[]) AS named (named_id, lead_name) ON named_id = lead
    WHERE published AND {at_point}
) AS found ON true
""")


def _plain(expression: LiteralString) -> sql.Composable:
    """What neither needs quotes nor can be a formula."""
    return sql.SQL("({})::text").format(sql.SQL(expression))


def _text(column: LiteralString) -> sql.Composable:
    """As RFC 4180 has it, with an apostrophe before what a spreadsheet program would take for a formula."""
    return sql.SQL(
        "(CASE WHEN left({text}, 1) = ANY(%(formula_starts)s::text[]) THEN {with_apostrophe} ELSE {as_it_is} END)"
    ).format(
        text=sql.SQL(column),
        with_apostrophe=_quoted(sql.SQL("'''' || {}").format(sql.SQL(column))),
        as_it_is=_quoted(sql.SQL(column)),
    )


def _quoted(text: sql.Composable) -> sql.Composable:
    return sql.SQL(
        "CASE WHEN {text} ~ '[\",\\r\\n]' THEN '\"' || replace({text}, '\"', '\"\"') || '\"' ELSE {text} END"
    ).format(text=text)


def _list(array: LiteralString) -> sql.Composable:
    return sql.SQL("array_to_string({}, ' ')").format(sql.SQL(array))


def _day(column: LiteralString) -> sql.Composable:
    return sql.SQL("to_char({}, 'YYYY-MM-DD')").format(sql.SQL(column))


def _dollars(column: LiteralString) -> sql.Composable:
    """To the cent at least."""
    return sql.SQL("round({amount}, greatest(scale({amount}), 2))::text").format(amount=sql.SQL(column))


def _target_groups() -> sql.Composable:
    touched = [
        sql.SQL("CASE WHEN countries && {} THEN {} END").format(
            sql.SQL("{}::text[]").format(sql.Placeholder(f"members_of_{group}")), sql.Literal(group.value)
        )
        for group in sorted(CountryGroup)
    ]
    return sql.SQL("array_to_string(ARRAY[{}], ' ')").format(sql.SQL(", ").join(touched))


def _reporting() -> sql.Composable:
    cases = [
        sql.SQL("WHEN {} THEN {}").format(sql.SQL(condition), sql.Literal(health.value))
        for health, condition in REPORTING_HEALTH.items()
    ]
    return sql.SQL("(CASE {} END)").format(sql.SQL(" ").join(cases))


# What `domain.schedule.schedule_health` says, on whole numbers of 10,000. PostgreSQL rounds a double's half to even, as
# the domain does; any other share of a number of days is too far from a half for a double to miss.
_SCHEDULE = sql.SQL("""
(CASE WHEN ends_on IS NULL THEN 'unmeasured'
      WHEN %(on)s > ends_on THEN CASE WHEN targets_met >= 10000 THEN 'on_schedule' ELSE 'past_end' END
      WHEN targets_met > {elapsed} + 1000 THEN 'ahead'
      WHEN targets_met < {elapsed} - 1000 THEN 'behind'
      ELSE 'on_schedule' END)
""").format(elapsed=sql.SQL("round(10000::float8 * greatest(%(on)s - starts_on, 0) / (ends_on - starts_on))"))

_CELLS: Mapping[str, sql.Composable] = {
    "reference": _text("reference"),
    "version": _plain("version"),
    "title": _text("title"),
    "lead_id": _plain("lead"),
    "lead_name": _text("lead_name"),
    "sector": _plain("lead_sector"),
    "pledger_region": _plain("lead_region"),
    "type": _plain("type"),
    "focus_area": _plain("focus_area"),
    "pillars": _list("pillars"),
    "countries": _list("countries"),
    "regions": _list("regions"),
    "target_groups": _target_groups(),
    "beneficiary_groups": _list("beneficiary_groups"),
    "sdgs": _list("sdgs"),
    "wsis_lines": _list("wsis_lines"),
    "announced_on": _day("announced_on"),
    "lifecycle": _plain("lifecycle"),
    "scaled_up": _plain("scaled_up"),
    "value_usd": _dollars("value_usd"),
    "announced_usd": _dollars("announced_usd"),
    "validated_usd": _dollars("validated_usd"),
    "delivered_usd": _dollars("delivered_usd"),
    "verified_usd": _dollars("verified_usd"),
    "delivered_share": _plain("delivered_share"),
    "reports": _plain("reports"),
    "reporting": _reporting(),
    "next_report_due_on": _day("due_on"),
    "schedule": _SCHEDULE,
}


def status_lines(
    source: Source, at: Point, columns: Sequence[str], lead_names: Mapping[UUID, str], formula_starts: Sequence[str]
) -> Iterator[str]:
    """A line, without its end, for each pledge that was admitted, by reference, with the cells of these columns.

    A text that begins with one of `formula_starts` gets an apostrophe before it. Raises PositionNotReached, and
    KeyError for a column that is not told.
    """
    query = _LINES.format(cells=sql.SQL(", ").join(_CELLS[column] for column in columns), at_point=AT_POINT)
    values = {
        **point(at),
        **{f"members_of_{group}": sorted(members(group, at.effective_on)) for group in CountryGroup},
        "leads": list(lead_names),
        "lead_names": list(lead_names.values()),
        "formula_starts": list(formula_starts),
    }
    found = rows(source, query, values)
    require_reached(at, found[0]["reached"])
    told = [row for row in found if row["line"] is not None]
    # Put in order here, and not by the server, which would need its disk for so much text.
    told.sort(key=lambda row: str(row["reference"]))
    return (row["line"] for row in told)

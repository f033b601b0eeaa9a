"""The reminder queue as a table: one line for each report that is owed, with the mail that asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from api.exports.tables import Cell, Table
from api.reports.reminders import FOR_PROGRAMS, Letters
from domain.obligations import Obligation

COLUMNS: Sequence[str] = (
    "reference",
    "title",
    "lead_id",
    "lead_name",
    "sector",
    "pledger_region",
    "regions",
    "focus_area",
    "health",
    "due_on",
    "overdue_on",
    "silent_on",
    "days_since_due",
    "last_reported_until",
    "period_start",
    "period_end",
    "mail_subject",
    "mail_text",
)


def obligation_table(obligations: Iterable[Obligation], letters: Letters = FOR_PROGRAMS) -> Table:
    """One row for each pledge on which a report is owed, with the mail that asks for it."""
    return Table(title="Obligations", columns=COLUMNS, rows=_rows(obligations, letters))


def _rows(obligations: Iterable[Obligation], letters: Letters) -> Iterator[Sequence[Cell]]:
    for owed in obligations:
        mail = letters.reminder(owed)
        yield (
            owed.reference,
            owed.title,
            str(owed.lead),
            owed.lead_name,
            owed.sector.value,
            owed.pledger_region.value if owed.pledger_region else None,
            " ".join(owed.regions),
            owed.focus_area.value,
            owed.health.value,
            owed.due_on,
            owed.overdue_on,
            owed.silent_on,
            owed.days_since_due,
            owed.last_reported_until,
            owed.period_start,
            owed.period_end,
            mail.subject,
            mail.text,
        )

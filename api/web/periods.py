"""The periods that the progress report is usually asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Periods:
    """The year so far, the year before it, and the last quarter that is over; each its first and its last day."""

    this_year: tuple[date, date]
    last_year: tuple[date, date]
    last_quarter: tuple[date, date]


def periods(on: date) -> Periods:
    """The periods as they are on a day."""
    new_year = date(on.year, 1, 1)
    quarter = date(on.year, 3 * ((on.month - 1) // 3) + 1, 1)
    quarter_end = quarter - timedelta(days=1)
    return Periods(
        this_year=(new_year, on),
        last_year=(date(on.year - 1, 1, 1), new_year - timedelta(days=1)),
        last_quarter=(date(quarter_end.year, quarter_end.month - 2, 1), quarter_end),
    )

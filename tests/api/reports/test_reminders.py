"""The mail that asks for a report, for programs and for people."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from api.languages.texts import texts
from api.reports.reminders import FOR_PROGRAMS, letters
from domain.obligations import Obligation, obligation
from domain.pledge import fold
from tests.given import announced, organisation, reported, schools, validated

LEAD = organisation("Lead")


def owed(on: date, *, reported_until: date | None = None) -> Obligation:
    """A report on a pledge that was announced at the beginning of 2024."""
    told = [reported(date(2024, 1, 1), reported_until)] if reported_until else []
    pledge = fold(None, [announced(schools(10), title="Schools online"), validated(), *told])
    assert pledge
    found = obligation(pledge, {LEAD.id: "Hirondelle"}, on)
    assert found
    return replace(found, reference="P2C-2024-000001")


def test_for_programs_it_says_in_english_what_is_owed_since_when_and_on_which_time() -> None:
    mail = FOR_PROGRAMS.reminder(owed(date(2025, 6, 1), reported_until=date(2024, 5, 31)))

    assert mail.subject == "Progress report due: P2C-2024-000001 Schools online"
    assert mail.text == (
        "Hirondelle leads the Partner2Connect pledge P2C-2024-000001, “Schools online”. A progress report on it has"
        " been due since 2025-05-31, which is 1 day ago. The latest report that we have covers the time up to"
        " 2024-05-31. Please report on the time from 2024-06-01 to 2025-06-01: what was delivered, what stands in the"
        " way, what comes next, and what others can learn from it."
    )


def test_for_programs_a_large_number_of_days_is_digits_alone() -> None:
    assert "which is 1095 days ago" in FOR_PROGRAMS.reminder(owed(date(2028, 1, 1))).text


def test_for_the_first_report_it_says_that_there_was_none() -> None:
    text = FOR_PROGRAMS.reminder(owed(date(2025, 1, 1))).text

    assert "has been due today. We have not received a report on this pledge yet." in text


def test_for_people_days_and_numbers_are_written_as_their_language_does() -> None:
    mail = letters(texts("en")).reminder(owed(date(2028, 1, 1)))

    assert "since 1 January 2025, which is 1,095 days ago" in mail.text
    assert "from 1 January 2024 to 1 January 2028" in mail.text
    assert "1 января 2024" in letters(texts("ru")).reminder(owed(date(2028, 1, 1))).text

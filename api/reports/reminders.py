"""The mail that asks for a report, in a language; whoever sends it adds a greeting and a name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from api.languages.texts import SOURCE, Texts, texts
from domain.obligations import Obligation
from domain.text import one_line


@dataclass(frozen=True, slots=True)
class Reminder:
    """A mail to whoever owes a report: its subject, on one line, and its text."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Letters:
    """How reminders are written: in which language, and how days and numbers look in them."""

    texts: Texts
    day: Callable[[date], str]
    number: Callable[[int], str]

    def reminder(self, owed: Obligation) -> Reminder:
        """The mail that asks for a report."""
        title = one_line(owed.title)
        return Reminder(
            subject=self.texts.say("Progress report due: {reference} {title}", reference=owed.reference, title=title),
            text=" ".join(
                (
                    self.texts.say(
                        "{lead} leads the Partner2Connect pledge {reference}, “{title}”.",
                        lead=one_line(owed.lead_name),
                        reference=owed.reference,
                        title=title,
                    ),
                    self._since(owed),
                    self._latest(owed),
                    self.texts.say(
                        "Please report on the time from {start} to {end}: what was delivered, what stands in the way,"
                        " what comes next, and what others can learn from it.",
                        start=self.day(owed.period_start),
                        end=self.day(owed.period_end),
                    ),
                )
            ),
        )

    def _since(self, owed: Obligation) -> str:
        if owed.days_since_due == 0:
            return self.texts.say("A progress report on it has been due today.")
        return self.texts.count(
            "A progress report on it has been due since {day}, which is {days} day ago.",
            "A progress report on it has been due since {day}, which is {days} days ago.",
            owed.days_since_due,
            day=self.day(owed.due_on),
            days=self.number(owed.days_since_due),
        )

    def _latest(self, owed: Obligation) -> str:
        if owed.last_reported_until is None:
            return self.texts.say("We have not received a report on this pledge yet.")
        return self.texts.say(
            "The latest report that we have covers the time up to {day}.", day=self.day(owed.last_reported_until)
        )


def letters(spoken: Texts) -> Letters:
    """Reminders in a language, with days in words, for people to send."""
    return Letters(spoken, day=spoken.day, number=spoken.number)


FOR_PROGRAMS = Letters(texts(SOURCE), day=date.isoformat, number=str)
"""Reminders in English with days in digits, as the interface for programs has always told them."""

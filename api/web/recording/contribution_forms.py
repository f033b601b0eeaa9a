"""Every form about a contribution that was recorded."""

from __future__ import annotations

from api.http import bodies
from api.http.representations import in_currency
from api.languages.texts import message
from api.web.recording.delivery_parts import CONTRIBUTION
from api.web.recording.descriptions import RecordingForm, Values
from api.web.recording.documents import Document
from api.web.recording.options import REPLACE, TAKE_BACK
from api.web.recording.parts import Field, Kind, Section
from api.web.recording.subject import Subject
from domain import commands as asked
from domain.events import (
    ContributionQueried,
    ContributionVerified,
    Corrected,
    Declined,
    PledgeEvent,
    Withdrawn,
)
from domain.pledge import Standing
from domain.text import longest
from domain.values import Contribution, Money


def _corrected(stated: Document, _: Subject) -> Document:
    """A contribution that is taken back has no figures; one that is replaced must have them."""
    reason = {name: stated[name] for name in ("reason",) if name in stated}
    return reason if stated.get("way") == TAKE_BACK else {**reason, "replacement": stated.get("replacement", {})}


def _as_it_was_recorded(subject: Subject) -> Values:
    if subject.recorded is None:
        return {"way": [REPLACE]}
    figures = _figures(subject.recorded.contribution)
    return {"way": [REPLACE], **{f"replacement.{name}": [text] for name, text in figures.items() if text}}


def _figures(given: Contribution) -> dict[str, str]:
    found = {
        "target": given.target,
        "effective_on": str(given.effective_on),
        "description": given.description or "",
        "country": given.country or "",
    }
    for row, document in enumerate(given.evidence):
        found |= {
            f"evidence.{row}.url": document.url,
            f"evidence.{row}.title": document.title or "",
            f"evidence.{row}.sha256": document.sha256 or "",
        }
    match given.amount:
        case Money(amount=amount, currency=currency, usd_rate=rate):
            found |= {"amount.amount": in_currency(amount, currency), "amount.currency": currency}
            if rate:
                found |= {
                    "amount.usd_rate.rate": f"{rate.rate:f}",
                    "amount.usd_rate.on": str(rate.on),
                    "amount.usd_rate.source": rate.source,
                }
        case count:
            found |= {"amount.amount": f"{count:f}"}
    return found


def _of_the_contribution(event: PledgeEvent, contribution: str | None) -> bool:
    """Whether a fact says something of the contribution, or ends the pledge."""
    match event:
        case ContributionVerified(contribution=id) | ContributionQueried(contribution=id) | Corrected(contribution=id):
            return id == contribution
        case _:
            return isinstance(event, Withdrawn | Declined)


CORRECT = RecordingForm(
    name="correct",
    title=message("Correct a contribution"),
    meaning=message(
        "For figures that are wrong. The contribution no longer counts, and what you give below counts in its place, if"
        " anything. What was recorded before stays in the history; a pledge that was fulfilled may be open again."
    ),
    button=message("Record the correction"),
    of_contribution=True,
    body=bodies.Correction,
    blank=asked.Correct(contribution="", reason=""),
    is_possible=lambda subject: subject.recorded is not None,
    completed=_corrected,
    filled=_as_it_was_recorded,
    minds=_of_the_contribution,
    parts=(
        Field(
            name="reason",
            label=message("Reason"),
            kind=Kind.TEXT,
            needed=True,
            hint=message("What was wrong, and how you found out."),
        ),
        Field(
            name="way",
            label=message("What is to happen"),
            kind=Kind.RADIO,
            options="correction",
            needed=True,
            preset=True,
        ),
        Section(
            name="replacement",
            label=message("Right figures"),
            hint=message("Not needed where the contribution is taken back."),
            parts=CONTRIBUTION,
        ),
    ),
)

VERIFY = RecordingForm(
    name="verify",
    title=message("Verify a contribution"),
    meaning=message("You checked the evidence, and it shows what was reported. The contribution counts as verified."),
    button=message("Record that it is verified"),
    of_contribution=True,
    body=bodies.Verification,
    blank=asked.VerifyContribution(contribution=""),
    is_possible=lambda subject: subject.recorded is not None and subject.recorded.standing is not Standing.VERIFIED,
    minds=_of_the_contribution,
    parts=(
        Field(
            name="note",
            label=message("Note"),
            kind=Kind.TEXT,
            longest=longest("note"),
            hint=message("What you checked, if others should know."),
        ),
    ),
)

QUERY = RecordingForm(
    name="query",
    title=message("Ask about a contribution"),
    meaning=message(
        "The pledger is asked about the evidence. Until you verify it, the contribution does not count as verified."
    ),
    button=message("Record the question"),
    of_contribution=True,
    body=bodies.Question,
    blank=asked.QueryContribution(contribution="", question=""),
    is_possible=lambda subject: subject.recorded is not None,
    minds=_of_the_contribution,
    parts=(
        Field(
            name="question",
            label=message("Question"),
            kind=Kind.TEXT,
            needed=True,
            hint=message("What does not fit, and what would show it."),
        ),
    ),
)

CONTRIBUTION_FORMS = (VERIFY, QUERY, CORRECT)

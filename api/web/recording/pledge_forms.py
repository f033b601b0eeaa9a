"""Every form about a pledge, in the order in which a pledge lives."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from api.http import bodies
from api.languages.texts import message
from api.web.recording.delivery_parts import EVIDENCE, contributions, new_targets
from api.web.recording.descriptions import RecordingForm, Values
from api.web.recording.documents import Document
from api.web.recording.parts import FOR_EVER, FOR_THE_PARTIES, Field, Kind, Part, Rows, Section, TargetChanges
from api.web.recording.subject import Subject
from domain import commands as asked
from domain.decisions import CLOSED, LEFT
from domain.events import Description
from domain.pledge import Pledge
from domain.text import longest
from domain.vocabulary import FocusArea, Lifecycle, PledgeType, SelfAssessment

NOBODY = UUID(int=0)

LISTS = frozenset({"pillars", "countries", "beneficiary_groups", "sdgs", "wsis_lines"})
"""The parts of a description that are several codes."""


def _reason(hint: str, readers: str = FOR_EVER) -> Field:
    return Field(name="reason", label=message("Reason"), kind=Kind.TEXT, needed=True, hint=hint, readers=readers)


_EFFECTIVE_ON = Field(
    name="effective_on",
    label=message("Since"),
    kind=Kind.DAY,
    until_today=True,
    since_announcement=True,
    hint=message("The day on which this became true in the world. Left empty, it is today."),
)

_CLASSIFICATION: tuple[Part, ...] = (
    Field(
        name="type",
        label=message("Type of pledge"),
        kind=Kind.RADIO,
        options="type",
        needed=True,
        hint=message("What kind of promise it is; exactly one."),
    ),
    Field(
        name="focus_area",
        label=message("Focus area"),
        kind=Kind.RADIO,
        options="focus_area",
        needed=True,
        hint=message("One of the four of the Partner2Connect Action Framework."),
    ),
    Field(
        name="pillars",
        label=message("Pillars"),
        kind=Kind.CHOICES,
        options="pillar",
        hint=message("Themes inside the focus area that you chose; none, one or several."),
    ),
)

_WORDS: tuple[Part, ...] = (
    Field(
        name="title",
        label=message("Title"),
        needed=True,
        longest=longest("title"),
        hint=message("One line that says what is promised, such as “Connect 120 schools in Senegal”."),
    ),
    Field(
        name="description",
        label=message("Description"),
        kind=Kind.TEXT,
        needed=True,
        hint=message("What you will do, with whom, and how people will notice."),
    ),
)

_REACH: tuple[Part, ...] = (
    Field(
        name="countries",
        label=message("Countries"),
        kind=Kind.COUNTRIES,
        options="country",
        hint=message("Where it is implemented; your own country only if it is implemented there."),
    ),
    Field(
        name="beneficiary_groups",
        label=message("People it is meant to reach"),
        kind=Kind.CHOICES,
        options="beneficiary_group",
        hint=message("Only groups that the pledge is made for."),
    ),
    Field(
        name="sdgs",
        label=message("Sustainable Development Goals"),
        kind=Kind.CHOICES,
        options="sdg",
        numeric=True,
        hint=message("The goals that it serves most."),
    ),
    Field(
        name="wsis_lines",
        label=message("WSIS action lines"),
        kind=Kind.CHOICES,
        options="wsis_line",
        hint=message("Of the World Summit on the Information Society."),
    ),
)

_TIME: tuple[Part, ...] = (
    Field(name="starts_on", label=message("Begins on"), kind=Kind.DAY, hint=message("When work begins or began.")),
    Field(name="ends_on", label=message("Ends on"), kind=Kind.DAY, hint=message("When it is to be kept.")),
    Field(
        name="occasion",
        label=message("Occasion"),
        longest=longest("occasion"),
        hint=message("Where it was announced, such as WTDC-22."),
    ),
    Field(
        name="additionality",
        label=message("Is it new?"),
        kind=Kind.CHOICE,
        options="additionality",
        hint=message("Whether it adds to what was promised before, here or elsewhere."),
    ),
)

_PARTNERS = Rows(
    name="partners",
    label=message("Partners"),
    one=message("Partner"),
    add=message("Add a partner"),
    hint=message(
        "Organisations that share the promise. They may record what they contribute. Give every partner a share of"
        " the value, or none; you have what is left."
    ),
    parts=(
        Field(
            name="organisation",
            label=message("Organisation"),
            kind=Kind.ORGANISATION,
            hint=message("Its name as it stands in this register, or its id."),
        ),
        Field(
            name="share",
            label=message("Share"),
            kind=Kind.RATE,
            hint=message("A part of one: 0.25 is a quarter."),
        ),
    ),
)


def _announced(stated: Document, subject: Subject) -> Document:
    return {
        **stated,
        "lead": str(subject.organisation),
        **_with_ids(stated, "targets", ()),
    }


def _scaled_up(stated: Document, subject: Subject) -> Document:
    return {**stated, **_with_ids(stated, "new_targets", (target.id for target in subject.targets))}


def _with_ids(stated: Document, name: str, taken: Iterable[str]) -> Document:
    """The targets with ids by their measures: those who read `schools_connected` know what it is."""
    if name not in stated:
        return {}
    ids, named = set(taken), []
    for target in stated[name]:
        id = _free(target.get("measure") or "target", ids)
        ids.add(id)
        named.append({"id": id, **target})
    return {name: named}


def _free(measure: str, taken: set[str]) -> str:
    stem = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in measure)[:50].strip("._-")
    stem = stem or "target"
    return next(id for n in range(1, len(taken) + 2) if (id := stem if n == 1 else f"{stem}-{n}") not in taken)


def _amended(stated: Document, subject: Subject) -> Document:
    """Only what differs from what was shown: what somebody else puts right meanwhile stays right."""
    changes = {name: stated[name] for name in stated if name not in Description.__dataclass_fields__}
    if subject.seen is None:
        return stated
    before = _description(subject.seen)
    for name in Description.__dataclass_fields__:
        was = before.get(name, [])
        now = [str(value) for value in stated.get(name, [])] if name in LISTS else _texts(stated.get(name))
        if sorted(was) != sorted(now):
            # An amendment cannot empty what is no list; an empty text is refused, rather than passed over.
            changes[name] = stated.get(name, [] if name in LISTS else "")
    return changes


def _texts(value: object) -> list[str]:
    return [] if value is None else [str(value)]


def _description(pledge: Pledge) -> dict[str, list[str]]:
    """What the fields of an amendment hold to begin with."""
    found: dict[str, list[str]] = {}
    for name in Description.__dataclass_fields__:
        value: Any = getattr(pledge, name)
        found[name] = [str(one) for one in value] if name in LISTS else _texts(value)
    return found


def _description_as_it_is(subject: Subject) -> Values:
    return _description(subject.seen) if subject.seen else {}


def _period_that_is_owed(subject: Subject) -> Values:
    """From the day after the last report, or from the announcement, until today."""
    if subject.seen is None:
        return {}
    latest = max((report.period_end for report in subject.seen.reports), default=None)
    start = latest + timedelta(days=1) if latest else subject.seen.announced_on
    return {"period_start": [str(start)], "period_end": [str(subject.today)]} if start <= subject.today else {}


def _the_only_target(subject: Subject) -> Values:
    """Where there is one target only, every contribution is towards it."""
    if len(subject.targets) != 1:
        return {}
    return {f"contributions.{row}.target": [subject.targets[0].id] for row in range(3)}


def _reported(subject: Subject) -> Values:
    return {**_period_that_is_owed(subject), **_the_only_target(subject)}


def _undecided(subject: Subject) -> bool:
    return subject.now is not None and subject.now.lifecycle is Lifecycle.ANNOUNCED


def _open(subject: Subject) -> bool:
    return subject.now is not None and subject.now.lifecycle not in CLOSED


def _not_left(subject: Subject) -> bool:
    return subject.now is not None and subject.now.lifecycle not in LEFT


def _measured(subject: Subject) -> bool:
    return bool(subject.targets)


ANNOUNCE = RecordingForm(
    name="announce",
    title=message("Announce a pledge"),
    meaning=message(
        "A public promise that your organisation leads. BDT sees it at once and decides whether it is admitted to the"
        " register; from then on everybody sees it."
    ),
    button=message("Announce the pledge"),
    of_pledge=False,
    body=bodies.Announcement,
    blank=asked.Announce(lead=NOBODY, title="", description="", type=PledgeType.FINANCIAL, focus_area=FocusArea.ACCESS),
    completed=_announced,
    parts=(
        Section(label=message("What is promised"), parts=(*_WORDS, *_CLASSIFICATION)),
        new_targets(
            "targets",
            message("Targets"),
            message("What can be measured. A policy or advocacy pledge may have none."),
            blank=2,
        ),
        Section(label=message("Where and for whom"), parts=_REACH),
        _PARTNERS,
        Section(
            label=message("When"),
            parts=(
                Field(
                    name="announced_on",
                    label=message("Announced on"),
                    kind=Kind.DAY,
                    until_today=True,
                    hint=message(
                        "The day of the promise. Left empty, it is today. Reports fall due every year from it."
                    ),
                ),
                *_TIME,
            ),
        ),
    ),
)

VALIDATE = RecordingForm(
    name="validate",
    title=message("Admit a pledge"),
    meaning=message("The pledge is admitted to the register, and everybody sees it. This is decided once."),
    button=message("Admit the pledge"),
    body=bodies.Validation,
    blank=asked.Validate(),
    is_possible=_undecided,
    minds=lambda *_: True,
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

DECLINE = RecordingForm(
    name="decline",
    title=message("Decline a pledge"),
    meaning=message(
        "The pledge is not admitted, and counts nowhere. Its parties, BDT and auditors see it and the reason. This is"
        " decided once."
    ),
    button=message("Decline the pledge"),
    body=bodies.Declining,
    blank=asked.Decline(reason=""),
    is_possible=_undecided,
    minds=lambda *_: True,
    parts=(_reason(message("What is missing or wrong, so that the pledger can announce it better."), FOR_THE_PARTIES),),
)

REPORT = RecordingForm(
    name="report",
    title=message("Report on progress"),
    meaning=message(
        "What happened in a period, in your own words, with what was delivered in it. A report is due every year."
    ),
    button=message("Record the report"),
    body=bodies.ProgressReport,
    blank=asked.Report(
        period_start=date.min, period_end=date.min, narrative="", self_assessment=SelfAssessment.ON_TRACK
    ),
    is_possible=_not_left,
    filled=_reported,
    parts=(
        Section(
            label=message("Period"),
            parts=(
                Field(
                    name="period_start",
                    label=message("From"),
                    kind=Kind.DAY,
                    needed=True,
                    until_today=True,
                    hint=message("The first day that you report on: the one after your last report."),
                ),
                Field(
                    name="period_end",
                    label=message("To"),
                    kind=Kind.DAY,
                    needed=True,
                    until_today=True,
                    since_announcement=True,
                    hint=message("The last day that you report on. No two reports may share a day."),
                ),
            ),
        ),
        Section(
            label=message("Progress"),
            parts=(
                Field(
                    name="self_assessment",
                    label=message("How it goes"),
                    kind=Kind.RADIO,
                    options="self_assessment",
                    needed=True,
                    hint=message("Your own judgement, for the pledge as a whole."),
                ),
                Field(
                    name="narrative",
                    label=message("What happened"),
                    kind=Kind.TEXT,
                    needed=True,
                    hint=message("What was done in the period, and what came of it."),
                ),
                Field(
                    name="challenges",
                    label=message("What stands in the way"),
                    kind=Kind.TEXT,
                    hint=message("Said openly, it helps others who face the same."),
                ),
                Field(
                    name="next_steps",
                    label=message("What comes next"),
                    kind=Kind.TEXT,
                    hint=message("Until the next report."),
                ),
            ),
        ),
        contributions(
            message("What was delivered"),
            message("Only what is not recorded yet. All of it is recorded with the report, or nothing."),
            blank=1,
        ),
        Rows(
            name="good_practices",
            label=message("Good practices"),
            one=message("Good practice"),
            add=message("Add a good practice"),
            hint=message("What you learned and others can use; it is listed with those of all pledgers."),
            parts=(
                Field(name="title", label=message("Title"), longest=longest("title")),
                Field(name="text", label=message("What others can learn"), kind=Kind.TEXT),
            ),
        ),
    ),
)

CONTRIBUTE = RecordingForm(
    name="contribute",
    title=message("Record what was delivered"),
    meaning=message("Each act of fulfilment by itself, with the day and the evidence, so that BDT can verify it."),
    button=message("Record what was delivered"),
    body=bodies.Contributions,
    blank=asked.Contribute(contributions=()),
    is_possible=lambda subject: _not_left(subject) and _measured(subject),
    completed=lambda stated, _: {"contributions": [], **stated},
    filled=_the_only_target,
    parts=(
        contributions(
            message("What was delivered"),
            message("Several acts can be recorded at once: all of them are, or none."),
            blank=2,
        ),
    ),
)

SCALE_UP = RecordingForm(
    name="scale-up",
    title=message("Scale up"),
    meaning=message("You promise more than before. What was promised before stays readable beside it."),
    button=message("Promise more"),
    body=bodies.ScalingUp,
    blank=asked.ScaleUp(),
    is_possible=_open,
    completed=_scaled_up,
    parts=(
        TargetChanges(
            label=message("Higher targets"),
            hint=message("Give the new total for each target that rises. What you leave empty stays as it is."),
        ),
        new_targets("new_targets", message("New targets"), message("What you promise in addition."), blank=1),
        Section(
            label=message("Further countries, and more time"),
            parts=(
                Field(
                    name="countries",
                    label=message("Further countries"),
                    kind=Kind.COUNTRIES,
                    options="further_country",
                    hint=message("In addition to those where it is implemented already."),
                ),
                Field(
                    name="ends_on",
                    label=message("Later end"),
                    kind=Kind.DAY,
                    hint=message("Only if the pledge goes on longer than was promised."),
                ),
                _EFFECTIVE_ON,
            ),
        ),
    ),
)

SCALE_DOWN = RecordingForm(
    name="scale-down",
    title=message("Scale down"),
    meaning=message(
        "You promise less than before, and say why. Nothing is edited in silence: the old values stay readable beside"
        " the new ones. No target can fall below what has been delivered."
    ),
    button=message("Promise less"),
    body=bodies.ScalingDown,
    blank=asked.ScaleDown(targets=(), reason=""),
    is_possible=lambda subject: _open(subject) and _measured(subject),
    completed=lambda stated, _: {"targets": [], **stated},
    parts=(
        TargetChanges(
            label=message("Lower targets"),
            hint=message("Give the new total for each target that falls. What you leave empty stays as it is."),
        ),
        _reason(message("Why less is possible than was promised.")),
        _EFFECTIVE_ON,
    ),
)

AMEND = RecordingForm(
    name="amend",
    title=message("Put the description right"),
    meaning=message(
        "For mistakes in the words and the classification. What was written before stays in the history. Targets are"
        " not amended: they are scaled up, or down with a reason."
    ),
    button=message("Record the amendment"),
    body=bodies.Amendment,
    blank=asked.Amend(changes=Description(), reason=""),
    is_possible=lambda subject: subject.now is not None and subject.now.lifecycle is not Lifecycle.DECLINED,
    completed=_amended,
    filled=_description_as_it_is,
    parts=(
        _reason(message("What was wrong.")),
        Section(label=message("What is promised"), parts=(*_WORDS, *_CLASSIFICATION)),
        Section(label=message("Where and for whom"), parts=_REACH),
        Section(label=message("When"), parts=_TIME),
    ),
)

FULFIL = RecordingForm(
    name="fulfil",
    title=message("State that the pledge is kept"),
    meaning=message(
        "The statement that the promise is kept. Every target has to be met, with the last contributions below if any."
        " Afterwards only corrections and amendments are possible."
    ),
    button=message("State that it is kept"),
    body=bodies.Fulfilment,
    blank=asked.Fulfil(statement=""),
    is_possible=_open,
    filled=_the_only_target,
    parts=(
        Field(
            name="statement",
            label=message("Closing statement"),
            kind=Kind.TEXT,
            needed=True,
            hint=message("What was achieved in the end."),
        ),
        _EFFECTIVE_ON,
        contributions(
            message("Last contributions"),
            message("Only what is not recorded yet; they come before the statement."),
            blank=1,
        ),
        EVIDENCE,
    ),
)

WITHDRAW = RecordingForm(
    name="withdraw",
    title=message("Withdraw the pledge"),
    meaning=message(
        "An honest exit: the promise ends here, and this cannot be undone. What was delivered stays and counts; what"
        " was not delivered no longer does. The pledge and the reason stay visible for ever, and no report is owed any"
        " more."
    ),
    button=message("Withdraw the pledge"),
    body=bodies.Withdrawal,
    blank=asked.Withdraw(reason=""),
    is_possible=_open,
    parts=(
        _reason(message("Why the promise cannot be kept.")),
        Field(
            name="superseded_by",
            label=message("Superseded by"),
            longest=longest("reference"),
            hint=message("The reference of the pledge that takes its place, such as P2C-2026-000042, if there is one."),
        ),
    ),
)

PLEDGE_FORMS = (VALIDATE, DECLINE, REPORT, CONTRIBUTE, SCALE_UP, SCALE_DOWN, AMEND, FULFIL, WITHDRAW)

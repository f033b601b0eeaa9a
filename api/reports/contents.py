"""The progress report in a language: what its sections say, and the tables and charts in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from api.charts.drawing import Bar, Line, bars, lines
from api.languages.texts import Texts, is_complete, message
from api.reports.blocks import Block, Contents, Grid, Paragraph, Picture, Quotation, Section
from audit.envelope import format_instant
from audit.progress_report import report_document
from domain.difference import Cause
from domain.dimensions import Dimension
from domain.ladder import RUNGS, Ladder
from domain.progress.report import Change, Cut, ProgressReport, Proportion, Response, Voice

BILLION = Decimal(10**9)

_CUT_TITLES = {
    Dimension.FOCUS_AREA: message("By focus area"),
    Dimension.PILLAR: message("By pillar"),
    Dimension.TYPE: message("By type of pledge"),
    Dimension.SECTOR: message("By sector of the lead organisation"),
    Dimension.PLEDGER_REGION: message("By region of the pledger"),
    Dimension.REGION: message("By region of implementation"),
    Dimension.TARGET_GROUP: message("By group of countries"),
    Dimension.BENEFICIARY_GROUP: message("By group of beneficiaries"),
    Dimension.SDG: message("By Sustainable Development Goal"),
    Dimension.WSIS_LINE: message("By WSIS action line"),
}
_CHARTED = frozenset(
    {Dimension.FOCUS_AREA, Dimension.TYPE, Dimension.SECTOR, Dimension.REGION, Dimension.PLEDGER_REGION}
)
_RUNG_NAMES = {
    "announced": message("Announced"),
    "validated": message("Validated"),
    "delivered": message("Delivered"),
    "verified": message("Verified"),
}
_CAUSE_NAMES = {
    Cause.NEW: message("New"),
    Cause.VALIDATED: message("Admitted by BDT"),
    Cause.SCALED_UP: message("Scaled up"),
    Cause.SCALED_DOWN: message("Scaled down"),
    Cause.DELIVERED: message("Delivered"),
    Cause.VERIFIED: message("Verified"),
    Cause.QUERIED: message("Queried"),
    Cause.CORRECTED: message("Corrected"),
    Cause.AMENDED: message("Amended"),
    Cause.WITHDRAWN: message("Withdrawn"),
    Cause.DECLINED: message("Declined"),
    Cause.REPORTED: message("Reported"),
    Cause.FULFILLED: message("Fulfilled"),
    Cause.RECLASSIFIED: message("Reclassified"),
}


def contents(report: ProgressReport, texts: Texts, *, font: str) -> Contents:
    """The document of a report; charts are lettered in `font`."""
    say, period = texts.say, report.period
    notice = None if is_complete(texts.language) else say("This document is partly in English.")
    sections = (
        Section(say("At a glance"), tuple(_glance(report, texts, font))),
        Section(say("Towards USD 100 billion"), tuple(_burn_up(report, texts, font))),
        Section(say("What moved, and why"), tuple(_movements(report, texts))),
        *(Section(say(_CUT_TITLES[cut.dimension]), tuple(_cut(cut, texts, font))) for cut in report.cuts),
        Section(say("What happened to pledges"), tuple(_happenings(report, texts))),
        Section(say("Who reported"), tuple(_responses(report, texts))),
        Section(say("Who owes a report"), tuple(_debtors(report, texts))),
        Section(say("What stands in the way"), tuple(_voices(report.challenges, texts))),
        Section(say("Next steps"), tuple(_voices(report.next_steps, texts))),
        Section(say("Good practices"), tuple(_stories(report, texts))),
    )
    return Contents(
        language=texts.language,
        right_to_left=texts.right_to_left,
        title=say("Progress of Partner2Connect pledges"),
        subtitle=say("{start} to {end}", start=texts.day(period.start), end=texts.day(period.end)),
        notice=notice,
        sections=sections,
        evidence=_evidence(report, texts),
    )


def _evidence(report: ProgressReport, texts: Texts) -> str:
    return texts.say(
        "Position {position} · as of {as_of} · effective on {effective_on} · rules {rules} · {digest}",
        position=report.position,
        as_of=format_instant(report.recorded_at) if report.recorded_at else "\u2013",
        effective_on=report.period.end.isoformat(),
        rules=report.rules_version,
        digest=report_document(report)["digest"],
    )


def _glance(report: ProgressReport, texts: Texts, font: str) -> Iterator[Block]:
    say, headline = texts.say, report.headline
    yield Grid(
        caption=say("Pledges that BDT admitted and that were not withdrawn"),
        columns=("", say("To date"), say("New in the period")),
        rows=(
            (say("Pledges"), texts.number(headline.pledges.to_date), texts.number(headline.pledges.new)),
            (say("Value"), texts.dollars(headline.value.to_date), texts.dollars(headline.value.new)),
            (
                say("Organisations"),
                texts.number(headline.organisations.to_date),
                texts.number(headline.organisations.new),
            ),
            (say("Countries"), texts.number(headline.countries.to_date), texts.number(headline.countries.new)),
        ),
    )
    if report.unadmitted.pledges:
        yield Paragraph(
            texts.count(
                "Beside these, {n} pledge of {usd} waits for BDT's decision.",
                "Beside these, {n} pledges of {usd} wait for BDT's decision.",
                report.unadmitted.pledges,
                usd=texts.dollars(report.unadmitted.usd),
            )
        )
    yield _ladder_chart(report.closing.total.ladder, texts, font)
    yield _ladder_table(report, texts)
    yield Paragraph(
        say(
            "{pledges} of the pledges target at least one least developed country; {value} of the value is theirs.",
            pledges=_share(report.least_developed.pledges, texts),
            value=_money_share(report.least_developed.value, texts),
        )
    )
    yield Paragraph(
        say(
            "{pledges} of the pledges name women and girls among the beneficiaries; {value} of the value is theirs.",
            pledges=_share(report.women.pledges, texts),
            value=_money_share(report.women.value, texts),
        )
    )


def _ladder_chart(ladder: Ladder, texts: Texts, font: str) -> Picture:
    amounts = [(texts.say(name), getattr(ladder, rung)) for rung, name in _RUNG_NAMES.items()]
    drawn = bars([Bar(name, float(amount), texts.dollars(amount)) for name, amount in amounts], font=font)
    return Picture(caption=texts.say("The ladder of value at the end of the period, in US dollars"), svg=drawn)


def _ladder_table(report: ProgressReport, texts: Texts) -> Grid:
    opening, closing = report.opening.total.ladder, report.closing.total.ladder
    return Grid(
        caption=texts.say("The ladder of value: its rungs are never added up"),
        columns=("", texts.say("Opening"), texts.say("Change"), texts.say("Closing")),
        rows=tuple(
            (
                texts.say(_RUNG_NAMES[rung]),
                texts.dollars(getattr(opening, rung)),
                texts.dollars(getattr(closing - opening, rung)),
                texts.dollars(getattr(closing, rung)),
            )
            for rung in RUNGS
        ),
    )


def _burn_up(report: ProgressReport, texts: Texts, font: str) -> Iterator[Block]:
    say, burn_up = texts.say, report.burn_up
    yield Paragraph(
        say(
            "{share} of the goal of {goal} by {day} is pledged.",
            share=texts.percent(burn_up.reached.rate),
            goal=texts.dollars(burn_up.goal),
            day=texts.day(burn_up.goal_on),
        )
    )
    if not burn_up.points:
        return
    rungs = ("validated", "delivered", "verified")
    drawn = lines(
        [
            Line(
                say(_RUNG_NAMES[rung]),
                [(point.on, float(getattr(point, rung) / BILLION)) for point in burn_up.points],
            )
            for rung in rungs
        ],
        goal=float(burn_up.goal / BILLION),
        goal_label=say("Goal"),
        in_billions=say("billion US dollars"),
        font=font,
    )
    yield Picture(caption=say("Value on the rungs of the ladder at the end of each month"), svg=drawn)
    yearly = [p for p in burn_up.points if p.on.month == 12] + [burn_up.points[-1]]
    yield Grid(
        caption=say("The same at the end of each year and of the period"),
        columns=(say("Day"), *(say(_RUNG_NAMES[rung]) for rung in rungs)),
        rows=tuple(
            (texts.day(point.on), *(texts.dollars(getattr(point, rung)) for rung in rungs))
            for point in dict.fromkeys(yearly)
        ),
    )


def _movements(report: ProgressReport, texts: Texts) -> Iterator[Block]:
    opening, closing = report.opening.total, report.closing.total
    rows = [_balance(texts.say("Opening balance"), opening.pledges, opening.ladder, texts)]
    rows += [_balance(texts.say(_CAUSE_NAMES[Cause(m.cause)]), m.counted, m.change, texts) for m in report.movements]
    rows.append(_balance(texts.say("Closing balance"), closing.pledges, closing.ladder, texts))
    yield Grid(
        caption=texts.say("From the opening to the closing balance: every movement has one cause"),
        columns=("", texts.say("Pledges"), *(texts.say(name) for name in _RUNG_NAMES.values())),
        rows=rows,
    )


def _balance(name: str, pledges: int, ladder: Ladder, texts: Texts) -> tuple[str, ...]:
    return (name, texts.number(pledges), *(texts.dollars(getattr(ladder, rung)) for rung in RUNGS))


def _cut(cut: Cut, texts: Texts, font: str) -> Iterator[Block]:
    say = texts.say
    rows = [row for row in cut.rows if row.pledges or row.new_pledges]
    if cut.dimension in _CHARTED and rows:
        drawn = bars(
            [
                Bar(texts.key(cut.dimension, row.key), float(row.ladder.validated), texts.dollars(row.ladder.validated))
                for row in rows
            ],
            font=font,
        )
        yield Picture(caption=say("Validated value"), svg=drawn)
    named = [(texts.key(cut.dimension, row.key), row) for row in rows]
    yield Grid(
        caption=say("A pledge counts fully in each part it touches; in the whole it counts once."),
        columns=(
            "",
            say("Pledges"),
            say("New pledges"),
            say("Value"),
            say("New value"),
            say("Delivered"),
            say("Delivered in the period"),
        ),
        rows=[
            (
                name,
                texts.number(row.pledges),
                texts.number(row.new_pledges),
                texts.dollars(row.ladder.validated),
                texts.dollars(row.new_value),
                texts.dollars(row.ladder.delivered),
                texts.dollars(row.new_delivered),
            )
            for name, row in (*named, (say("Whole"), cut.whole))
        ],
    )


def _happenings(report: ProgressReport, texts: Texts) -> Iterator[Block]:
    say, changes = texts.say, report.changes
    lists = (
        (say("Fulfilled"), changes.fulfilled),
        (say("Scaled up"), changes.scaled_up),
        (say("Scaled down"), changes.scaled_down),
        (say("Withdrawn"), changes.withdrawn),
    )
    for name, listed in lists:
        if listed:
            yield _changes(name, listed, texts)
        else:
            yield Paragraph(say("{what}: none in the period.", what=name))
    yield Paragraph(texts.count("BDT declined {n} pledge.", "BDT declined {n} pledges.", changes.declined.pledges))


def _changes(name: str, listed: Sequence[Change], texts: Texts) -> Grid:
    say = texts.say
    return Grid(
        caption=name,
        columns=(say("Pledge"), say("Lead organisation"), say("Reason or statement"), say("Day"), say("US dollars")),
        rows=[
            (
                f"{change.reference} {change.title}",
                change.lead_name,
                change.reason or "",
                texts.day(change.on),
                texts.dollars(change.usd),
            )
            for change in listed
        ],
        numeric_from=4,
    )


def _responses(report: ProgressReport, texts: Texts) -> Iterator[Block]:
    say, responses = texts.say, report.responses
    yield Paragraph(
        say(
            "{share} of the pledges that stand were reported on in the period. A figure about those who answered is"
            " not one about all.",
            share=_share(responses.overall, texts),
        )
    )
    cuts = (
        (Dimension.SECTOR, responses.by_sector),
        (Dimension.FOCUS_AREA, responses.by_focus_area),
        (Dimension.TYPE, responses.by_type),
    )
    for dimension, found in cuts:
        yield _response_grid(dimension, found, texts)
    yield Grid(
        caption=say("How reporting stands at the end of the period"),
        columns=("", say("Pledges"), say("Of the pledges that stand")),
        rows=[
            (
                texts.label("reporting_health", bucket.health),
                texts.number(bucket.pledges.part),
                texts.percent(bucket.pledges.rate),
            )
            for bucket in report.reporting.buckets
        ],
    )
    yield Grid(
        caption=say("How pledgers see themselves, of the pledges reported on"),
        columns=("", say("Pledges"), say("Share")),
        rows=[
            (
                texts.label("self_assessment", a.self_assessment),
                texts.number(a.pledges.part),
                texts.percent(a.pledges.rate),
            )
            for a in report.self_assessments
        ],
    )


def _response_grid(dimension: Dimension, found: Sequence[Response], texts: Texts) -> Grid:
    say = texts.say
    return Grid(
        caption=say(_CUT_TITLES[dimension]),
        columns=("", say("Reported on"), say("Pledges"), say("Response rate")),
        rows=[
            (
                texts.key(dimension, response.key),
                texts.number(response.reported.part),
                texts.number(response.reported.whole),
                texts.percent(response.reported.rate),
            )
            for response in found
        ],
    )


def _debtors(report: ProgressReport, texts: Texts) -> Iterator[Block]:
    say = texts.say
    if not report.reporting.debtors:
        yield Paragraph(say("Nobody owes a report."))
        return
    yield Grid(
        caption=say("Organisations that owe a report at the end of the period, since when"),
        columns=(say("Organisation"), say("Pledge"), say("Reporting"), say("Since")),
        rows=[
            (
                debtor.lead_name,
                f"{owed.reference} {owed.title}",
                texts.label("reporting_health", owed.health),
                texts.day(owed.due_on),
            )
            for debtor in report.reporting.debtors
            for owed in debtor.obligations
        ],
        numeric_from=3,
    )


def _voices(voices: Sequence[Voice], texts: Texts) -> Iterator[Block]:
    for voice in voices:
        yield Quotation(
            heading=f"{voice.reference} {voice.title}",
            text=voice.text,
            source=texts.say(
                "{organisation}, {assessment}",
                organisation=voice.lead_name,
                assessment=texts.label("self_assessment", voice.self_assessment),
            ),
        )
    if not voices:
        yield Paragraph(texts.say("Nothing was reported."))


def _stories(report: ProgressReport, texts: Texts) -> Iterator[Block]:
    for story in report.good_practices:
        yield Quotation(
            heading=story.title, text=story.text, source=f"{story.lead_name}, {story.reference} {story.pledge_title}"
        )
    if not report.good_practices:
        yield Paragraph(texts.say("Nothing was reported."))


def _share(proportion: Proportion, texts: Texts) -> str:
    return texts.say(
        "{part} of {whole} ({percent})",
        part=texts.number(proportion.part),
        whole=texts.number(proportion.whole),
        percent=texts.percent(proportion.rate),
    )


def _money_share(proportion: Proportion, texts: Texts) -> str:
    return texts.say(
        "{part} of {whole} ({percent})",
        part=texts.dollars(Decimal(proportion.part)),
        whole=texts.dollars(Decimal(proportion.whole)),
        percent=texts.percent(proportion.rate),
    )
